"""Which function a request belongs to: the routes of the declaration, matched as an HTTP API matches them.

The most specific route wins: fixed segments over `{variables}`, those over a greedy `{proxy+}`, and of two
routes with the same path the one that names the method over `ANY`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from functions.declaration import Function, Route

_VARIABLE = re.compile(r"\{([A-Za-z0-9_.-]+)\}")
_GREEDY = re.compile(r"\{([A-Za-z0-9_.-]+)\+\}")


@dataclass(frozen=True)
class Match:
    """A route, the function it invokes and the values of the path's variables."""

    function: str
    route: Route
    path_parameters: Mapping[str, str]

    @property
    def route_key(self) -> str:
        return f"{self.route.method} {self.route.path}"


@dataclass(frozen=True)
class _Entry:
    function: str
    route: Route
    pattern: re.Pattern[str]
    rank: tuple[tuple[int, ...], bool]


class RouteTable:
    """The routes of `functions`, most specific first."""

    def __init__(self, functions: Iterable[Function]) -> None:
        entries = [
            _Entry(function.name, trigger, _pattern(trigger.path), _rank(trigger))
            for function in functions
            for trigger in function.triggers
            if isinstance(trigger, Route)
        ]
        self._entries = sorted(entries, key=lambda entry: entry.rank)

    def match(self, method: str, path: str) -> Match | None:
        """The route for `path`, which is percent-decoded."""
        for entry in self._entries:
            if entry.route.method in (method, "ANY") and (found := entry.pattern.fullmatch(path)):
                return Match(entry.function, entry.route, found.groupdict())
        return None


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _pattern(path: str) -> re.Pattern[str]:
    parts = []
    for segment in _segments(path):
        if greedy := _GREEDY.fullmatch(segment):
            parts.append(f"(?P<{greedy[1]}>.+)")
        elif variable := _VARIABLE.fullmatch(segment):
            parts.append(f"(?P<{variable[1]}>[^/]+)")
        else:
            parts.append(re.escape(segment))
    return re.compile("/" + "/".join(parts), re.DOTALL)


def _rank(route: Route) -> tuple[tuple[int, ...], bool]:
    """Sorts the more specific first."""
    kinds = (
        2 if _GREEDY.fullmatch(part) else 1 if _VARIABLE.fullmatch(part) else 0
        for part in _segments(route.path)
    )
    return tuple(kinds), route.method == "ANY"
