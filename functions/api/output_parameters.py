"""How a request says which outputs it is about: the same words on every route."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from sextant import moments

Metric = Annotated[str | None, Query(description="A metric's name", max_length=100)]
Metrics = Annotated[str | None, Query(description="A metric's name, or several with commas", max_length=2000)]
Runs = Annotated[str | None, Query(description="A run's id, or several with commas", max_length=4000)]
OldMetric = Annotated[
    str | None, Query(description="The former name of `metric`", deprecated=True, max_length=100)
]
OldRuns = Annotated[
    str | None, Query(description="The former name of `runs`", deprecated=True, max_length=4000)
]
Day = Annotated[moments.Day | None, Query()]
Value = Annotated[float | None, Query()]
TagPairs = Annotated[str | None, Query(description="key:value, several with commas", max_length=1000)]
SnapshotId = Annotated[int | None, Query(description="Read this snapshot instead of the newest")]
