"""docs/model.md names every field of every driver and every parameter of a run, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sextant.drivers.assumptions import PAYLOADS
from sextant.drivers.parameters import BuiltInParameters

DOCUMENT = (Path(__file__).parents[3] / "docs" / "model.md").read_text(encoding="utf-8")


def documented(heading: str) -> tuple[set[str], set[str]]:
    """The fields in the first column of a section's table, and those of them marked as required without condition."""
    section = DOCUMENT.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    cells = re.findall(r"^\| ([^|]*`[^|]*) \|", section, re.MULTILINE)
    fields = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    required = {name for cell in cells for name in re.findall(r"`(\w+)` \*(?! \()", cell)}
    return fields, required


@pytest.mark.parametrize("driver", PAYLOADS)
def test_every_field_of_a_driver_is_documented_and_what_is_required_is_marked(driver: str) -> None:
    payload = PAYLOADS[driver]
    fields, required = documented(f"### `{driver}`")
    assert fields == set(payload.model_fields)
    assert required == {name for name, field in payload.model_fields.items() if field.is_required()}


def test_every_parameter_of_a_run_is_documented() -> None:
    fields, _ = documented("## Run parameters")
    assert fields == set(BuiltInParameters.model_fields)
