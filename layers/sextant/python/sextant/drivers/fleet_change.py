"""`fleet_change`: a unit that is built or retired."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sextant.drivers.fields import (
    UPPER,
    Contract,
    Driver,
    Integer,
    Number,
    ShortName,
    Year,
    broken,
    optional,
    required,
)

OVERRIDES = (
    "heat_rate",
    "variable_cost",
    "fixed_cost",
    "emission_factor",
    "outage_rate",
    "capex",
    "life_years",
    "reinvest",
    "fuel",
    "profile",
    "renewable",
    "must_take",
)
"""What an added unit may have different from its technology."""
OF_FUEL = ("heat_rate", "emission_factor")
"""What a unit must say itself where it says what it burns."""
_OF_A_PLANT = ("heat_rate", "fuel", "profile", "renewable", "must_take")
_AVERAGE = "the technology's capacity-weighted average in the baseline"


class StorageFields(Contract):
    """What makes an added unit a storage; MW of discharge are the unit's `capacity_mw`."""

    energy_mwh: Annotated[Number, Field(gt=0, le=1e9)] = required("energy stored at most", "MWh")
    charge_efficiency: Annotated[Number, Field(gt=0, le=1)] = required(
        "share of the energy taken that is stored"
    )
    discharge_efficiency: Annotated[Number, Field(gt=0, le=1)] = required(
        "share of the energy stored that is given"
    )
    charge_mw: Annotated[Number, Field(ge=0, le=1e6)] | None = optional(
        "power of its charge; 0 for a reservoir without pump", "MW", assumed="`capacity_mw`"
    )
    initial_level: Annotated[Number, Field(ge=0, le=1)] | None = optional(
        "level at the beginning of each period; with `final_level`",
        "share of the energy",
        assumed="each period ends as it began, at the level that suits best",
    )
    final_level: Annotated[Number, Field(ge=0, le=1)] | None = optional(
        "least level at the end of each period; with `initial_level`", "share of the energy"
    )
    inflow: ShortName | None = optional("a profile of the baseline; with `inflow_mw`", assumed="no inflow")
    inflow_mw: Annotated[Number, Field(gt=0, le=1e6)] | None = optional(
        "energy that flows in where the profile is 1; what doesn't fit is spilled", "MW"
    )

    @model_validator(mode="after")
    def _pairs_are_whole(self) -> Self:
        for one, other in (("initial_level", "final_level"), ("inflow", "inflow_mw")):
            given = [name for name in (one, other) if getattr(self, name) is not None]
            if len(given) == 1:
                missing = other if given == [one] else one
                broken(missing, "missing", f"{one} and {other} go together")
        return self


class FleetChangePayload(Driver):
    """A unit that is built or retired."""

    action: Annotated[Literal["ADD", "RETIRE"], UPPER] = required(
        "RETIRE needs `unit` or `technology`, not both"
    )
    year: Year = required("first year in which the unit runs (ADD) or no longer runs (RETIRE)")
    technology: ShortName | None = optional(
        "a technology of the baseline. ADD: required; one that is new to the baseline needs `variable_cost`, `fixed_cost`, `capex` and "
        "`life_years`. RETIRE: all units of it"
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
    variable_cost: Annotated[Number, Field(ge=-10_000, le=10_000)] | None = optional(
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
    fuel: ShortName | None = optional(
        "ADD only: a fuel of the baseline; with `heat_rate` and `emission_factor`",
        assumed="the technology's; none where that is new",
    )
    profile: ShortName | None = optional(
        "ADD only: a profile of the baseline, its availability by hour",
        assumed="the technology's capacity-weighted average in the baseline; `flat` where that is new",
    )
    renewable: Annotated[bool, Field(strict=True)] | None = optional(
        "ADD only: whether its energy counts for an RPS", assumed="as the technology; false where that is new"
    )
    must_take: Annotated[bool, Field(strict=True)] | None = optional(
        "ADD only: whether its energy is taken whatever the price",
        assumed="as the technology; false where that is new",
    )
    storage: StorageFields | None = optional(
        "ADD only: makes the unit a storage; its technology may be new to the baseline",
        assumed="that of the technology in the baseline, if it is a storage",
    )

    @model_validator(mode="after")
    def _fields_fit_the_action(self) -> Self:
        if self.action == "ADD":
            for name in ("technology", "capacity_mw"):
                if getattr(self, name) is None:
                    broken(name, "missing", f"{name} is required for action ADD")
            if self.out_year is not None and self.out_year <= self.year:
                broken("out_year", "year_order", "out_year must lie after year")
            self._check_burning()
            return self
        if (self.unit is None) == (self.technology is None):
            broken("unit", "one_of", "action RETIRE needs unit or technology, and not both")
        for name in ("out_year", "storage", *OVERRIDES):
            if getattr(self, name) is not None:
                broken(name, "not_applicable", f"{name} goes only with action ADD")
        return self

    def _check_burning(self) -> None:
        for name in OF_FUEL:
            if self.fuel is not None and getattr(self, name) is None:
                broken(name, "missing", f"{name} is required beside fuel")
        for name in _OF_A_PLANT:
            if self.storage is not None and getattr(self, name):
                broken(name, "not_applicable", f"{name} does not go with storage")
