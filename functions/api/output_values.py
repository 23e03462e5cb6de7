"""What an answer shows of any value of a scenario: a row of its outputs, or the newest value of a metric."""

from __future__ import annotations

from datetime import date

from functions.api.http.envelopes import AnswerBody


class ValueBody(AnswerBody):
    metric: str
    """What is measured, such as `price` or `npv`."""
    asof_date: date
    """The first day of the period that it is of."""
    value: float | None
    """In `unit`; null where it is not a finite number. Where something is random, the median of the draws."""
    unit: str
    """Such as `EUR/MWh`; `1` is a share."""
    band_lower: float | None
    """P5 of the draws; null where nothing is random."""
    band_upper: float | None
    """P95 of the draws; null where nothing is random."""
    tags: dict[str, str]
    """What the value is of, such as `technology`; empty where it is of the whole."""
