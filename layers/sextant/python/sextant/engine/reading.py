"""Reading JSON objects field by field, each with its type, range and place for the error message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sextant.engine.errors import ModelInputError

E = TypeVar("E", bound=StrEnum)

FIRST_YEAR, LAST_YEAR = 1900, 2200
MISSING: Any = object()


@dataclass(frozen=True)
class Years:
    """Inclusive span of years; None is the horizon's end on that side."""

    start: int | None = None
    end: int | None = None


class Reader:
    """One JSON object; `finish` refuses whatever field was not read."""

    def __init__(self, item: Any, path: str) -> None:
        if not isinstance(item, Mapping):
            raise ModelInputError(path, "an object")
        # A null is the absence of the field: clients that serialise optional fields send them so.
        self._item = {key: value for key, value in item.items() if value is not None}
        self._read: set[str] = set()
        self.path = path

    def at(self, name: str) -> str:
        return f"{self.path}.{name}"

    def has(self, name: str) -> bool:
        return name in self._item

    def names(self) -> list[str]:
        """The fields that are given."""
        return [str(name) for name in self._item]

    def finish(self) -> None:
        for name in self._item:
            if name not in self._read:
                raise ModelInputError(self.at(str(name)), "not a field here")

    def _get(self, name: str, *, required: bool) -> Any:
        self._read.add(name)
        if name not in self._item:
            if required:
                raise ModelInputError(self.at(name), "required")
            return MISSING
        return self._item[name]

    def number(
        self, name: str, least: float, most: float, *, default: float | None = None, above: bool = False
    ) -> float:
        value = self._get(name, required=default is None)
        if value is MISSING:
            assert default is not None
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ModelInputError(self.at(name), "a finite number")
        if value > most or value < least or (above and value <= least):
            rule = f"> {least:g} and <= {most:g}" if above else f"between {least:g} and {most:g}"
            raise ModelInputError(self.at(name), rule)
        return float(value)

    def optional_number(self, name: str, least: float, most: float, *, above: bool = False) -> float | None:
        self._read.add(name)
        return self.number(name, least, most, above=above) if self.has(name) else None

    def integer(self, name: str, least: int, most: int, *, default: int | None = None) -> int:
        value = self._get(name, required=default is None)
        if value is MISSING:
            assert default is not None
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise ModelInputError(self.at(name), "a whole number")
        if not least <= value <= most:
            raise ModelInputError(self.at(name), f"between {least} and {most}")
        return int(value)

    def optional_integer(self, name: str, least: int, most: int) -> int | None:
        self._read.add(name)
        return self.integer(name, least, most) if self.has(name) else None

    def year(self, name: str, *, required: bool) -> int:
        return self.integer(name, FIRST_YEAR, LAST_YEAR, default=None if required else FIRST_YEAR)

    def optional_year(self, name: str) -> int | None:
        return self.optional_integer(name, FIRST_YEAR, LAST_YEAR)

    def years(self, *, start_required: bool = False) -> Years:
        start = self.year("start_year", required=True) if start_required else self.optional_year("start_year")
        end = self.optional_year("end_year")
        if start is not None and end is not None and end < start:
            raise ModelInputError(self.at("end_year"), "not before start_year")
        return Years(start, end)

    def text(self, name: str, *, required: bool) -> str:
        value = self._get(name, required=required)
        if not isinstance(value, str) or not 1 <= len(value) <= 64:
            raise ModelInputError(self.at(name), "text of 1–64 characters")
        return value

    def optional_text(self, name: str) -> str | None:
        self._read.add(name)
        return self.text(name, required=True) if self.has(name) else None

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._get(name, required=False)
        if value is MISSING:
            return default
        if not isinstance(value, bool):
            raise ModelInputError(self.at(name), "true or false")
        return value

    def choice(self, name: str, kind: type[E], *, required: bool = False, default: E | None = None) -> E:
        value = self._get(name, required=required or default is None)
        if value is MISSING:
            assert default is not None
            return default
        for member in kind:
            if isinstance(value, str) and value.lower() == member.value.lower():
                return member
        raise ModelInputError(self.at(name), "one of " + ", ".join(member.value for member in kind))

    def child(self, name: str, *, required: bool) -> Reader:
        return Reader(self._get(name, required=required), self.at(name))

    def children(self, name: str, least: int, most: int) -> list[Reader]:
        value = self._get(name, required=least > 0)
        if value is MISSING:
            return []
        if not isinstance(value, list | tuple) or not least <= len(value) <= most:
            raise ModelInputError(self.at(name), f"a list of {least}–{most} entries")
        return [Reader(item, f"{self.at(name)}[{index}]") for index, item in enumerate(value)]

    def shares(self, name: str, most: int) -> Mapping[str, float] | None:
        """An object of name → positive share, normalised to sum to 1."""
        self._read.add(name)
        if not self.has(name):
            return None
        inner = self.child(name, required=True)
        names = sorted(inner.names())
        if not 1 <= len(names) <= most:
            raise ModelInputError(inner.path, f"1–{most} entries")
        found = {name: inner.number(name, 0.0, 1e12, above=True) for name in names}
        total = sum(found.values())
        return {key: value / total for key, value in found.items()}

    def monthly(self) -> tuple[float, ...]:
        """A seasonal shape: `amplitude` with `peak_month`, or twelve `monthly` deviations."""
        if self.has("monthly"):
            values = self._get("monthly", required=True)
            if not isinstance(values, list | tuple) or len(values) != 12:
                raise ModelInputError(self.at("monthly"), "12 numbers")
            wrapped = Reader({str(month): value for month, value in enumerate(values)}, self.at("monthly"))
            return tuple(wrapped.number(str(month), -1.0, 10.0) for month in range(12))
        amplitude = self.number("amplitude", 0.0, 1.0)
        peak = self.integer("peak_month", 1, 12)
        return tuple(amplitude * math.cos(2 * math.pi * (month - peak) / 12) for month in range(1, 13))
