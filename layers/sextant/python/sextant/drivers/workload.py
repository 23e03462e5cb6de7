"""About how long a run takes, by its size alone: what divides it among workers, and refuses it where it cannot end in time.

It reads assumptions as they are stored, and needs no numpy: the API estimates with it before a run is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sextant.drivers.parameters import BuiltInParameters
from sextant.drivers.references import horizon_of, walk
from sextant.drivers.vocabulary import Vocabulary

Json = Mapping[str, Any]

PER_HOUR, PER_UNIT_HOUR = 250e-9, 2.5e-9
"""Seconds on the machine of docs/performance.md to clear an hour, and more for each unit in it."""
PER_STORAGE_HOUR = 3e-6
"""More for one storage, compiled."""
PER_HOUR_TOGETHER, PER_HOUR_CUBED = 40e-6, 1.5e-6
"""More for each of several storages that work together, and for the third power of their number."""
PER_HOUR_WITH_STANDARD, PER_UNIT_HOUR_WITH_STANDARD = 120e-6, 0.3e-6
"""More where storages and a standard's build are solved together, and for each unit."""
STANDARD = 3.0
"""A renewable portfolio standard takes so many times as long."""
RESULTS = frozenset({"PRICE", "RENEWABLE_SHARE", "EMISSIONS", "UNSERVED_ENERGY"})
"""The metrics of conditions that ask for a dispatch."""
ATTRIBUTION_SECONDS = 10.0
"""So long the attribution may take at least, by the estimate, unless the run says how many coalitions to evaluate."""
MOST_EVALUATIONS = 256
"""Coalitions beyond which an attribution that was not asked to be surer evaluates no more."""
LEAST_EVALUATIONS = 16
"""So many coalitions are evaluated whatever can be afforded."""
_SIZES = ("draws", "attribution", "attribution_evaluations", "shock_bp")


def seconds_of_evaluation(
    assumptions: Sequence[Json], years: int, hours: int, units: int, storages: int
) -> float:
    """About how long the market takes to clear once over all years, dispatches for conditions on results included."""
    dispatches = 1
    standard = False
    for placed in walk(assumptions):
        dispatches += sum(
            any(condition["metric"] in RESULTS for condition in block["conditions"])
            for _, block in placed.blocks()
        )
        standard = standard or placed.payload.get("policy_name") == "RPS"
    hourly = PER_HOUR + PER_UNIT_HOUR * units + PER_STORAGE_HOUR * storages
    if storages and standard:
        hourly += PER_HOUR_WITH_STANDARD + PER_UNIT_HOUR_WITH_STANDARD * units
    if storages > 1:
        hourly += PER_HOUR_TOGETHER * storages + PER_HOUR_CUBED * storages**3
    return years * hours * hourly * dispatches * (STANDARD if standard else 1.0)


def affordable_coalitions(chosen: int | None, seconds: float, draws: float) -> int:
    """How many coalitions an attribution may evaluate: as many as are chosen, or as take no longer than the run or a few seconds."""
    if chosen is not None:
        return chosen
    return min(MOST_EVALUATIONS, int(max(seconds * draws, ATTRIBUTION_SECONDS) / seconds))


def is_random(assumptions: Sequence[Json]) -> bool:
    """Whether anything in them is drawn."""
    return any(
        placed.driver_type == "stochastic" or placed.payload.get("irregular") for placed in walk(assumptions)
    )


def seconds_of_run(assumptions: Sequence[Json], parameters: Json, vocabulary: Vocabulary) -> float | None:
    """About how long one worker would take for it, were it to compute it alone; None where the baseline does not say its hours."""
    if vocabulary.hours is None:
        return None
    first, last = horizon_of(parameters, vocabulary)
    kinds = vocabulary.technologies.values()
    added = [
        placed.payload
        for placed in walk(assumptions)
        if placed.driver_type == "fleet_change" and placed.payload["action"] == "ADD"
    ]
    seconds = seconds_of_evaluation(
        assumptions,
        last - first + 1,
        vocabulary.hours,
        sum(kind.units or 0 for kind in kinds) + len(added),
        sum(kind.units or 0 for kind in kinds if kind.storage)
        + sum(payload.get("storage") is not None for payload in added),
    )
    given = BuiltInParameters.model_construct(**{name: parameters.get(name) for name in _SIZES})
    ensemble = 1 if parameters.get("weather_year") is not None else max(1, len(vocabulary.weather_years))
    draws = given.effective("draws") if is_random(assumptions) else ensemble
    coalitions = 0
    if given.effective("attribution") and seconds > 0.0:
        players = len(assumptions) + bool(given.shock_bp)
        affordable = affordable_coalitions(
            given.attribution_evaluations, seconds * ensemble, draws / ensemble
        )
        coalitions = min(2**players, max(affordable, LEAST_EVALUATIONS))
    return seconds * float(draws + coalitions * ensemble)
