"""`time_series`: a course over time made of trend, seasons, cycles and noise."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sextant.drivers.fields import UPPER, Contract, Integer, Number, broken, optional, required
from sextant.drivers.quantity import Quantity


class Trend(Contract):
    kind: Annotated[Literal["LINEAR", "EXPONENTIAL"], UPPER] = required(
        "with k years since `start_year`: `rate·k`, or `(1+rate)^k − 1`"
    )
    rate: Annotated[Number, Field(ge=-0.5, le=0.5)] = required("growth", "1/year")


class Seasonal(Contract):
    """A wave over the year, or twelve deviations."""

    amplitude: Annotated[Number, Field(ge=0, le=1)] | None = optional(
        "`amplitude·cos(2π(month − peak_month)/12)`; needs `peak_month`"
    )
    peak_month: Annotated[Integer, Field(ge=1, le=12)] | None = optional("month of the highest value")
    monthly: (
        Annotated[list[Annotated[Number, Field(ge=-1, le=10)]], Field(min_length=12, max_length=12)] | None
    ) = optional("the deviations themselves, January first; instead of a wave")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        wave = self.amplitude is not None and self.peak_month is not None
        if (self.monthly is None) != wave or (self.monthly is not None and self.amplitude is not None):
            broken("monthly", "one_of", "give amplitude and peak_month, or monthly")
        return self

    def deviations(self) -> list[float]:
        """Deviation from 1 by month, January first."""
        if self.monthly is not None:
            return self.monthly
        assert self.amplitude is not None
        assert self.peak_month is not None
        return [
            self.amplitude * math.cos(2 * math.pi * (month - self.peak_month) / 12) for month in range(1, 13)
        ]


class Cyclical(Contract):
    amplitude: Annotated[Number, Field(ge=0, le=1)] = required(
        "`amplitude·sin(2π(k − phase_years)/period_years)`"
    )
    period_years: Annotated[Number, Field(ge=1, le=100)] = required("length of the wave", "years")
    phase_years: Annotated[Number, Field(ge=-100, le=100)] = optional(
        "years by which it is late", "years", default=0.0
    )


class Irregular(Contract):
    std: Annotated[Number, Field(ge=0, le=1)] = required(
        "standard deviation of normal noise from year to year"
    )
    persistence: Annotated[Number, Field(ge=-0.99, le=0.99)] = optional(
        "correlation of one year with the next, AR(1)", default=0.0
    )


class TimeSeriesPayload(Quantity):
    """A course over time: trend, seasons, cycles and noise."""

    combination: Annotated[Literal["MULTIPLICATIVE", "ADDITIVE"], UPPER] = optional(
        "factor `Π (1+componentᵢ)` or `1 + Σ componentᵢ`; the quantity is multiplied by it",
        default="MULTIPLICATIVE",
    )
    trend: Trend | None = optional("growth from year to year")
    seasonal: Seasonal | None = optional(
        "the course over a year; only with `LOAD`, `FUEL_PRICE` and `CARBON_PRICE`"
    )
    cyclical: Cyclical | None = optional("a wave over several years")
    irregular: Irregular | None = optional(
        "noise from year to year; counts as stochastic: bands come from `draws`"
    )

    @model_validator(mode="after")
    def _has_a_component(self) -> Self:
        if self.trend is None and self.seasonal is None and self.cyclical is None and self.irregular is None:
            broken("trend", "missing", "at least one of trend, seasonal, cyclical, irregular is required")
        if self.seasonal is not None and self.quantity == "AVAILABILITY":
            broken(
                "seasonal",
                "not_applicable",
                "seasonal goes only with quantity LOAD, FUEL_PRICE or CARBON_PRICE",
            )
        return self
