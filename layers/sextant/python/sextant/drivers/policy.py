"""`policy`: a renewable portfolio standard, or a price on carbon."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sextant.drivers.fields import (
    MOST,
    UPPER,
    Integer,
    Number,
    ShortName,
    Span,
    Year,
    broken,
    optional,
    required,
)

_RPS_ONLY = ("target", "alternative_compliance_payment", "build_mix")
_CARBON_ONLY = ("price", "annual_escalation")


class PolicyPayload(Span):
    """A renewable portfolio standard, or a price on carbon."""

    policy_name: Annotated[Literal["RPS", "CARBON_PRICE"], UPPER] = required(
        "renewable portfolio standard, or a price on carbon"
    )
    start_year: Year = required("first year in force")
    target: Annotated[Number, Field(ge=0, le=1)] | None = optional(
        "RPS: required. Renewable share to reach; of two RPS policies the stricter holds",
        "share of annual load",
    )
    ramp_years: Annotated[Integer, Field(ge=0, le=50)] = optional(
        "the target (or the price) is reached linearly: in year `start_year + k` it is `(k+1)/(ramp_years+1)` of the "
        "way from zero (RPS) or from the baseline (CARBON_PRICE)",
        "years",
        default=0,
    )
    alternative_compliance_payment: Annotated[Number, Field(ge=0, le=10_000)] | None = optional(
        "RPS only: paid for each missing MWh; caps the credit price", "EUR/MWh", assumed=150.0
    )
    build_mix: (
        Annotated[
            dict[ShortName, Annotated[Number, Field(gt=0, le=MOST)]], Field(min_length=1, max_length=10)
        ]
        | None
    ) = optional(
        "RPS only: technologies of new renewables, as shares of the MW built; normalised",
        assumed="the baseline's",
    )
    price: Annotated[Number, Field(ge=0, le=10_000)] | None = optional(
        "CARBON_PRICE: required. Price in `start_year`; replaces the baseline's path while in force",
        "EUR/t CO2",
    )
    annual_escalation: Annotated[Number, Field(ge=-0.5, le=0.5)] | None = optional(
        "CARBON_PRICE only: the price grows by this rate after `start_year`", "1/year", assumed=0.0
    )

    @model_validator(mode="after")
    def _fields_fit_the_policy(self) -> Self:
        own, foreign = ("target", _CARBON_ONLY) if self.policy_name == "RPS" else ("price", _RPS_ONLY)
        if getattr(self, own) is None:
            broken(own, "missing", f"{own} is required for policy {self.policy_name}")
        for name in foreign:
            if getattr(self, name) is not None:
                broken(name, "not_applicable", f"{name} does not apply to policy {self.policy_name}")
        return self

    @property
    def shares(self) -> dict[str, float] | None:
        """`build_mix` normalised to a sum of 1, technologies in alphabetical order."""
        if self.build_mix is None:
            return None
        mix = dict(sorted(self.build_mix.items()))
        total = sum(mix.values())
        return {technology: share / total for technology, share in mix.items()}
