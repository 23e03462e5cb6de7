"""Run one benchmark by name, or all of them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

_NOT_BENCHMARKS = {"__init__", "__main__", "report"}


def names() -> list[str]:
    """Every module here that is a benchmark: it has a `main()`."""
    return sorted(
        path.stem
        for path in Path(__file__).parent.glob("*.py")
        if path.stem not in _NOT_BENCHMARKS and "\ndef main(" in path.read_text(encoding="utf-8")
    )


def run(chosen: list[str]) -> int:
    known = names()
    if unknown := [name for name in chosen if name not in known]:
        print(f"no benchmark {unknown[0]!r}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    for name in chosen or known:
        print(f"\n=== {name}")
        importlib.import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
