"""What a sample of draws says of a distribution, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sextant.engine.system import FloatArray

MEAN, ERROR = "mean", "standard_error"
BAND = (5.0, 50.0, 95.0)
"""The percentiles that bands and values are; they are always among those told."""
_CELLS = 8
"""Points of the Beta density for each order statistic."""


def statistics(values: FloatArray, percents: Sequence[float]) -> dict[str, FloatArray]:
    """Name → [Y], of independent draws [D, Y]; NaN where one draw has no error to tell.

    `mean`, `mean_standard_error`; and for each percentile p `p5`, `p5_standard_error` and, but for the median, `p5_cvar`:
    the mean of the share of draws beyond it, below for p < 50 and above for p > 50 (CVaR, expected shortfall).
    """
    draws = len(values)
    ranked = np.sort(values, axis=0)
    told = {MEAN: values.mean(axis=0), f"{MEAN}_{ERROR}": mean_error(values)}
    for percent in percents:
        name = f"p{percent:g}"
        told[name] = np.quantile(values, percent / 100.0, axis=0)
        told[f"{name}_{ERROR}"] = percentile_error(ranked, percent)
        if percent != 50.0:
            worst = ranked if percent < 50.0 else ranked[::-1]
            told[f"{name}_cvar"] = _mean_of_first(worst, min(percent, 100.0 - percent) / 100.0 * draws)
    return told


def mean_error(values: FloatArray) -> FloatArray:
    """[Y] standard error of the mean of draws [D, Y]."""
    if len(values) < 2:
        return np.full(values.shape[1], np.nan)
    return np.asarray(values.std(axis=0, ddof=1) / math.sqrt(len(values)))


def percentile_error(ranked: FloatArray, percent: float) -> FloatArray:
    """[Y] standard error of a percentile of sorted draws [D, Y], whatever their distribution.

    Maritz and Jarrett (JASA 73, 1978): the percentile as an order statistic, which draws again from the sample would be
    each of its values with the probability that a Beta distribution gives.
    """
    draws = len(ranked)
    if draws < 2:
        return np.full(ranked.shape[1], np.nan)
    share = percent / 100.0
    above, below = share * (draws + 1.0), (1.0 - share) * (draws + 1.0)
    u = (np.arange(draws * _CELLS) + 0.5) / (draws * _CELLS)
    density = (above - 1.0) * np.log(u) + (below - 1.0) * np.log1p(-u)
    chance = np.exp(density - density.max()).reshape(draws, _CELLS).sum(axis=1)
    chance /= chance.sum()
    middle = np.einsum("d,dy->y", chance, ranked)
    return np.asarray(np.sqrt(np.einsum("d,dy->y", chance, (ranked - middle) ** 2)))


def _mean_of_first(ranked: FloatArray, count: float) -> FloatArray:
    """[Y] mean of so many of the first values, the last of them in part; of the first alone where that is less than one."""
    if count <= 1.0:
        return np.asarray(ranked[0])
    whole = math.floor(count + 1e-9)
    total = ranked[:whole].sum(axis=0)
    if whole < len(ranked):
        total = total + max(count - whole, 0.0) * ranked[whole]
    return np.asarray(total / count)
