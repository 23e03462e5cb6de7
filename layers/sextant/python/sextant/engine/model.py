"""The request that a model takes and the result that it gives: the protocol that the built-in model and plug-ins share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sextant.engine.system import FloatArray, IntArray, SystemData

Progress = Callable[[int, str], None]
"""Called with percent done (0–100, never falling) and what is being done; may raise to stop the run."""


def no_progress(percent: int, message: str) -> None:
    """A progress callback that does nothing."""


@dataclass(frozen=True)
class SimulationRequest:
    """One scenario to run.

    `assumptions`: `{"driver_type": str, "payload": {…}}` as docs/model.md lists; `parameters`: the run parameters there.
    The result is a function of assumptions, parameters, seed and baseline alone.
    """

    assumptions: Sequence[Mapping[str, Any]]
    baseline: SystemData
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    progress: Progress = no_progress


@dataclass(frozen=True)
class OutputRows:
    """Time series in columns of equal length; bands are NaN where nothing is random.

    `tags` of row i are `tag_sets[tag_index[i]]`. `band_lower` and `band_upper` are P5 and P95, `value` then is P50.
    """

    metric: NDArray[np.str_]
    asof_date: NDArray[np.datetime64]  # datetime64[D]
    value: FloatArray  # in `unit`, as are the bands
    unit: NDArray[np.str_]
    band_lower: FloatArray
    band_upper: FloatArray
    tag_index: IntArray  # index into tag_sets
    tag_sets: tuple[Mapping[str, str], ...]

    def __len__(self) -> int:
        return len(self.metric)

    def tags(self, row: int) -> Mapping[str, str]:
        return self.tag_sets[int(self.tag_index[row])]


@dataclass(frozen=True)
class MetricValue:
    """The newest value of a series, in its `unit`."""

    metric: str
    asof_date: np.datetime64  # datetime64[D]
    value: float  # P50 where the scenario is random
    unit: str
    band_lower: float | None = None  # P5; None where nothing is random
    band_upper: float | None = None  # P95
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Share:
    """What one assumption adds to the change in NPV, in whole cents of EUR."""

    label: str
    driver_type: str
    eur: float
    standard_error: float | None = None
    """EUR; None where the share is exact for the central case."""


@dataclass(frozen=True)
class Attribution:
    """How the change in NPV against the untouched baseline divides; the shares add up to it to the cent."""

    metric: str
    reference: float  # EUR, of the untouched baseline
    result: float  # EUR, of the run
    change: float  # EUR
    shares: tuple[Share, ...]
    method: str


@dataclass(frozen=True)
class Series:
    """What hourly values are of: a metric in a unit, broken down by tags."""

    metric: str
    unit: str
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def tag_map(self) -> Mapping[str, str]:
        return dict(self.tags)


@dataclass(frozen=True)
class Hourly:
    """Hourly values of S series over Y years of H hours."""

    columns: tuple[Series, ...]  # [S], no two of one metric and the same tags
    dates: NDArray[
        np.datetime64
    ]  # [Y, H] the day of the hour; the first of the month where hours are representative
    weights: FloatArray  # [H] hours of the year that each stands for
    values: FloatArray  # [S, Y, H] in the unit of the series; NaN where undefined


@dataclass(frozen=True)
class SimulationResult:
    """A run's outcome. `metadata` is JSON: model, version, limits, baseline and its digest, seed, draws, parameters."""

    rows: OutputRows
    metrics: tuple[MetricValue, ...]
    metadata: Mapping[str, Any]
    attribution: Attribution | None = None
    hourly: Hourly | None = None
    """Only where the run asks for it."""


@runtime_checkable
class Model(Protocol):
    """A model: built in, or a plug-in under the entry-point group `sextant.models`."""

    @property
    def name(self) -> str:
        """What the run parameter `model` says to choose it."""

    @property
    def version(self) -> str:
        """Part of every result's metadata."""

    @property
    def limits(self) -> Sequence[str]:
        """What the model leaves out, one sentence each; part of every result's metadata."""

    def run(self, request: SimulationRequest) -> SimulationResult:
        """Compute; ModelInputError on bad input; whatever `request.progress` raises passes through."""
