"""Run one campaign by name, or all of them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def names() -> list[str]:
    """Every module here that is a campaign: it has a `main()`."""
    return sorted(
        path.stem
        for path in Path(__file__).parent.glob("*.py")
        if not path.stem.startswith("_") and "\ndef main(" in path.read_text(encoding="utf-8")
    )


def run(chosen: list[str]) -> int:
    known = names()
    if unknown := [name for name in chosen if name not in known]:
        sys.stderr.write(f"no campaign {unknown[0]!r}; there are {', '.join(known)}\n")
        return 2
    worst = 0
    for name in chosen or known:
        sys.stdout.write(f"\n=== {name}\n")
        worst = max(worst, importlib.import_module(f"tests.chaos.{name}").main() or 0)
    return worst


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
