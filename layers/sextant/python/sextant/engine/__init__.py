"""The engine: numpy in, numpy out. It knows no service, no database and no HTTP.

`simulate(request)` runs the model that the request's parameters name, on the objects of the contract in `sextant.drivers`.
docs/model.md documents inputs, equations and limits.
"""

from __future__ import annotations

from collections.abc import Sequence

from sextant.drivers.errors import ModelInputError
from sextant.engine.baseline import baseline_from_tables
from sextant.engine.merit_order import MeritOrderModel, prepare
from sextant.engine.model import (
    Attribution,
    MetricValue,
    Model,
    OutputRows,
    Progress,
    Share,
    SimulationRequest,
    SimulationResult,
    no_progress,
)
from sextant.engine.reference import reference_system
from sextant.engine.registry import UnknownModelError, model_named, model_names
from sextant.engine.results import Measured
from sextant.engine.system import SystemData, Unit
from sextant.engine.tables import BaselineError, TableError, rows_from_csv

__all__ = [
    "Attribution",
    "BaselineError",
    "Measured",
    "MetricValue",
    "Model",
    "ModelInputError",
    "OutputRows",
    "Progress",
    "Share",
    "SimulationRequest",
    "SimulationResult",
    "SystemData",
    "TableError",
    "Unit",
    "UnknownModelError",
    "baseline_from_tables",
    "draws_to_split",
    "merge_draws",
    "model_named",
    "model_names",
    "no_progress",
    "reference_system",
    "rows_from_csv",
    "simulate",
    "simulate_draws",
]

DEFAULT_MODEL = "merit_order"


def simulate(request: SimulationRequest) -> SimulationResult:
    """Run the model that `parameters.model` names, the merit order by default.

    Raises ModelInputError for input that breaks a rule, and whatever the progress callback raises to cancel.
    """
    chosen = request.parameters.get("model") or DEFAULT_MODEL
    if not isinstance(chosen, str):
        raise ModelInputError("parameters.model", "text")
    return model_named(chosen).run(request)


def simulate_draws(request: SimulationRequest, first: int, last: int) -> Measured:
    """The draws first … last − 1 of a Monte Carlo run, for one of several workers; only the built-in model splits."""
    return MeritOrderModel().block(request, first, last)


def merge_draws(request: SimulationRequest, blocks: Sequence[Measured]) -> SimulationResult:
    """The result of the whole run from its blocks in order: the same bytes as `simulate(request)`."""
    return MeritOrderModel().merge(request, blocks)


def draws_to_split(request: SimulationRequest) -> int:
    """How many draws the run has that several workers may share; 0 where nothing is random, or a plug-in computes it.

    Raises ModelInputError for input that breaks a rule.
    """
    if (request.parameters.get("model") or DEFAULT_MODEL) != DEFAULT_MODEL:
        return 0
    scenario = prepare(request)
    return scenario.parameters.draws if scenario.sampler.random else 0
