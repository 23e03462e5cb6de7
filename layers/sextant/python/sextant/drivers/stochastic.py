"""`stochastic`: a quantity that is random."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sextant.drivers.fields import UPPER, Bounded, Contract, Number, ShortName, broken, optional, required
from sextant.drivers.quantity import Quantity

_PARAMETERS_OF = {
    "NORMAL": ("mean", "std"),
    "LOGNORMAL": ("mean", "std"),
    "UNIFORM": ("low", "high"),
    "TRIANGULAR": ("low", "high", "mode"),
}


class Correlation(Contract):
    name: ShortName = required("`name` of another stochastic driver of the scenario")
    coefficient: Annotated[Number, Field(ge=-1, le=1)] = required("the same on both sides where both name it")


class StochasticPayload(Quantity):
    """An input that is random; bands come from the run's draws."""

    distribution: Annotated[Literal["NORMAL", "LOGNORMAL", "UNIFORM", "TRIANGULAR"], UPPER] = required(
        "NORMAL and LOGNORMAL have `mean` and `std`, UNIFORM `low` and `high`, TRIANGULAR `low`, `high` and `mode`"
    )
    mean: Bounded | None = optional("mean of the variable itself, also for LOGNORMAL, where it is > 0")
    std: Annotated[Number, Field(ge=0, le=1e6)] | None = optional(
        "standard deviation of the variable itself, also for LOGNORMAL"
    )
    low: Bounded | None = optional("smallest value")
    high: Bounded | None = optional("largest value, not below `low`")
    mode: Bounded | None = optional("likeliest value, within `low` and `high`")
    operation: Annotated[Literal["MULTIPLY", "ADD"], UPPER] = optional(
        "the draw is a factor, or an amount in the quantity's unit", default="MULTIPLY"
    )
    variation: Annotated[Literal["PER_RUN", "PER_YEAR", "AUTOREGRESSIVE"], UPPER] = optional(
        "one draw for all years; independent years; years linked by `persistence`", default="PER_RUN"
    )
    persistence: Annotated[Number, Field(ge=-0.99, le=0.99)] | None = optional(
        "AUTOREGRESSIVE only: correlation of one year with the next", assumed=0.7
    )
    minimum: Bounded | None = optional("draws are not below it", assumed="no bound")
    maximum: Bounded | None = optional("draws are not above it; not below `minimum`", assumed="no bound")
    name: ShortName | None = optional("what other drivers correlate with; unique in the scenario")
    correlations: Annotated[list[Correlation], Field(max_length=20)] = optional(
        "rank-normal (Gaussian copula) correlation with other stochastic drivers in every year; the matrix must be "
        "positive semi-definite, and within what different persistences allow",
        default=[],
    )

    @model_validator(mode="after")
    def _parameters_fit_the_distribution(self) -> Self:
        parameters = _PARAMETERS_OF[self.distribution]
        for name in ("mean", "std", "low", "high", "mode"):
            if (getattr(self, name) is None) == (name in parameters):
                rule = "missing" if name in parameters else "not_applicable"
                word = "is required for" if name in parameters else "does not apply to"
                broken(name, rule, f"{name} {word} distribution {self.distribution}")
        if self.distribution == "LOGNORMAL" and (self.mean or 0) <= 0:
            broken("mean", "greater_than", "mean must be greater than 0 for distribution LOGNORMAL")
        if self.low is not None and self.high is not None and self.low > self.high:
            broken("high", "order", "high must not be less than low")
        if self.mode is not None and not (self.low or 0) <= self.mode <= (self.high or 0):
            broken("mode", "order", "mode must lie between low and high")
        if self.persistence is not None and self.variation != "AUTOREGRESSIVE":
            broken("persistence", "not_applicable", "persistence goes only with variation AUTOREGRESSIVE")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            broken("maximum", "order", "maximum must not be less than minimum")
        return self
