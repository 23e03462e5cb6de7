"""The parameters of a run: the built-in model's are known by name and range, a plug-in's are its own."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from functions.api.http.problems import field_errors
from sextant.drivers.errors import ModelInputError
from sextant.drivers.parameters import BuiltInParameters, read_parameters
from sextant.runs.options import RunOptions
from sextant.scenarios.documents import ScenarioDocument

GOOD: dict[str, Any] = {
    "shock_bp": 25.0,
    "discount_rate": 0.05,
    "discount_basis": "NOMINAL",
    "inflation": 0.02,
    "base_year": 2030,
    "start_year": 2030,
    "end_year": 2031,
    "value_of_lost_load": 9000.0,
    "draws": 7,
    "attribution": False,
    "attribution_evaluations": 64,
    "equal_bids": "listed",
    "percentiles": "1, 99.5",
    "keep_draws": "npv,price",
    "hourly": "price, generation",
    "model": "merit_order",
}


def errors_of(kind: type[ScenarioDocument | RunOptions], **fields: Any) -> dict[str, str]:
    """The broken fields by path, with their rules; {} where nothing is wrong."""
    try:
        kind.model_validate(fields)
    except ValidationError as error:
        return {item.path: item.rule for item in field_errors(error.errors())}
    return {}


def test_the_built_in_model_knows_these_names_and_no_other() -> None:
    # Which years of weather there are, only the baseline knows.
    assert set(BuiltInParameters.model_fields) == {*GOOD, "baseline", "weather_year"}
    read_parameters(GOOD)
    with pytest.raises(ModelInputError):
        read_parameters({**GOOD, "shock": 1})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shock_bp", 1e6),
        ("discount_rate", -0.5),
        ("inflation", -0.5),
        ("inflation", 1.1),
        ("base_year", 1800),
        ("weather_year", 1800),
        ("value_of_lost_load", 0.0),
        ("draws", 0),
        ("draws", 10_001),
        ("attribution", 1),
        ("discount_basis", "MIXED"),
        ("equal_bids", "RANDOM"),
        ("percentiles", "5,100"),
        ("keep_draws", "npv,prices"),
    ],
)
def test_what_the_engine_refuses_every_request_refuses_first(name: str, value: Any) -> None:
    with pytest.raises(ModelInputError):
        read_parameters({name: value})
    assert list(errors_of(ScenarioDocument, name="s", parameters={name: value})) == [f"parameters.{name}"]
    assert list(errors_of(RunOptions, parameters={name: value})) == [f"parameters.{name}"]


def test_an_unknown_name_is_an_error_for_the_built_in_model_that_names_the_known_ones() -> None:
    for fields in ({"shok_bp": 1}, {"shok_bp": 1, "model": "merit_order"}):
        with pytest.raises(ValidationError, match=r"no parameter shok_bp; it has shock_bp, discount_rate"):
            ScenarioDocument.model_validate({"name": "s", "parameters": fields})
    assert errors_of(RunOptions, parameters={"shok_bp": 1, "model": "merit_order"}) == {
        "parameters.shok_bp": "unknown_parameter"
    }


def test_a_run_that_names_no_model_leaves_it_to_the_scenario() -> None:
    options = RunOptions.model_validate(
        {"parameters": {"flat_price_eur": 7, "draws": 3}, "sweep": {"colour": ["red"], "shock_bp": [1]}}
    )
    assert options.unknown_parameters() == ["parameters.flat_price_eur", "sweep.colour"]
    assert options.canonical_parameters() == (
        '{"draws":3,"flat_price_eur":7,"sweep":{"colour":["red"],"shock_bp":[1]}}'
    )
    named = RunOptions.model_validate({"parameters": {"flat_price_eur": 7, "model": "flat"}})
    assert named.unknown_parameters() == []


def test_a_plug_ins_parameters_are_its_own() -> None:
    document = ScenarioDocument.model_validate(
        {"name": "s", "parameters": {"model": "flat", "draws": "many", "price": 1.5, "left_out": None}}
    )
    assert document.values()["parameters"] == '{"draws":"many","model":"flat","price":1.5}'
    for value, rule in (([1], "scalar"), (2**60, "too_large"), ("x" * 1001, "scalar")):
        found = errors_of(ScenarioDocument, name="s", parameters={"model": "flat", "price": value})
        assert found == {"parameters.price": rule}
    for fields in ({"sweep": 1}, {"model": "flat", "sweep": 1}):
        assert errors_of(RunOptions, parameters=fields) == {"parameters.sweep": "reserved"}


def test_a_bad_point_of_a_sweep_is_named() -> None:
    assert errors_of(RunOptions, sweep={"draws": [1, 0]}) == {"sweep.draws[1]": "minimum"}
    assert errors_of(RunOptions, sweep={"baseline": ["a"]}) == {"sweep.baseline": "not_applicable"}
    assert errors_of(RunOptions, sweep={"model": ["flat", "merit_order"], "price": [1]}) == {}
    assert errors_of(RunOptions, sweep={"model": ["No Model"]}) == {"sweep.model[0]": "pattern"}
    strict = {"parameters": {"model": "merit_order"}, "sweep": {"price": [1]}}
    assert errors_of(RunOptions, **strict) == {"sweep.price[0]": "unknown_parameter"}
    assert errors_of(RunOptions, sweep={"draws": list(range(1, 41)), "shock_bp": list(range(40))}) == {
        "sweep": "too_long"
    }
