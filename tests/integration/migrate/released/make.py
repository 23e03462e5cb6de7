"""Writes `<name>.sql`, the dump of a database that a released commit made, from the repository's history.

    python tests/integration/migrate/released/make.py <commit> <name>

Once for each release, when it is made: what a release left in databases does not change afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]


def main(commit: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        subprocess.run(["git", "worktree", "add", "--detach", checkout, commit], cwd=ROOT, check=True)
        try:
            paths = [checkout, checkout / "layers" / "sextant" / "python"]
            subprocess.run(
                [sys.executable, HERE / "seed.py", HERE / f"{name}.sql"],
                cwd=checkout,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
                check=True,
            )
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", checkout], cwd=ROOT, check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
