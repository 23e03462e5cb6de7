"""`python -m tools.docs [name …]`: writes the documents that are made from the code; `--check` says which have drifted.

A generator is a module of this package with `files()`: path → text. A new one is one line in `GENERATORS`.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATORS = (
    "reference_vocabulary",
    "models",
    "openapi",
    "asyncapi",
    "client",
    "dbt_sources",
    "command_line",
    "notebook",
    "deployment_settings",
    "model_tables",
    "performance",
    "permissions",
    "schema",
)
# They need a migrated database: tests/infra/test_security.py and tests/integration/migrate/test_drift.py have one.
CHECKED_ELSEWHERE = {"permissions", "schema"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("names", nargs="*", help="generators to run; all unless named")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 where one has drifted"
    )
    options = parser.parse_args()
    left_out = CHECKED_ELSEWHERE if options.check else set()
    drifted = False
    for name in options.names or [name for name in GENERATORS if name not in left_out]:
        files: Callable[[], Mapping[Path, str]] = import_module(f"tools.docs.{name}").files
        for path, text in files().items():
            if not options.check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            elif _drift(path, text, name):
                drifted = True
    return int(drifted)


def _drift(path: Path, text: str, name: str) -> bool:
    """Whether the file differs from what the code says; prints the beginning of the difference."""
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    if written == text:
        return False
    print(f"{path.relative_to(ROOT)} is not what the code says; run: python -m tools.docs {name}")
    changes = difflib.unified_diff(
        written.splitlines(), text.splitlines(), "written", "code", lineterm="", n=1
    )
    print("\n".join(line[:200] for line in list(changes)[:40]))
    return True


if __name__ == "__main__":
    sys.exit(main())
