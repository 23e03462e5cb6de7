"""Hourly results: which there are, and how many rows a run's would have.

The API refuses too many with this estimate, and the engine before it computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sextant.drivers.references import Remark, horizon_of, walk
from sextant.drivers.vocabulary import Vocabulary

MOST_ROWS: Final = 5_000_000
"""Hourly rows of a run; of a sweep, all points together."""

METRICS: Final = (
    "price",
    "load",
    "unserved_energy",
    "generation",
    "unit_generation",
    "storage_level",
    "storage_charge",
    "storage_discharge",
)
"""What can be asked for, and what `true` asks for."""
_OF_STORAGES: Final = ("storage_level", "storage_charge", "storage_discharge")

Json = Mapping[str, Any]


def chosen_metrics(hourly: bool | str | None) -> tuple[str, ...]:  # noqa: FBT001 (a parameter's value)
    """The metrics that the run parameter `hourly` names, in the order of `METRICS`. Names it does not know are left out."""
    if not hourly:
        return ()
    if hourly is True:
        return METRICS
    names = {name.strip() for name in hourly.split(",")}
    return tuple(metric for metric in METRICS if metric in names)


def unknown_metrics(hourly: bool | str | None) -> list[str]:  # noqa: FBT001 (a parameter's value)
    """What the run parameter `hourly` names in vain."""
    names = [name.strip() for name in hourly.split(",")] if isinstance(hourly, str) else []
    return [name for name in names if name not in METRICS]


def hourly_faults(
    assumptions: Sequence[Json], points: Sequence[Json], vocabulary: Vocabulary
) -> list[Remark]:
    """Hours of an ensemble of weather years, and more hourly rows than a run may have; `points` are its parameters, at each point of a sweep.

    Of an old baseline, which does not tell how many hours it has, nothing is said.
    """
    if len(vocabulary.weather_years) > 1:
        for point in points:
            if chosen_metrics(point.get("hourly")) and point.get("weather_year") is None:
                years = ", ".join(map(str, vocabulary.weather_years))
                return [
                    Remark(
                        "parameters.weather_year",
                        "required",
                        f"must be given with hourly results, which are of one year of weather: {years}",
                    )
                ]
    sizes = [size for point in points if (size := _size(assumptions, point, vocabulary)) is not None]
    rows = sum(size.rows for size in sizes)
    if rows <= MOST_ROWS:
        return []
    largest = max(sizes, key=lambda size: size.rows)
    at_points = f" at {len(points):,} points" if len(points) > 1 else ""
    return [
        Remark(
            "parameters.hourly",
            "too_many",
            f"must be at most {MOST_ROWS:,} values; these are up to {rows:,} ({largest.years} years of {vocabulary.hours:,} hours, "
            f"{largest.series:,} series{at_points}). Fewer years or metrics are less: unit_generation has a series a unit, "
            "price one",
        )
    ]


class _Size(NamedTuple):
    years: int
    hours: int
    series: int

    @property
    def rows(self) -> int:
        return self.years * self.hours * self.series


def _size(assumptions: Sequence[Json], parameters: Json, vocabulary: Vocabulary) -> _Size | None:
    """How large hourly results are at most: what never stands has none. None where a baseline does not tell."""
    metrics = chosen_metrics(parameters.get("hourly"))
    if not metrics or vocabulary.hours is None or vocabulary.units is None:
        return None
    added = [placed.payload for placed in walk(assumptions) if placed.payload.get("action") == "ADD"]
    technologies = {*vocabulary.technologies, *(payload["technology"] for payload in added)}
    storing = {name for name, technology in vocabulary.technologies.items() if technology.storage}
    storages = sum(unit.technology in storing for unit in vocabulary.units.values())
    storages += sum(
        payload.get("storage") is not None or payload["technology"] in storing for payload in added
    )
    series = {
        **dict.fromkeys(_OF_STORAGES, storages),
        "generation": len(technologies),
        # What an RPS builds is one unit of each technology.
        "unit_generation": len(vocabulary.units) + len(added) + len(technologies),
    }
    first, last = horizon_of(parameters, vocabulary)
    return _Size(last - first + 1, vocabulary.hours, sum(series.get(metric, 1) for metric in metrics))
