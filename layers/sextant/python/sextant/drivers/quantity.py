"""The quantities of the model that drivers move: each by the same three fields."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import model_validator

from sextant.drivers.fields import UPPER, ShortName, Span, broken, optional, required

QuantityName = Literal["LOAD", "FUEL_PRICE", "CARBON_PRICE", "AVAILABILITY"]


class Quantity(Span):
    """A driver that moves one quantity of the model."""

    quantity: Annotated[QuantityName, UPPER] = required(
        "the quantity that is moved, in MW, EUR/GJ, EUR/t or as a share of the installed capacity"
    )
    fuel: ShortName | None = optional("a fuel of the baseline; only with `FUEL_PRICE`", assumed="all fuels")
    technology: ShortName | None = optional(
        "a technology of the baseline; only with `AVAILABILITY`", assumed="all units"
    )

    @model_validator(mode="after")
    def _selector_fits(self) -> Self:
        if self.fuel is not None and self.quantity != "FUEL_PRICE":
            broken("fuel", "not_applicable", "fuel goes only with quantity FUEL_PRICE")
        if self.technology is not None and self.quantity != "AVAILABILITY":
            broken("technology", "not_applicable", "technology goes only with quantity AVAILABILITY")
        return self
