"""What the routes of outputs share and needs no lake: how a request says what it is about, and the switch."""

from __future__ import annotations

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Query

from sextant import bootstrap, moments
from sextant.identity import Caller
from sextant.settings.model import OUTPUTS_FLAG
from sextant.settings.service import FeatureDisabledError

Metric = Annotated[str | None, Query(description="A metric's name", max_length=100)]
Metrics = Annotated[str | None, Query(description="A metric's name, or several with commas", max_length=2000)]
Runs = Annotated[str | None, Query(description="A run's id, or several with commas", max_length=4000)]
OldMetric = Annotated[
    str | None, Query(description="The former name of `metric`", deprecated=True, max_length=100)
]
OldRuns = Annotated[
    str | None, Query(description="The former name of `runs`", deprecated=True, max_length=4000)
]
Start = Annotated[
    moments.Day | None, Query(description="From this day on: a year's values are of its first day")
]
End = Annotated[moments.Day | None, Query(description="Until this day, itself included")]
LeastValue = Annotated[float | None, Query(description="Values of at least this, in their unit")]
MostValue = Annotated[float | None, Query(description="Values of at most this, in their unit")]
TagPairs = Annotated[str | None, Query(description="key:value, several with commas", max_length=1000)]
Resolution = Annotated[
    Literal["year", "hour"] | None,
    Query(description="`hour`: the hourly results, of runs that were asked for them"),
]
SnapshotId = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9]{1,19}$",
        description="Read this snapshot instead of the newest: `meta.snapshot_id` of an answer",
    ),
]


Separator = Annotated[
    Literal["comma", "semicolon", "tab"] | None,
    Query(description="What stands between the cells of CSV; `comma` where it is not given"),
]
Decimal = Annotated[
    Literal["point", "comma"] | None,
    Query(
        description="How CSV writes 0.5; `point` where it is not given. `comma` goes with another separator"
    ),
]
Bom = Annotated[
    bool | None,
    Query(description="Whether CSV begins with the mark of UTF-8, by which Excel knows it"),
]


def snapshot_of(text: str | None) -> int | None:
    """The number that a `SnapshotId` spells: more digits than JavaScript keeps."""
    return None if text is None else int(text)


def check_switched_on(caller: Caller) -> None:
    """Raise `FeatureDisabledError` where outputs are switched off."""
    if not bootstrap.remembered_settings().of(caller.tenant).flag(OUTPUTS_FLAG):
        raise FeatureDisabledError("Outputs are switched off at the moment.")
