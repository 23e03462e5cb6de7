"""The models that compute runs, described so that a form can be built from the answer alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sextant.drivers import examples
from sextant.drivers.assumptions import PAYLOADS
from sextant.engine.merit_order import VERSION
from tests.integration.api.conftest import Client


def test_the_built_in_model_is_listed_and_another_name_is_not_found(client: Client) -> None:
    (first, *_) = client("GET", "/v1/models").data
    assert first == {"name": "merit_order", "version": VERSION, "built_in": True}
    unknown = client("GET", "/v1/models/merit")
    assert (unknown.status, unknown.code) == (404, "model_not_found")
    assert "merit_order" in unknown.json["detail"]


def fields_of(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of every object in the schema, by path."""
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            yield f"{path}.{name}", field
        for key, part in schema.items():
            yield from fields_of(part, f"{path}.{key}")
    elif isinstance(schema, list):
        for part in schema:
            yield from fields_of(part, path)


def test_every_field_can_be_shown_in_a_form(client: Client) -> None:
    model = client("GET", "/v1/models/merit_order").data
    assert set(model["drivers"]) == set(PAYLOADS)
    defined = model["assumptions"]["$defs"]
    for driver in model["drivers"].values():
        assert driver["description"]
        assert driver["payload"].removeprefix("#/$defs/") in defined
    fields = [*fields_of(model["assumptions"]), *fields_of(model["parameters"])]
    assert len(fields) > 100
    for path, field in fields:
        assert "anyOf" not in field or len(field["anyOf"]) > 1, path
        assert {"type", "$ref", "const", "enum", "oneOf", "anyOf"} & set(field), path
        assert field.get("$ref", "#/$defs/x").removeprefix("#/$defs/") in {*defined, "x"}, path
    fuel = defined["FuelCurvePayload"]["properties"]["fuel"]
    assert fuel["x-vocabulary"] == "fuels"
    assert model["parameters"]["properties"]["discount_rate"]["default"] == 0.07


@pytest.mark.parametrize("name", PAYLOADS)
def test_the_example_of_a_driver_is_taken_without_a_warning(client: Client, name: str) -> None:
    body = {
        "name": name,
        "assumptions": [{"driver_type": name, "payload": examples.DRIVERS[name]}],
        "parameters": examples.PARAMETERS,
    }
    answer = client("POST", "/v1/scenarios:validate", body)
    assert (answer.status, answer.json["meta"]["warnings"]) == (200, [])
