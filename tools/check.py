"""Everything a commit must pass, each check run to its end, with a line for each at the close.

A new check is one line in `CHECKS`. Exit status 1 when any failed. A check that could not be made for a
reason outside the checkout ends with 75 itself, and is shown as undone: neither passed nor failed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BIN = Path(sys.executable).parent
_UNDONE = 75

CHECKS: tuple[tuple[str, list[str]], ...] = (
    ("format", [str(_BIN / "ruff"), "format", "--check", "--quiet", "."]),
    ("lint", [str(_BIN / "ruff"), "check", "--quiet", "."]),
    ("types", [sys.executable, "-m", "mypy"]),
    ("import contracts", [str(_BIN / "lint-imports"), "--no-logo"]),
    ("tenant lint", [sys.executable, "tools/tenant_lint.py"]),
    ("console", [sys.executable, "-m", "tools.console", "check"]),
    ("known vulnerabilities", [sys.executable, "tools/audit.py"]),
    ("OpenAPI document", [sys.executable, "-m", "tools.clients"]),
    ("AsyncAPI document", [sys.executable, "-m", "tools.asyncapi"]),
    ("generated documents", [sys.executable, "-m", "tools.docs", "--check"]),
)


def main() -> int:
    wanted = sys.argv[1:]
    outcome: list[tuple[str, int, float]] = []
    for name, command in CHECKS:
        if wanted and name not in wanted:
            continue
        print(f"── {name}", flush=True)
        began = time.monotonic()
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        outcome.append((name, status, time.monotonic() - began))
    print("── summary")
    for name, status, seconds in outcome:
        word = {0: "ok    ", _UNDONE: "UNDONE"}.get(status, "FAILED")
        print(f"{word} {name} ({seconds:.1f} s)")
    return 0 if all(status in (0, _UNDONE) for _, status, _ in outcome) else 1


if __name__ == "__main__":
    sys.exit(main())
