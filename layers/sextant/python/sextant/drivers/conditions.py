"""Conditions on the model's inputs and results, by which other drivers act in some years only."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sextant.drivers.fields import UPPER, Contract, Number, ShortName, broken, optional, required

ConditionMetric = Literal[
    "YEAR",
    "PEAK_LOAD",
    "LOAD_ENERGY",
    "FUEL_PRICE",
    "CARBON_PRICE",
    "CAPACITY",
    "PRICE",
    "RENEWABLE_SHARE",
    "EMISSIONS",
    "UNSERVED_ENERGY",
]


class Condition(Contract):
    metric: Annotated[ConditionMetric, UPPER] = required(
        "of the inputs `YEAR`, `PEAK_LOAD` (MW), `LOAD_ENERGY` (MWh), `FUEL_PRICE` (EUR/GJ), `CARBON_PRICE` (EUR/t), "
        "`CAPACITY` (MW); of the results `PRICE` (EUR/MWh, load-weighted), `RENEWABLE_SHARE`, `EMISSIONS` (t), "
        "`UNSERVED_ENERGY` (MWh) of a dispatch of the system as the assumptions before this one leave it"
    )
    operator: Annotated[Literal["GT", "GE", "LT", "LE", "EQ", "NE"], UPPER] = required(
        "how the metric is compared with the value"
    )
    value: Annotated[Number, Field(ge=-1e300, le=1e300)] = required("in the metric's unit")
    fuel: ShortName | None = optional("required with `FUEL_PRICE`, and only there")
    technology: ShortName | None = optional("only with `CAPACITY`", assumed="all units")

    @model_validator(mode="after")
    def _selector_fits(self) -> Self:
        if (self.fuel is None) == (self.metric == "FUEL_PRICE"):
            broken("fuel", "not_applicable", "fuel goes with metric FUEL_PRICE, and only with it")
        if self.technology is not None and self.metric != "CAPACITY":
            broken("technology", "not_applicable", "technology goes only with metric CAPACITY")
        return self


class ConditionBlock(Contract):
    logic: Annotated[Literal["ALL", "ANY"], UPPER] = required(
        "whether all conditions must hold, or any of them"
    )
    conditions: Annotated[list[Condition], Field(min_length=1, max_length=20)] = required(
        "judged year by year, and draw by draw"
    )
