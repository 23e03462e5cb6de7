"""docs/model.md says of every field of every driver, and of every parameter of a run, what the contract says."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from sextant.drivers.assumptions import PAYLOADS
from sextant.drivers.parameters import BuiltInParameters
from tools.docs import model_tables
from tools.docs.marks import read

PAGE = model_tables.PAGE.read_text(encoding="utf-8")
MODELS: dict[str, type[BaseModel]] = {
    **{name.replace("_", " "): payload for name, payload in PAYLOADS.items()},
    "parameters": BuiltInParameters,
}


@pytest.mark.parametrize("place", MODELS)
def test_every_field_is_documented_and_what_is_required_is_marked(place: str) -> None:
    table = read(PAGE, place)
    for name, field in MODELS[place].model_fields.items():
        assert f"| `{name}`{' *' if field.is_required() else ''} |" in table


def test_the_tables_are_those_of_the_contract() -> None:
    assert model_tables.files() == {model_tables.PAGE: PAGE}
