"""`fleet_change`: a unit that is built or retired."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sextant.drivers.fields import UPPER, Driver, Integer, Number, ShortName, Year, broken, optional, required

OVERRIDES = (
    "heat_rate",
    "variable_cost",
    "fixed_cost",
    "emission_factor",
    "outage_rate",
    "capex",
    "life_years",
    "reinvest",
)
"""What an added unit may have different from its technology."""
_AVERAGE = "the technology's capacity-weighted average in the baseline"


class FleetChangePayload(Driver):
    """A unit that is built or retired."""

    action: Annotated[Literal["ADD", "RETIRE"], UPPER] = required(
        "RETIRE needs `unit` or `technology`, not both"
    )
    year: Year = required("first year in which the unit runs (ADD) or no longer runs (RETIRE)")
    technology: ShortName | None = optional(
        "a technology of the baseline. ADD: required. RETIRE: all units of it"
    )
    unit: ShortName | None = optional(
        "ADD: name of the new unit, unique in the scenario (without it: made from technology and year). "
        "RETIRE: one unit of the baseline"
    )
    capacity_mw: Annotated[Number, Field(gt=0, le=1e6)] | None = optional(
        "ADD: required. RETIRE: MW to take, pro rata over the units that match; without it all", "MW"
    )
    out_year: Year | None = optional("ADD only: first year without the unit, after `year`", assumed="never")
    heat_rate: Annotated[Number, Field(ge=0, le=100)] | None = optional(
        "ADD only", "GJ/MWh", assumed=_AVERAGE
    )
    variable_cost: Annotated[Number, Field(ge=0, le=10_000)] | None = optional(
        "ADD only", "EUR/MWh", assumed=_AVERAGE
    )
    fixed_cost: Annotated[Number, Field(ge=0, le=1e7)] | None = optional(
        "ADD only", "EUR/MW/year", assumed=_AVERAGE
    )
    emission_factor: Annotated[Number, Field(ge=0, le=10)] | None = optional(
        "ADD only", "t/MWh (electric)", assumed=_AVERAGE
    )
    outage_rate: Annotated[Number, Field(ge=0, le=1)] | None = optional("ADD only", "share", assumed=_AVERAGE)
    capex: Annotated[Number, Field(ge=0, le=1e8)] | None = optional(
        "ADD only: paid as an annuity from `year` for `life_years`, also after an earlier end",
        "EUR/MW",
        assumed=_AVERAGE,
    )
    life_years: Annotated[Integer, Field(ge=1, le=100)] | None = optional(
        "ADD only", "years", assumed=_AVERAGE
    )
    reinvest: Annotated[bool, Field(strict=True)] | None = optional(
        "ADD only: whether the capital is spent again at the end of each life; else the unit runs on without",
        assumed=False,
    )

    @model_validator(mode="after")
    def _fields_fit_the_action(self) -> Self:
        if self.action == "ADD":
            for name in ("technology", "capacity_mw"):
                if getattr(self, name) is None:
                    broken(name, "missing", f"{name} is required for action ADD")
            if self.out_year is not None and self.out_year <= self.year:
                broken("out_year", "year_order", "out_year must lie after year")
            return self
        if (self.unit is None) == (self.technology is None):
            broken("unit", "one_of", "action RETIRE needs unit or technology, and not both")
        for name in ("out_year", *OVERRIDES):
            if getattr(self, name) is not None:
                broken(name, "not_applicable", f"{name} goes only with action ADD")
        return self
