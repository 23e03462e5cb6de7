"""Which hours follow one another, so that energy can be kept from one to the next."""

from __future__ import annotations

import numpy as np

from sextant.drivers.errors import ModelInputError
from sextant.engine.system import LEAST_YEAR, MOST_YEAR, QUARTERS, FloatArray

DAY = 24


def chronology(weights: FloatArray) -> tuple[int, float]:
    """The hours of a period, and how long each lasts.

    A calendar is one period. Representative hours are days of 24, each of which ends as it began and stands for as many days
    as its hours' weights say. Raises ModelInputError where the hours are neither.
    """
    hours = len(weights)
    if hours > LEAST_YEAR:
        if np.ptp(weights) > 1e-9 * weights[0]:
            raise ModelInputError("weights", "all the same in a calendar with storage")
        return hours, 1.0 / QUARTERS if hours > MOST_YEAR else 1.0
    if hours % DAY or np.any(np.ptp(weights.reshape(-1, DAY), axis=1) > 1e-9 * weights.max()):
        raise ModelInputError(
            "weights",
            f"of whole days: with storage, representative hours come in runs of {DAY} of one weight",
        )
    return DAY, 1.0


def is_chronological(weights: FloatArray) -> bool:
    """Whether `chronology` has periods for these hours."""
    try:
        chronology(weights)
    except ModelInputError:
        return False
    return True
