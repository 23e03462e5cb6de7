"""Floors: never above a row that stands or may still appear."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from sextant.outbox.low_watermarks import LowWatermarks
from sextant.outbox.model import ClaimedEvent, Measured


def claimed(tenant: str, position: int) -> ClaimedEvent:
    return ClaimedEvent(position, 0, tenant, uuid4(), "t", None, "{}", datetime.now(UTC), 0, None, "{}", 0.0)


def test_before_anything_is_certain_there_is_no_floor() -> None:
    floors = LowWatermarks()
    floors.claimed([claimed("acme", 10)])
    assert floors.known == {"acme": 0}


def test_with_nobody_writing_the_head_of_a_claim_is_the_floor() -> None:
    floors = LowWatermarks()
    floors.measured(Measured(100, [], complete=True))
    floors.claimed([claimed("acme", 10), claimed("acme", 11), claimed("bolt", 40)])
    assert floors.known == {"acme": 10, "bolt": 40}


def test_a_head_above_what_is_certain_is_no_floor() -> None:
    floors = LowWatermarks()
    floors.measured(Measured(5, [], complete=True))
    floors.claimed([claimed("acme", 10)])
    assert floors.known == {"acme": 5}


def test_a_position_is_certain_once_those_who_were_writing_have_ended() -> None:
    floors = LowWatermarks()
    floors.measured(Measured(100, ["3/7"], complete=True))
    assert floors.watched == ["3/7"]
    # Given that the writer is still there
    floors.measured(Measured(200, ["3/7", "4/1"], complete=False))
    floors.claimed([claimed("acme", 50)])
    assert floors.known == {"acme": 0}
    assert floors.watched == ["3/7"]
    # When it has ended
    floors.measured(Measured(300, ["4/1"], complete=True))
    floors.claimed([claimed("acme", 99), claimed("bolt", 250)])
    # Then all up to the position it was seen at is certain, and nothing above
    assert floors.known == {"acme": 99, "bolt": 100}
    assert floors.watched == ["4/1"]


def test_a_floor_never_sinks() -> None:
    floors = LowWatermarks()
    floors.measured(Measured(100, [], complete=True))
    floors.claimed([claimed("acme", 50)])
    floors.claimed([claimed("acme", 20)])
    assert floors.known == {"acme": 50}


def test_only_the_tenant_queues_served_last_are_remembered() -> None:
    floors = LowWatermarks()
    for number in range(1000):
        floors.claimed([claimed(f"tenant-{number}", 1)])
    assert len(floors.known) == 256
    assert "tenant-999" in floors.known
