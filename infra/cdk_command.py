"""The CDK's own command line, pinned by a lock file and installed once into `.tools/cdk`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.bundling import ROOT
from tools import node as nodes

_SOURCE = Path(__file__).with_name("cdk_cli")
_INSTALLED = ROOT / ".tools" / "cdk"


class CdkError(RuntimeError):
    """A command of the CDK failed."""


def run(
    arguments: Sequence[str], environment: Mapping[str, str], *, log: Path, directory: Path = ROOT
) -> str:
    """Run `cdk <arguments>` in `directory` with `environment` alone, its output in `log`.

    Returns what it printed. Raises `CdkError` with the end of it when the command failed.
    """
    node, _ = nodes.node_and_npm()
    entry = installed()
    with log.open("ab+") as output:
        began = output.tell()
        done = subprocess.run(
            [str(node), str(entry), *arguments],
            cwd=directory,
            env={
                **environment,
                "JSII_NODE": str(node),
                "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output.seek(began)
        printed = output.read().decode(errors="replace")
    if done.returncode:
        raise CdkError(f"cdk {' '.join(arguments[:2])} failed; its log is {log}\n" + printed[-4000:])
    return printed


def installed() -> Path:
    """The command's script, installed from the lock where it is missing or another version. Raises `NodeError`."""
    _INSTALLED.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", nodes.LOCK):
        shutil.copy2(_SOURCE / name, _INSTALLED / name)
    nodes.install(_INSTALLED)
    return _INSTALLED / "node_modules" / "aws-cdk" / "bin" / "cdk"
