"""What an answer shows of any value of a scenario: a row of its outputs, or the newest value of a metric."""

from __future__ import annotations

from datetime import date

from functions.api.http.envelopes import AnswerBody


class ValueBody(AnswerBody):
    metric: str
    asof_date: date
    value: float | None
    unit: str
    band_lower: float | None
    band_upper: float | None
    tags: dict[str, str]
