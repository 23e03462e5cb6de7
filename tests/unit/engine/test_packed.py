"""A system that was packed is the system that was read from tables, or is refused."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from sextant.engine import SystemData, reference_system
from sextant.engine.packed import FORM, NotPackedError, packed, unpacked
from tests.unit.engine.systems import run, series, small_system


@pytest.mark.parametrize("system", [small_system(), reference_system()], ids=["small", "reference"])
def test_every_field_comes_back_as_it_was(system: SystemData) -> None:
    back = unpacked(packed(system), name=system.name, version=system.version)
    for field in fields(SystemData):
        before, after = getattr(system, field.name), getattr(back, field.name)
        assert type(after) is type(before), field.name
        np.testing.assert_equal(after, before)
    assert back.digest() == system.digest()
    assert packed(back) == packed(system)


def test_a_packed_system_computes_under_the_name_and_version_that_it_is_given() -> None:
    back = unpacked(packed(small_system()), name="island", version="7")
    result = run(system=back)
    assert series(result, "price") == series(run(system=small_system()), "price")
    baseline = result.metadata["baseline"]
    assert (baseline["name"], baseline["version"]) == ("island", "7")
    assert baseline["digest"] == replace(small_system(), name="island", version="7").digest()


def test_what_is_not_whole_or_of_another_version_is_refused() -> None:
    content = packed(small_system())
    middle = len(content) // 2
    altered = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    for wrong in (b"", content[:-1], altered, b"PAR1" + content, content.replace(FORM.encode(), b"0" * 16)):
        with pytest.raises(NotPackedError):
            unpacked(wrong, name="small", version="1")
