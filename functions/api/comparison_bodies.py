"""What an answer shows of runs side by side; it needs no lake."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from functions.api.compared_values import ComparedRowBody, ComparedSeriesBody
from functions.api.differences import DifferenceBody
from functions.api.http.envelopes import AnswerBody


class ComparedRunBody(AnswerBody):
    """A run that was compared."""

    run_id: UUID
    scenario_id: UUID
    scenario_name: str
    """The scenario's present name."""
    scenario_version: int
    """The version that was computed."""
    model: str | None
    """The model that computed it."""
    model_version: str | None
    """Its version."""
    seed: int
    """The seed of the draws."""
    completed_at: datetime | None
    """When it ended."""


class OtherRunBody(ComparedRunBody):
    differences: list[DifferenceBody]
    """What differs from the baseline run in all that decides a result: assumptions, parameters, model, baseline, seed."""


class ComparisonBody(AnswerBody):
    baseline: ComparedRunBody
    """The run that the others are compared with."""
    runs: list[OtherRunBody]
    """In the order in which they were named."""
    rows: list[ComparedRowBody]
    """One for each metric, date, tags and unit that any of the runs has, in this order; none with `shape=series`."""
    series: list[ComparedSeriesBody] | None = None
    """With `shape=series` in place of the rows; left out otherwise."""
