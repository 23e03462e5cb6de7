"""A run's parameters, completed from the baseline."""

from __future__ import annotations

from dataclasses import dataclass

from sextant.drivers.errors import ModelInputError
from sextant.drivers.hourly import chosen_metrics
from sextant.drivers.parameters import BuiltInParameters
from sextant.engine.statistics import BAND
from sextant.engine.system import SystemData
from sextant.engine.valuation import real_rate


@dataclass(frozen=True)
class RunParameters:
    """What the built-in model computes with; docs/model.md, "Run parameters", says what each one does."""

    years: tuple[int, ...]
    """The years to compute, consecutive."""
    weather_years: tuple[int, ...]
    """The baseline's weather years to compute; empty where its weather is one."""
    shock_bp: float
    """Basis points of a fuel curve's first-year price."""
    discount_rate: float
    """1/year; real, whatever the basis was."""
    base_year: int
    value_of_lost_load: float
    """EUR/MWh."""
    draws: int
    attribution: bool
    attribution_evaluations: int | None
    """Coalitions; None for as many as the model thinks fit."""
    equal_bids: str
    """`PRO_RATA` or `LISTED`."""
    percentiles: tuple[float, ...]
    """Percent, increasing: those of the band and those asked for."""
    keep_draws: tuple[str, ...]
    """Metrics."""
    hourly: tuple[str, ...] = ()
    """Metrics whose hours are wanted."""


def complete(parameters: BuiltInParameters, system: SystemData) -> RunParameters:
    """The parameters with the baseline's values where none are given.

    Raises ModelInputError where the years lie outside the baseline's.
    """
    first, last = system.years[0], system.years[-1]
    start = first if parameters.start_year is None else parameters.start_year
    end = last if parameters.end_year is None else parameters.end_year
    for name, year in (("start_year", start), ("end_year", end)):
        if not first <= year <= last:
            raise ModelInputError(f"parameters.{name}", f"between {first} and {last}")
    if end < start:
        raise ModelInputError("parameters.end_year", "not before start_year")
    rate: float = parameters.effective("discount_rate")
    if parameters.effective("discount_basis") == "NOMINAL":
        rate = real_rate(rate, parameters.effective("inflation"))
    lost_load = parameters.value_of_lost_load
    weather = tuple(one.year for one in system.weather)
    if (chosen := parameters.weather_year) is not None:
        if chosen not in weather:
            has = ", ".join(map(str, weather)) or "none: its weather is one"
            raise ModelInputError(
                "parameters.weather_year", f"a weather year of the baseline, which has {has}"
            )
        weather = (chosen,)
    return RunParameters(
        years=tuple(range(start, end + 1)),
        weather_years=weather,
        shock_bp=parameters.effective("shock_bp"),
        discount_rate=rate,
        base_year=start if parameters.base_year is None else parameters.base_year,
        value_of_lost_load=system.value_of_lost_load if lost_load is None else lost_load,
        draws=parameters.effective("draws"),
        attribution=parameters.effective("attribution"),
        attribution_evaluations=parameters.attribution_evaluations,
        equal_bids=parameters.effective("equal_bids"),
        percentiles=tuple(sorted({*BAND, *parameters.chosen_percentiles})),
        keep_draws=parameters.kept_metrics,
        hourly=chosen_metrics(parameters.hourly),
    )
