"""What a scenario says against what its baseline has: names and years that are not there, and drivers that never act.

It reads assumptions as they are stored, JSON that the contract has checked, so that who only asks for a run builds no
validator. The API refuses with it before a run, the engine before it computes; `scenario_fits` in the database lets pass,
in one statement, what surely has no fault here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sextant.drivers.vocabulary import Vocabulary

Json = Mapping[str, Any]
_LISTED = 20
COSTS = ("variable_cost", "fixed_cost", "capex", "life_years")
"""What a unit of a technology that the baseline lacks must say itself."""


class Remark(NamedTuple):
    """A fault, or a warning: the field, the rule's name, and in words what there is."""

    path: str
    rule: str
    message: str


@dataclass(frozen=True)
class Placed:
    """A driver and where its payload stands, such as `assumptions[2].payload.then[0].payload`."""

    path: str
    driver_type: str
    payload: Json

    def lists(self) -> Iterator[tuple[str, Sequence[Json]]]:
        """The lists of drivers inside this one, by path."""
        names = {"composite": ("components",), "conditional": ("then", "otherwise")}.get(self.driver_type, ())
        for name in names:
            yield f"{self.path}.{name}", self.payload.get(name) or ()

    def blocks(self) -> Iterator[tuple[str, Json]]:
        """The blocks of conditions of this driver, by path."""
        if self.driver_type == "conditional":
            yield self.path, self.payload
        for index, component in enumerate(self.payload.get("components") or ()):
            if component.get("when"):
                yield f"{self.path}.components[{index}].when", component["when"]


def walk(assumptions: Sequence[Json], path: str = "assumptions") -> Iterator[Placed]:
    """Every driver, those inside others behind them."""
    for index, assumption in enumerate(assumptions):
        placed = Placed(f"{path}[{index}].payload", assumption["driver_type"], assumption["payload"])
        yield placed
        for inner, held in placed.lists():
            yield from walk(held, inner)


def faults(assumptions: Sequence[Json], vocabulary: Vocabulary) -> list[Remark]:
    """What the baseline cannot answer: each with the nearest names that it has."""
    placed = list(walk(assumptions))
    return list(_Names(vocabulary, placed).faults(placed))


def year_faults(parameters: Json, vocabulary: Vocabulary) -> list[Remark]:
    """Years of the parameters that lie outside the baseline's."""
    first, last = vocabulary.years
    weather = parameters.get("weather_year")
    unknown = []
    if weather is not None and weather not in vocabulary.weather_years:
        has = ", ".join(map(str, vocabulary.weather_years)) or "none: its weather is one"
        unknown.append(
            Remark(
                "parameters.weather_year",
                "exists",
                f"must be a weather year of the baseline {vocabulary.name}, which has {has}; not {weather}",
            )
        )
    return unknown + [
        Remark(
            f"parameters.{name}",
            "known_year",
            f"must lie between {first} and {last}, the years of the baseline {vocabulary.name}, not {year}",
        )
        for name in ("start_year", "end_year")
        if (year := parameters.get(name)) is not None and not first <= year <= last
    ]


def horizon_of(parameters: Json, vocabulary: Vocabulary) -> tuple[int, int]:
    """The first and the last year that a run with the parameters computes."""
    first, last = vocabulary.years
    start, end = parameters.get("start_year"), parameters.get("end_year")
    return first if start is None else start, last if end is None else end


def warnings(assumptions: Sequence[Json], horizon: tuple[int, int], vocabulary: Vocabulary) -> list[Remark]:
    """The drivers that act in no year of the horizon, which leave every number as it is, and technologies that are new."""
    placed = list(walk(assumptions))
    idle = [
        Remark(path, "never_acts", f"acts in no year from {horizon[0]} to {horizon[1]}: {why}")
        for driver in placed
        for path, why in _idle(driver, *horizon, vocabulary)
    ]
    return idle + [
        Remark(
            f"{driver.path}.technology",
            "new_technology",
            f"the baseline {vocabulary.name} has no technology {driver.payload['technology']!r}: it is added",
        )
        for driver in placed
        if driver.driver_type == "fleet_change" and _is_new(driver.payload, vocabulary)
    ]


def _is_new(payload: Json, vocabulary: Vocabulary) -> bool:
    """Whether a unit is added of a technology that the baseline lacks, and it is no storage."""
    added = payload["action"] == "ADD" and payload.get("storage") is None
    return added and payload["technology"] not in vocabulary.technologies


class _Names:
    """The names that a scenario may use: the baseline's, and those of the units that it adds itself."""

    def __init__(self, vocabulary: Vocabulary, placed: Sequence[Placed]) -> None:
        self._has = vocabulary
        added = [
            p.payload for p in placed if p.driver_type == "fleet_change" and p.payload["action"] == "ADD"
        ]
        self._technologies = {*vocabulary.technologies, *(payload["technology"] for payload in added)}
        self._added_technologies = {payload["technology"] for payload in added}
        self._added_units = {
            payload.get("unit") or f"{payload['technology']} {payload['year']}" for payload in added
        }

    def faults(self, placed: Sequence[Placed]) -> Iterator[Remark]:
        for driver in placed:
            payload, path = driver.payload, driver.path
            if driver.driver_type == "fleet_change":
                yield from (self._addition if payload["action"] == "ADD" else self._retirement)(payload, path)
            elif driver.driver_type == "policy":
                yield from self._policy(payload, path)
            else:
                yield from self._fuel_and_technology(payload, path)
            for block, conditions in driver.blocks():
                for index, condition in enumerate(conditions["conditions"]):
                    yield from self._fuel_and_technology(condition, f"{block}.conditions[{index}]")

    def _fuel_and_technology(self, payload: Json, path: str) -> Iterator[Remark]:
        yield from self._known("fuel", payload.get("fuel"), self._has.fuels, path)
        yield from self._known("technology", payload.get("technology"), self._technologies, path)

    def _addition(self, payload: Json, path: str) -> Iterator[Remark]:
        technology, unit, storage = payload["technology"], payload.get("unit"), payload.get("storage")
        if storage is not None:
            yield from self._storage(storage, technology, path)
        elif _is_new(payload, self._has):
            yield from self._new_technology(payload, path)
        yield from self._known("fuel", payload.get("fuel"), self._has.fuels, path)
        if self._has.profiles is not None:
            yield from self._known("profile", payload.get("profile"), self._has.profiles, path)
        if unit is not None and unit in (self._has.units or ()):
            yield Remark(f"{path}.unit", "unique", f"must be a new name: the baseline has a unit {unit!r}")
        template = self._has.technologies.get(technology)
        burns = payload.get("fuel") or (template is not None and template.fuel != "")
        if payload.get("heat_rate") and not burns:
            yield Remark(
                f"{path}.heat_rate", "not_applicable", f"must not be given: {technology} burns no fuel"
            )

    def _new_technology(self, payload: Json, path: str) -> Iterator[Remark]:
        missing = [name for name in COSTS if payload.get(name) is None]
        if missing:
            for remark in self._known("technology", payload["technology"], self._has.technologies, path):
                yield remark._replace(message=f"{remark.message}. For a new one give {', '.join(missing)}")

    def _storage(self, storage: Json, technology: str, path: str) -> Iterator[Remark]:
        template = self._has.technologies.get(technology)
        if template is not None and template.storage is False:
            rule = f"must not be given: {technology} is no storage in the baseline {self._has.name}"
            yield Remark(f"{path}.storage", "not_applicable", rule)
        if self._has.profiles is not None:
            yield from self._known(
                "storage.inflow", storage.get("inflow"), self._has.profiles, path, "profile"
            )
        if self._has.chronological is False:
            yield Remark(
                f"{path}.storage",
                "chronology",
                f"needs hours that follow one another: the baseline {self._has.name} is neither a calendar nor "
                "days of 24 hours of one weight",
            )

    def _retirement(self, payload: Json, path: str) -> Iterator[Remark]:
        standing = {name for name, item in self._has.technologies.items() if item.units != 0}
        yield from self._known(
            "technology", payload.get("technology"), standing | self._added_technologies, path
        )
        if self._has.units is not None:
            yield from self._known("unit", payload.get("unit"), {*self._has.units, *self._added_units}, path)

    def _policy(self, payload: Json, path: str) -> Iterator[Remark]:
        mix = payload.get("build_mix")
        if payload["policy_name"] != "RPS":
            return
        if mix is None and self._has.build_mix is not None and not self._has.build_mix:
            yield Remark(
                f"{path}.build_mix",
                "required",
                f"must be given: the baseline {self._has.name} names no build mix",
            )
        renewable = {name for name, item in self._has.technologies.items() if item.renewable is not False}
        for technology in mix or ():
            yield from self._known(
                f"build_mix.{technology}", technology, renewable, path, "renewable technology"
            )

    def _known(
        self, field: str, name: str | None, names: Collection[str], path: str, kind: str | None = None
    ) -> Iterator[Remark]:
        if name is not None and name not in names:
            yield Remark(f"{path}.{field}", "exists", no_such(kind or field, name, names, self._has.name))


def no_such(kind: str, name: str, names: Collection[str], baseline: str) -> str:
    """In words that there is none of the name, which ones are near, and what there is."""
    listed = sorted(names)
    near = nearest(name, listed)
    question = f"; did you mean {' or '.join(near)}?" if near else "."
    shown = near if near and len(listed) > _LISTED else listed[:_LISTED]
    rest = f" and {len(listed) - len(shown)} more" if len(shown) < len(listed) else ""
    has = f"It has {', '.join(shown)}{rest}" if shown else "It has none"
    return f"there is no {kind} {name!r} in the baseline {baseline}{question} {has}"


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """Up to three of `names` that are spelled like `name`, whatever the case; the likest first."""
    from difflib import get_close_matches  # only who erred pays for it

    by_case = {known.casefold(): known for known in names}
    return [by_case[match] for match in get_close_matches(name.casefold(), by_case, n=3, cutoff=0.6)]


def _idle(driver: Placed, first: int, last: int, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    payload, path = driver.payload, driver.path
    if driver.driver_type == "fleet_change":
        yield from _idle_fleet_change(payload, path, first, last, vocabulary)
    else:
        start, end = payload.get("start_year"), payload.get("end_year")
        if start is not None and start > last:
            yield f"{path}.start_year", f"it begins in {start}"
        # Growth before the horizon raises the load in it.
        elif end is not None and end < first and driver.driver_type != "load_growth":
            yield f"{path}.end_year", f"it ends in {end}"
    for block, conditions in driver.blocks():
        if not any(_may_hold(conditions, year) for year in range(first, last + 1)):
            yield f"{block}.conditions", "its conditions on the year never hold"


def _idle_fleet_change(
    payload: Json, path: str, first: int, last: int, vocabulary: Vocabulary
) -> Iterator[tuple[str, str]]:
    year, out_year = payload["year"], payload.get("out_year")
    if year > last:
        yield f"{path}.year", f"its year is {year}"
    elif out_year is not None and out_year <= first:
        yield f"{path}.out_year", f"the unit is gone in {out_year}"
    elif payload["action"] == "RETIRE" and (unit := (vocabulary.units or {}).get(payload.get("unit", ""))):
        if unit.out_year is not None and unit.out_year <= max(year, first):
            yield f"{path}.unit", f"the unit is gone in {unit.out_year} without it"
        elif unit.in_year > last:
            yield f"{path}.unit", f"the unit enters in {unit.in_year}"


def _may_hold(block: Json, year: int) -> bool:
    """Whether a block may hold in the year, as far as its conditions on the year tell."""
    judged = [_judge(item, year) if item["metric"] == "YEAR" else True for item in block["conditions"]]
    return (all if block["logic"] == "ALL" else any)(judged)


def _judge(condition: Json, year: int) -> bool:
    value: float = condition["value"]
    operator: str = condition["operator"]
    equal = abs(year - value) <= 1e-9 * abs(value) + 1e-12
    return {
        "GT": year > value,
        "GE": year >= value,
        "LT": year < value,
        "LE": year <= value,
        "EQ": equal,
        "NE": not equal,
    }[operator]
