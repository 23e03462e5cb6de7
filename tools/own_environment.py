"""Environments beside the project's own, for what would hold its pins back or weighs too much to be in it.

Each lies in a folder of `.tools`, is made on first use from its locked requirements, and again when they change.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def python_of(name: str, lock: Path) -> Path:
    """The interpreter of the environment `name`, holding exactly what `lock` names with its hashes."""
    home = ROOT / ".tools" / name
    python, stamp = home / "bin" / "python", home / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        print(f"setting up .tools/{name} from {lock.relative_to(ROOT)}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        install = ["install", "--quiet", "--require-hashes", "-r", str(lock)]
        subprocess.run([str(python), "-m", "pip", *install], check=True, stdout=sys.stderr)
        stamp.write_bytes(lock.read_bytes())
    return python
