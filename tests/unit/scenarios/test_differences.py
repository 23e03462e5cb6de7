"""What differs between two documents: items of lists are followed, not counted."""

from __future__ import annotations

from typing import Any

import pytest

from sextant.scenarios.differences import differences


def driver(kind: str, **payload: Any) -> dict[str, Any]:
    return {"driver_type": kind, "payload": payload}


GAS = driver("fuel_curve", fuel="gas", multiplier=2)
COAL = driver("fuel_curve", fuel="coal", multiplier=2)
RPS = driver("policy", policy_name="RPS", start_year=2030, target=0.6)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([GAS, RPS], [RPS, GAS], [("[0]", "MOVED", 1, 0)]),
        ([GAS], [RPS, GAS], [("[0]", "ADDED", None, RPS)]),
        ([RPS, GAS], [GAS], [("[0]", "REMOVED", RPS, None)]),
        (
            [GAS, COAL],
            [COAL, driver("fuel_curve", fuel="gas", multiplier=3)],
            [("[1].payload.multiplier", "CHANGED", 2, 3), ("[0]", "MOVED", 1, 0)],
        ),
        ([GAS], [RPS], [("[0]", "ADDED", None, RPS), ("[0]", "REMOVED", GAS, None)]),
        ([GAS, GAS], [GAS], [("[1]", "REMOVED", GAS, None)]),
        (["a", "b"], ["b"], [("[0]", "REMOVED", "a", None)]),
        (["a", "b"], ["a", "c"], [("[1]", "CHANGED", "b", "c")]),
        ([{"year": 1, "price": 2}], [{"year": 1, "price": 3}], [("[0].price", "CHANGED", 2, 3)]),
        ([], [], []),
    ],
)
def test_items_are_followed(before: Any, after: Any, found: list[tuple[Any, ...]]) -> None:
    told = [(d.path, d.change, d.before, d.after) for d in differences(before, after)]
    assert sorted(told, key=str) == sorted(found, key=str)


def test_the_fewest_items_are_said_to_have_moved() -> None:
    items = [driver("fleet_change", technology=f"t{number}") for number in range(50)]
    moved = [*items[1:], items[0]]
    assert [(d.change, d.before, d.after) for d in differences(items, moved)] == [("MOVED", 0, 49)]
