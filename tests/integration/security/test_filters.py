"""Filters over outputs: what could match nothing, or everything, by accident is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from functions.api.http.parameters import InvalidParameterError
from functions.api.output_query import filter_of

NOTHING: dict[str, Any] = dict.fromkeys(("metric", "runs", "start", "end", "min_value", "max_value", "tags"))


@pytest.mark.parametrize("name", ["min_value", "max_value"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400"])
def test_a_bound_is_a_finite_number(name: str, value: str) -> None:
    with pytest.raises(InvalidParameterError) as refused:
        filter_of(**{**NOTHING, name: float(value)})
    assert [(error.path, error.rule) for error in refused.value.errors] == [(name, "finite_number")]
    assert filter_of(**{**NOTHING, name: -0.0}) == filter_of(**{**NOTHING, name: 0.0})
