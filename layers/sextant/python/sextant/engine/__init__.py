"""The engine: numpy in, numpy out. It knows no service, no database and no HTTP.

`simulate(request)` runs the model that the request's parameters name. docs/model.md documents inputs, equations and limits.
"""

from __future__ import annotations

from sextant.engine.errors import ModelInputError, UnknownModelError
from sextant.engine.model import (
    Attribution,
    MetricValue,
    Model,
    OutputRows,
    Progress,
    Share,
    SimulationRequest,
    SimulationResult,
)
from sextant.engine.payloads import read_assumptions
from sextant.engine.reference import reference_system
from sextant.engine.registry import model_named
from sextant.engine.system import SystemData, Unit

__all__ = [
    "Attribution",
    "MetricValue",
    "Model",
    "ModelInputError",
    "OutputRows",
    "Progress",
    "Share",
    "SimulationRequest",
    "SimulationResult",
    "SystemData",
    "Unit",
    "UnknownModelError",
    "model_named",
    "read_assumptions",
    "reference_system",
    "simulate",
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
