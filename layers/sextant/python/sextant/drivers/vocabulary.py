"""What a baseline knows: the names and years that a scenario on it may use. Small, and read without numpy or the lake.

It is kept with each baseline when that is uploaded. The built-in baseline's stands in `reference_vocabulary.json`, which
`python -m tools.docs reference_vocabulary` makes from the system.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

REFERENCE = "reference"
"""The name of the built-in baseline."""


@dataclass(frozen=True, slots=True)
class Technology:
    """What there is of a technology, and what a new unit of it is like; None where an old baseline does not tell."""

    units: int | None
    """How many units there are."""
    capacity_mw: float
    """MW of all its units, whatever the years in which they run."""
    fuel: str | None
    """Empty where it burns none."""
    renewable: bool | None
    """Whether it counts for an RPS."""
    storage: bool | None = None
    """Whether it stores energy."""


@dataclass(frozen=True, slots=True)
class UnitYears:
    """A unit's technology, and the years in which it runs: from `in_year` until before `out_year`."""

    technology: str
    """Its technology."""
    in_year: int
    """The first year in which it runs."""
    out_year: int | None
    """The first year in which it does not; null where it runs on."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names of a baseline. `units` and `build_mix` are None in one that was stored before they were kept."""

    name: str
    version: str
    years: tuple[int, int]
    """The first and the last."""
    fuels: tuple[str, ...]
    """In alphabetical order."""
    technologies: Mapping[str, Technology]
    """By name."""
    units: Mapping[str, UnitYears] | None
    """By name."""
    profiles: tuple[str, ...] | None
    """Names of hourly profiles."""
    build_mix: Mapping[str, float] | None
    """Technologies that an RPS builds, as shares."""
    chronological: bool | None = None
    """Whether its hours follow one another, a calendar or whole days, so that energy can be stored from one to the next."""
    hours: int | None = None
    """How many hours, or quarters of them, a year has."""
    weather_years: tuple[int, ...] = ()
    """Years of weather, of which a run takes one or all as an ensemble; none where there is but one weather."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Vocabulary:
        """From what `document()` gave."""
        units, profiles = document["units"], document["profiles"]
        return cls(
            name=document["name"],
            version=document["version"],
            years=(document["years"][0], document["years"][1]),
            fuels=tuple(document["fuels"]),
            technologies={name: Technology(**item) for name, item in document["technologies"].items()},
            units=None if units is None else {name: UnitYears(**item) for name, item in units.items()},
            profiles=None if profiles is None else tuple(profiles),
            build_mix=document["build_mix"],
            chronological=document.get("chronological"),
            hours=document.get("hours"),
            weather_years=tuple(document.get("weather_years") or ()),
        )


@cache
def reference_document() -> Mapping[str, Any]:
    """The built-in baseline's, as JSON; it is shared, and not to be changed."""
    document: dict[str, Any] = json.loads(Path(__file__).with_name("reference_vocabulary.json").read_text())
    return document


@cache
def reference_vocabulary() -> Vocabulary:
    """The built-in baseline's."""
    return Vocabulary.of(reference_document())
