"""What an answer shows of values side by side: rows, or series."""

from __future__ import annotations

from pydantic import BaseModel

from sextant.lake.read.reason import Reason


class DeltaBody(BaseModel):
    """A run's value against the baseline's. What is null has its reason in `null_because`."""

    run_id: str
    """The run."""
    value: float | None
    """The run's, in the row's unit."""
    delta: float | None
    """`value` − `baseline`, in the row's unit."""
    relative: float | None
    """`delta` over the size of `baseline`: 0.1 is a tenth more."""
    band_lower: float | None = None
    """P5 of the run; left out where nothing is random."""
    band_upper: float | None = None
    """P95 of the run."""
    band_lower_delta: float | None = None
    """The run's P5 less the baseline's; where both have bands."""
    band_upper_delta: float | None = None
    """The run's P95 less the baseline's; where both have bands."""
    null_because: Reason | None = None
    """The run or the baseline has no such row, or no value in it; or only `relative` is null, as the baseline is 0."""


class ComparedRowBody(BaseModel):
    metric: str
    """What is measured."""
    asof_date: str
    """The first day of the period."""
    tags: dict[str, str]
    """What the values are of."""
    unit: str
    """Of the values and differences."""
    baseline: float | None
    """The baseline run's value."""
    baseline_band_lower: float | None = None
    """P5 of the baseline run; left out where nothing is random."""
    baseline_band_upper: float | None = None
    """P95 of the baseline run."""
    runs: list[DeltaBody]
    """In the order in which the runs were named."""


class BaselineSeriesBody(BaseModel):
    v: list[float | None]
    """The baseline run's values; null where it has none."""
    lo: list[float | None] | None = None
    """P5; left out where nothing is random."""
    hi: list[float | None] | None = None
    """P95."""


class RunSeriesBody(BaselineSeriesBody):
    run_id: str
    """The run."""
    delta: list[float | None]
    """`v` less the baseline's, in the unit of the series."""
    relative: list[float | None]
    """`delta` over the size of the baseline's: 0.1 is a tenth more."""
    lo_delta: list[float | None] | None = None
    """The run's P5 less the baseline's; where both have bands."""
    hi_delta: list[float | None] | None = None
    """The run's P95 less the baseline's; where both have bands."""
    null_because: list[Reason | None] | None = None
    """Of each date why `delta` or `relative` is null; left out where none is."""


class ComparedSeriesBody(BaseModel):
    """All values of a metric, tags and unit. The lists are of one length, in the order of the dates."""

    metric: str
    """What is measured."""
    tags: dict[str, str]
    """What the values are of."""
    unit: str
    """Of the values and differences."""
    t: list[str]
    """The first day of each period."""
    baseline: BaselineSeriesBody
    """The baseline run's."""
    runs: list[RunSeriesBody]
    """In the order in which the runs were named."""
