"""`load_growth`: growth of the load on top of the baseline."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sextant.drivers.fields import Number, Span, Year, optional, required


class LoadGrowthPayload(Span):
    """Growth of the load on top of the baseline."""

    annual_rate: Annotated[Number, Field(ge=-0.5, le=0.5)] = required(
        "growth on top of the baseline: load × (1+rate)^(year − start_year)", "1/year"
    )
    start_year: Year | None = optional("year in which the factor is 1", assumed="first year of the horizon")
    end_year: Year | None = optional("the factor is held from here on", assumed="end of the horizon")
    flat_mw: Annotated[Number, Field(ge=-1e6, le=1e6)] = optional(
        "constant block added in every hour from `start_year` on (load never falls below 0)",
        "MW",
        default=0.0,
    )
