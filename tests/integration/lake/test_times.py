"""A machine whose clock is hours ahead or behind writes to the table: its times never run backwards, or can be repaired."""

from __future__ import annotations

import logging
import time

import pytest

from sextant.ids import new_id
from sextant.lake.write.commit import commit_batch
from sextant.lake.write.compaction import compact
from sextant.lake.write.maintenance import expire_snapshots, sort_times
from sextant.lake.write.times import Clock, disorder, own_clock
from tests.integration.lake.conftest import Lake, begin_cold
from tests.integration.lake.test_maintenance import EAGER, one_each
from tests.unit.lake.samples import identity

HOURS = 3_600_000


def ahead(milliseconds: int) -> Clock:
    return lambda: own_clock() + milliseconds


def commit(lake: Lake, clock: Clock = own_clock) -> int:
    return commit_batch(lake.table(), new_id(), [lake.write(identity())], clock=clock)


def java_accepts(lake: Lake) -> bool:
    """Whether the rules of Iceberg's `TableMetadata` (1.9.2) hold: a minute of tolerance between neighbours."""
    metadata = lake.table().metadata
    for log in (metadata.snapshot_log, metadata.metadata_log):
        times = [entry.timestamp_ms for entry in log]
        pairs = zip(times, [*times[1:], metadata.last_updated_ms], strict=True)
        if any(after - before < -60_000 for before, after in pairs):
            return False
    return True


@pytest.mark.parametrize("skew", [2 * HOURS, -2 * HOURS], ids=["ahead", "behind"])
def test_no_time_lies_before_the_one_it_follows(
    lake: Lake, skew: int, caplog: pytest.LogCaptureFixture
) -> None:
    # Given commits, one of them by a machine whose clock is two hours wrong
    commit(lake)
    commit(lake, ahead(skew))
    # When others go on with the right time: commits, a compaction, an expiry
    with caplog.at_level(logging.WARNING):
        commit(lake)
        compact(lake.table(), EAGER)
        expire_snapshots(lake.table(), protect=[], keep=2)
        commit(lake)

    # Then every engine reads the table
    assert java_accepts(lake)
    times = [snapshot.timestamp_ms for snapshot in lake.table().metadata.snapshots]
    assert times == sorted(times)
    assert lake.rows_per_run() == one_each(lake)
    # And where the wrong time stands in it, that is said, and it does not move on by itself.
    if skew > 0:
        assert "lies 1:59:5" in caplog.text
        assert disorder(lake.table().metadata)[0].startswith("the table's last update lies 7")
        assert times[-1] - own_clock() <= skew
    else:
        assert disorder(lake.table().metadata) == []


def spoil(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes to the table as a release did that wrote each machine's own time."""
    from sextant.lake.write import maintenance, snapshot

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "next_time", lambda _, clock: clock())
        patch.setattr(maintenance, "next_time", lambda _, clock: clock())
        commit(lake)
        commit(lake, ahead(2 * HOURS))
        commit(lake)
        commit(lake)


def test_a_table_that_runs_backwards_is_found_and_put_in_order(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(lake, monkeypatch)
    assert not java_accepts(lake)
    assert any("snapshot log runs backwards by 7" in wrong for wrong in disorder(lake.table().metadata))
    before = [snapshot.snapshot_id for snapshot in lake.table().metadata.snapshots]

    assert sort_times(lake.table()) != []

    assert java_accepts(lake)
    assert disorder(lake.table().metadata) == []
    assert [snapshot.snapshot_id for snapshot in lake.table().metadata.snapshots] == before
    assert sort_times(lake.table()) == []
    # And it is written to and read as ever, from cold too.
    begin_cold()
    commit(lake)
    expire_snapshots(lake.table(), protect=[], keep=1)
    assert java_accepts(lake)
    assert lake.rows_per_run() == one_each(lake)
    assert lake.table().metadata.last_updated_ms <= time.time() * 1000 + 1000


def test_a_wrong_time_that_was_just_written_goes_too(lake: Lake) -> None:
    commit(lake)
    commit(lake, ahead(2 * HOURS))
    assert sort_times(lake.table()) != []
    commit(lake)
    assert java_accepts(lake)
    assert disorder(lake.table().metadata) == []
