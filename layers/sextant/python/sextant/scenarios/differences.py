"""What is different between two JSON values, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where two documents differ: `before` is None where something was added, `after` where removed."""

    path: str
    change: Literal["ADDED", "REMOVED", "CHANGED"]
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Where `after` differs from `before`, in the order of the paths; lists are compared item by item."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            inner = f"{path}.{name}" if path else name
            yield from _beside(before, after, name, inner)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            yield from _beside(dict(enumerate(before)), dict(enumerate(after)), index, f"{path}[{index}]")
    elif before != after or type(before) is not type(after):
        yield Difference(path, "CHANGED", before, after)


def _beside(before: dict[Any, Any], after: dict[Any, Any], key: Any, path: str) -> Iterator[Difference]:
    if key not in before:
        yield Difference(path, "ADDED", None, after[key])
    elif key not in after:
        yield Difference(path, "REMOVED", before[key], None)
    else:
        yield from differences(before[key], after[key], path)
