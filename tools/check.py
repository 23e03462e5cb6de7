"""Everything a commit must pass, each check run to its end, with a line for each at the close.

A new check is one line in `CHECKS`. Exit status 1 when any failed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BIN = Path(sys.executable).parent

CHECKS: tuple[tuple[str, list[str]], ...] = (
    ("format", [str(_BIN / "ruff"), "format", "--check", "--quiet", "."]),
    ("lint", [str(_BIN / "ruff"), "check", "--quiet", "."]),
    ("types", [sys.executable, "-m", "mypy"]),
    ("import contracts", [str(_BIN / "lint-imports"), "--no-logo"]),
    ("tenant lint", [sys.executable, "tools/tenant_lint.py"]),
    ("OpenAPI drift", [sys.executable, "tools/openapi.py", "--check"]),
)


def main() -> int:
    wanted = sys.argv[1:]
    outcome: list[tuple[str, bool, float]] = []
    for name, command in CHECKS:
        if wanted and name not in wanted:
            continue
        print(f"── {name}", flush=True)
        began = time.monotonic()
        passed = subprocess.run(command, cwd=ROOT, check=False).returncode == 0
        outcome.append((name, passed, time.monotonic() - began))
    print("── summary")
    for name, passed, seconds in outcome:
        print(f"{'ok    ' if passed else 'FAILED'} {name} ({seconds:.1f} s)")
    return 0 if all(passed for _, passed, _ in outcome) else 1


if __name__ == "__main__":
    sys.exit(main())
