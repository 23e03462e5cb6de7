"""What is different between two JSON values, and nothing else."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sextant.canonical import canonical


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where two documents differ: `before` is None where something was added, `after` where removed.

    Of something MOVED, which is a driver or another item of a list, both are its places in the two lists.
    """

    path: str
    change: Literal["ADDED", "REMOVED", "CHANGED", "MOVED"]
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Where `after` differs from `before`, in the order of the paths.

    The items of lists are followed and not counted: an item that stands elsewhere is compared with itself. A path
    names an item by its place in `after`, or in `before` where it was removed.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            inner = f"{path}.{name}" if path else name
            if name not in before:
                yield Difference(inner, "ADDED", None, after[name])
            elif name not in after:
                yield Difference(inner, "REMOVED", before[name], None)
            else:
                yield from differences(before[name], after[name], inner)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, path)
    elif before != after or type(before) is not type(after):
        yield Difference(path, "CHANGED", before, after)


def _of_lists(before: list[Any], after: list[Any], path: str) -> Iterator[Difference]:
    origins = _origins(before, after)
    moved = _out_of_order(origins)
    for place, item in enumerate(after):
        origin = origins.get(place)
        here = f"{path}[{place}]"
        if origin is None:
            yield Difference(here, "ADDED", None, item)
            continue
        if place in moved:
            yield Difference(here, "MOVED", origin, place)
        yield from differences(before[origin], item, here)
    kept = set(origins.values())
    for place, item in enumerate(before):
        if place not in kept:
            yield Difference(f"{path}[{place}]", "REMOVED", item, None)


def _origins(before: list[Any], after: list[Any]) -> dict[int, int]:
    """By the place of an item in `after`, its place in `before`; items that are new are left out."""
    places: defaultdict[str, deque[int]] = defaultdict(deque)
    for place, item in enumerate(before):
        places[canonical(item)].append(place)
    origins: dict[int, int] = {}
    for place, item in enumerate(after):
        same = places.get(canonical(item))
        if same:
            origins[place] = same.popleft()
    left = {place for remaining in places.values() for place in remaining}
    alike = sorted(
        (-likeness, abs(old - place), place, old)
        for place in range(len(after))
        if place not in origins
        for old in left
        if (likeness := _likeness(before[old], after[place], in_place=old == place))
    )
    for _, _, place, old in alike:
        if place not in origins and old in left:
            origins[place] = old
            left.remove(old)
    return dict(sorted(origins.items()))


def _likeness(before: Any, after: Any, *, in_place: bool) -> int:
    """How much two items that differ have in common; 0 where one is not a changed form of the other.

    A driver stays a driver of its type, and of other objects something must be the same. What is no object changes
    in its place or not at all.
    """
    if not isinstance(before, dict) or not isinstance(after, dict):
        return int(in_place)
    if before.get("driver_type") != after.get("driver_type"):
        return 0
    return sum(_leaves_in_common(before, after))


def _leaves_in_common(before: dict[str, Any], after: dict[str, Any]) -> Iterator[int]:
    for name in before.keys() & after.keys():
        if isinstance(before[name], dict) and isinstance(after[name], dict):
            yield from _leaves_in_common(before[name], after[name])
        elif before[name] == after[name]:
            yield 1


def _out_of_order(origins: dict[int, int]) -> set[int]:
    """The fewest items that must have moved for the others to stand in the order in which they stood."""
    places = list(origins)
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, place in enumerate(places):
        length = bisect_left(tails, origins[place])
        tails[length:] = [origins[place], *tails[length + 1 :]]
        ends[length:] = [index, *ends[length + 1 :]]
        previous.append(ends[length - 1] if length else -1)
    stay = set()
    index = ends[-1] if ends else -1
    while index >= 0:
        stay.add(places[index])
        index = previous[index]
    return {place for place in places if place not in stay}
