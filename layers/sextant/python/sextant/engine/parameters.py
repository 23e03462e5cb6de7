"""A run's parameters, read and completed from the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sextant.engine.errors import ModelInputError
from sextant.engine.reading import Reader
from sextant.engine.system import SystemData
from sextant.engine.valuation import real_rate


class DiscountBasis(StrEnum):
    REAL = "REAL"
    NOMINAL = "NOMINAL"


@dataclass(frozen=True)
class RunParameters:
    """docs/model.md, "Run parameters"; `discount_rate` is real here whatever the basis was."""

    years: tuple[int, ...]
    shock_bp: float
    discount_rate: float
    base_year: int
    value_of_lost_load: float
    draws: int
    attribution: bool


def read_parameters(given: Mapping[str, Any], system: SystemData) -> RunParameters:
    """Read, complete and check; ModelInputError names the parameter."""
    reader = Reader(given, "parameters")
    first, last = system.years[0], system.years[-1]
    start = reader.integer("start_year", first, last, default=first)
    end = reader.integer("end_year", first, last, default=last)
    if end < start:
        raise ModelInputError("parameters.end_year", "not before start_year")
    rate = reader.number("discount_rate", -0.5, 1.0, default=0.07, above=True)
    basis = reader.choice("discount_basis", DiscountBasis, default=DiscountBasis.REAL)
    inflation = reader.number("inflation", -0.5, 1.0, default=0.02, above=True)
    if basis is DiscountBasis.NOMINAL:
        rate = real_rate(rate, inflation)
    reader.optional_text("model")
    found = RunParameters(
        years=tuple(range(start, end + 1)),
        shock_bp=reader.number("shock_bp", -10_000.0, 100_000.0, default=0.0),
        discount_rate=rate,
        base_year=reader.integer("base_year", 1900, 2200, default=start),
        value_of_lost_load=reader.number(
            "value_of_lost_load", 0.0, 1e6, default=system.value_of_lost_load, above=True
        ),
        draws=reader.integer("draws", 1, 10_000, default=200),
        attribution=reader.flag("attribution", default=True),
    )
    reader.finish()
    return found
