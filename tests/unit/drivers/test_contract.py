"""What the contract accepts, the engine computes, or refuses for a reason that only the baseline can know."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sextant.drivers.assumptions import Assumptions, read_assumptions
from sextant.drivers.errors import ModelInputError
from sextant.drivers.parameters import BuiltInParameters, read_parameters
from sextant.engine import SimulationRequest, simulate
from tests.unit.drivers.scenarios import assumptions, values
from tests.unit.engine.systems import driver, small_system

BASELINE_KNOWS = (
    "a weather year of the baseline",
    "there is no ",
    "must be a new name: the baseline ",
    "must be given: the baseline ",
    "must not be given: ",
    "between 2030 and 2033",
    "not before start_year",
    "below 1e+15 on this baseline",
)
PARAMETERS = st.fixed_dictionaries(
    {"draws": st.just(3)},
    optional={
        name: values(field, 1)
        for name, field in BuiltInParameters.model_fields.items()
        if name not in ("baseline", "model", "draws")
    },
)
STABLE = TypeAdapter[Any](Assumptions)
WIND = small_system().units[0]


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
@given(st.lists(assumptions(), max_size=3), PARAMETERS)
def test_what_the_contract_accepts_the_engine_computes_or_the_baseline_refuses(
    scenario: list[dict[str, Any]], parameters: dict[str, Any]
) -> None:
    # Given any assumptions and parameters that the contract accepts
    try:
        read_assumptions(scenario)
        read_parameters(parameters)
    except ModelInputError:
        reject()
    # When the engine is asked, with numpy's warnings as errors
    system = small_system(templates={"wind": WIND}, build_mix={"wind": 1.0})
    try:
        result = simulate(SimulationRequest(scenario, system, parameters, 1))
    except ModelInputError as error:
        refusal = error.rule
    else:
        # Then what it computes is finite
        assert np.all(np.isfinite(result.rows.value))
        return
    # Then what it refuses is something about the baseline
    assert refusal.startswith(BASELINE_KNOWS)


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
@given(st.lists(assumptions(), max_size=3))
def test_what_is_stored_reads_as_what_was_sent(scenario: list[dict[str, Any]]) -> None:
    try:
        drivers = read_assumptions(scenario)
    except ModelInputError:
        reject()
    stored = STABLE.dump_python(STABLE.validate_python(scenario), mode="json", exclude_none=True)
    assert read_assumptions(stored) == drivers


NOISE = {"quantity": "LOAD", "distribution": "NORMAL", "mean": 1, "std": 0.1}
UNIT = {"action": "ADD", "technology": "gas", "capacity_mw": 5, "year": 2030, "unit": "New"}
FAR = {"metric": "YEAR", "operator": "GT", "value": 1e301}
RISE = {"driver_type": "load_growth", "payload": {"annual_rate": 0.1}}


@pytest.mark.parametrize(
    ("scenario", "path"),
    [
        (
            [driver("conditional", logic="ANY", conditions=[FAR], then=[RISE])],
            "assumptions[0].payload.conditions[0].value",
        ),
        (
            [driver("stochastic", **NOISE, name="a"), driver("stochastic", **NOISE, name="a")],
            "assumptions[1].payload.name",
        ),
        (
            [driver("stochastic", **NOISE, correlations=[{"name": "a", "coefficient": 0.5}])],
            "assumptions[0].payload.correlations[0].name",
        ),
        (
            [driver("fleet_change", **UNIT), driver("fleet_change", **UNIT)],
            "assumptions[1].payload.unit",
        ),
    ],
)
def test_what_can_never_run_is_not_accepted(scenario: list[Any], path: str) -> None:
    with pytest.raises(ModelInputError) as refused:
        read_assumptions(scenario)
    assert refused.value.path == path
