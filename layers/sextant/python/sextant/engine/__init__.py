"""The engine: numpy in, numpy out. It knows no service, no database and no HTTP.

`simulate(request)` runs the model that the request's parameters name, on the objects of the contract in `sextant.drivers`.
docs/model.md documents inputs, equations and limits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from sextant.drivers.errors import ModelInputError
from sextant.engine.baseline import baseline_from_tables
from sextant.engine.inputs import Fleet, Inputs
from sextant.engine.market import Terms
from sextant.engine.merit_order import MeritOrderModel, prepare
from sextant.engine.model import (
    Attribution,
    Hourly,
    MetricValue,
    Model,
    OutputRows,
    Progress,
    Series,
    Share,
    SimulationRequest,
    SimulationResult,
    no_progress,
)
from sextant.engine.reference import reference_system
from sextant.engine.registry import UnknownModelError, model_named, model_names
from sextant.engine.results import Measured
from sextant.engine.system import FloatArray, SystemData, Unit
from sextant.engine.tables import BaselineError, TableError, rows_from_csv
from sextant.engine.workload import Workload

__all__ = [
    "Applied",
    "Attribution",
    "BaselineError",
    "Hourly",
    "Measured",
    "MetricValue",
    "Model",
    "ModelInputError",
    "OutputRows",
    "Progress",
    "Series",
    "Share",
    "SimulationRequest",
    "SimulationResult",
    "SystemData",
    "TableError",
    "Unit",
    "UnknownModelError",
    "Workload",
    "apply_drivers",
    "baseline_from_tables",
    "measured_seconds",
    "merge_parts",
    "model_named",
    "model_names",
    "no_progress",
    "reference_system",
    "rows_from_csv",
    "simulate",
    "simulate_coalitions",
    "simulate_draws",
    "workload",
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


class Applied(NamedTuple):
    """A scenario's inputs for a model of one's own, with the fleet on whose axes they lie and the terms of the run."""

    inputs: Inputs
    fleet: Fleet
    terms: Terms


def apply_drivers(request: SimulationRequest) -> Applied:
    """What the request's assumptions and `shock_bp` make of its baseline, nothing dispatched but for conditions on results.

    The central case: random drivers take their means, so that the draws' axis is 1. RPS targets stand in the inputs; nothing
    is built for them. Raises ModelInputError for input that breaks a rule.
    """
    scenario = prepare(request)
    if scenario.members:
        raise ModelInputError("parameters.weather_year", "given: the baseline has several years of weather")
    shock = scenario.parameters.shock_bp
    inputs = scenario.inputs(scenario.assumptions, shock, scenario.sampler.central())
    return Applied(inputs, scenario.fleet, scenario.terms)


def simulate_draws(request: SimulationRequest, first: int, last: int) -> Measured:
    """The draws first … last − 1 of a Monte Carlo run, for one of several workers; only the built-in model splits."""
    return MeritOrderModel().block(request, first, last)


def simulate_coalitions(request: SimulationRequest, first: int, last: int) -> FloatArray:
    """NPVs [last − first] of some of the attribution's coalitions, for one of several workers."""
    return MeritOrderModel().worths(request, first, last)


def merge_parts(
    request: SimulationRequest, blocks: Sequence[Measured], worths: Sequence[float] | None = None
) -> SimulationResult:
    """The result of the whole run from its blocks of draws and its coalitions' NPVs, each in order, as far as it was divided.

    The same bytes as `simulate(request)`.
    """
    return MeritOrderModel().merge(request, blocks, worths)


def workload(request: SimulationRequest) -> Workload | None:
    """What of the run several workers may share; None where a plug-in computes it.

    Raises ModelInputError for input that breaks a rule.
    """
    if (request.parameters.get("model") or DEFAULT_MODEL) != DEFAULT_MODEL:
        return None
    return prepare(request).workload


def measured_seconds(request: SimulationRequest) -> float:
    """How long an evaluation takes on this machine: a block of draws is computed, or the central case."""
    scenario = prepare(request)
    began = time.perf_counter()
    if scenario.evaluated:
        block = min(scenario.block, scenario.evaluated)
        scenario.draws(0, block, no_progress)
        return (time.perf_counter() - began) / block
    scenario.central()
    return time.perf_counter() - began
