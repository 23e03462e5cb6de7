"""Builds the library that solves storages, with a compiler that comes from PyPI: for any processor of Lambda, on any machine.

`python -m tools.native` builds that of this machine beside its source, unless it is there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sextant.engine.storage.native import SOURCE, library_path
from tools.environment import ROOT, python_of

PACKAGE = ROOT / "layers" / "sextant" / "python"
# Lambda's names of processors, and the compiler's; the C library is the oldest of Lambda's runtimes.
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_GLIBC = "2.28"
# No fused multiply-add: it rounds once where Python rounds twice.
_FLAGS = ("-O2", "-ffp-contract=off", "-shared", "-fPIC", "-s")


class NotBuiltError(RuntimeError):
    """The library could not be built; the message is the compiler's."""


def inputs(root: Path) -> list[Path]:
    """What the library is made from beside the package: the compiler's lock, and how it is called."""
    return [root / "tools" / "native.txt", root / "tools" / "native.py"]


def source_in(package: Path) -> Path:
    """Where the source lies in a copy of the package."""
    return package / SOURCE.relative_to(PACKAGE)


def build(architecture: str | None, package: Path = PACKAGE) -> Path:
    """Build into a copy of the package the library for Lambda's architecture, or for this machine where it is None."""
    source = source_in(package)
    machine = _MACHINES[architecture] if architecture else ""
    library = library_path(machine, source.parent, "linux" if architecture else sys.platform)
    target = ("-target", f"{machine}-linux-gnu.{_GLIBC}") if architecture else ()
    compiler = python_of("ziglang", ROOT / "tools" / "native.txt")
    made = library.with_suffix(".part")
    command = [compiler, "-m", "ziglang", "cc", *target, *_FLAGS, "-o", made, source, "-lm"]
    done = subprocess.run([*map(str, command)], check=False, capture_output=True, text=True)
    if done.returncode:
        raise NotBuiltError(f"{source.name} could not be compiled:\n{done.stderr}")
    made.replace(library)
    return library


if __name__ == "__main__" and not library_path().exists():
    build(None)
