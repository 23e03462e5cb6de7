"""Money over time: net present value and annuities."""

from __future__ import annotations

import numpy as np

from sextant.engine.system import FloatArray, IntArray


def real_rate(nominal: float, inflation: float) -> float:
    """The real discount rate equal to a nominal one: (1+n)/(1+i) − 1 (Fisher)."""
    return (1.0 + nominal) / (1.0 + inflation) - 1.0


def discount_factors(years: IntArray, base_year: int, rate: float) -> FloatArray:
    """1/(1+r)^(year − base_year) [Y]; flows fall on the first day of their year, so the base year counts in full."""
    return np.asarray((1.0 + rate) ** -(years - base_year).astype(np.float64), dtype=np.float64)


def net_present_value(cash_flows: FloatArray, years: IntArray, base_year: int, rate: float) -> FloatArray:
    """NPV = Σ CF_y/(1+r)^(y − base_year) over the last axis: [..., Y] → [...]."""
    return np.asarray(np.einsum("...y,y->...", cash_flows, discount_factors(years, base_year, rate)))


def capital_recovery_factor(rate: float, life_years: FloatArray) -> FloatArray:
    """Yearly payment that repays 1 over the life at the rate, first payment at once (annuity due).

    r/(1 − (1+r)^−n)/(1+r), and 1/n at r = 0; so that its present value at `discount_factors` is exactly 1.
    """
    if abs(rate) < 1e-12:
        return np.asarray(1.0 / life_years)
    return np.asarray(rate / (1.0 - (1.0 + rate) ** -life_years) / (1.0 + rate))
