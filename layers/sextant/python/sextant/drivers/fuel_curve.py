"""`fuel_curve`: another price curve for a fuel, or a change of the present one."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from sextant.drivers.fields import Contract, Number, ShortName, Span, Year, broken, optional, required


class CurvePoint(Contract):
    year: Year = required("year of the point")
    price: Annotated[Number, Field(ge=0, le=10_000)] = required("price in that year", "EUR/GJ")


class FuelCurvePayload(Span):
    """Another price curve for a fuel, or a change of the present one."""

    fuel: ShortName = required("a fuel of the baseline")
    points: Annotated[list[CurvePoint], Field(min_length=1, max_length=200)] | None = optional(
        "replaces the curve: linear between points, flat outside; years strictly increasing", "EUR/GJ"
    )
    multiplier: Annotated[Number, Field(gt=0, le=100)] | None = optional(
        "applied after `points`", assumed=1.0
    )
    shift: Annotated[Number, Field(ge=-1000, le=1000)] | None = optional(
        "added after `multiplier`; prices never fall below 0", "EUR/GJ", assumed=0.0
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.points is None and self.multiplier is None and self.shift is None:
            broken("points", "missing", "at least one of points, multiplier, shift is required")
        years = [point.year for point in self.points or ()]
        if any(later <= earlier for earlier, later in pairwise(years)):
            broken("points", "year_order", "the years of points must increase strictly")
        return self
