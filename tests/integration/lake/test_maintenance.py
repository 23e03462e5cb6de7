"""Maintenance: nothing committed is ever lost, nothing waiting is ever deleted, what is left over goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation
from sqlalchemy import event

from local.aws import LocalAws
from sextant.ids import new_id
from sextant.lake.read.query import EVERYTHING
from sextant.lake.write.compaction import Compaction, CompactionPolicy, compact
from sextant.lake.write.maintenance import expire_snapshots, remove_orphans
from tests.integration.lake.conftest import Lake, begin_cold
from tests.integration.lake.stepwise import dies_at
from tests.unit.lake.samples import Fact, identity, some_rows

EAGER = CompactionPolicy(least_files=2)
NEXT_WEEK = datetime.now(UTC) + timedelta(days=7)


def fill(lake: Lake, scenario: UUID, runs: int = 6) -> list[Fact]:
    """Runs of one scenario, each committed by itself; their facts in order."""
    written: list[Fact] = []
    for number in range(runs):
        run = identity(scenario=scenario)
        lake.commit(lake.write(run, some_rows(50, seed=number)))
        written += lake.written[run.run_id]
    return sorted(written)


def data_files(lake: Lake) -> set[str]:
    return {item.location for item in lake.store.list(f"{lake.settings.table_location}/data/")}


def live_files(lake: Lake) -> set[str]:
    return {task.file.file_path for task in lake.table().scan().plan_files()}


def one_each(lake: Lake) -> dict[UUID, int]:
    return {run: len(rows) for run, rows in lake.written.items()}


def test_compaction_changes_files_and_not_rows(lake: Lake) -> None:
    # Given two scenarios of six files each
    scenarios = [new_id(), new_id()]
    written = [fill(lake, scenario) for scenario in scenarios]
    pages = [lake.pages("acme", scenario, EVERYTHING, 100) for scenario in scenarios]
    assert pages == written

    # When the table is compacted
    done = compact(lake.table(), EAGER)

    # Then there is one file a partition, in a snapshot that says it replaced without changing anything
    assert done.files_before == 12
    assert done.files_after == len(live_files(lake)) <= 2
    current = lake.table().current_snapshot()
    assert current is not None
    assert current.summary is not None
    assert current.summary.operation is Operation.REPLACE
    assert current.summary.additional_properties["total-records"] == "600"
    assert current.summary.additional_properties["total-data-files"] == str(done.files_after)

    # And every page is what it was, from warm and from cold
    assert [lake.pages("acme", scenario, EVERYTHING, 100) for scenario in scenarios] == written
    begin_cold()
    assert [lake.pages("acme", scenario, EVERYTHING, 100) for scenario in scenarios] == written
    assert lake.rows_per_run() == one_each(lake)

    # And there is nothing more to do
    assert compact(lake.table(), EAGER) == Compaction()


def test_compaction_keeps_to_its_budget(lake: Lake) -> None:
    fill(lake, new_id())
    assert compact(lake.table(), CompactionPolicy(least_files=7)) == Compaction()
    done = compact(lake.table(), CompactionPolicy(least_files=2, group_rows=150))
    assert (done.files_before, done.rows) == (3, 150)
    assert compact(lake.table(), CompactionPolicy(least_files=2, small_rows=51)).files_before == 3
    assert lake.rows_per_run() == one_each(lake)


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_a_commit_during_compaction_is_kept(lake: Lake, moment: int) -> None:
    # Given a compaction that is overtaken by a commit at some moment
    scenario = new_id()
    written = fill(lake, scenario)
    table = lake.table()
    seen = 0

    def overtake(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == moment:
            late = identity(scenario=scenario)
            lake.commit(lake.write(late, some_rows(50, seed=77)))
            written.extend(lake.written[late.run_id])

    watching(table, overtake)
    # When it ends
    compact(table, EAGER)
    # Then nothing is lost and nothing doubled
    assert seen >= moment
    assert lake.rows_per_run() == one_each(lake)
    assert lake.pages("acme", scenario, EVERYTHING, 100) == sorted(written)


def test_of_two_compactions_at_once_one_gives_up(lake: Lake) -> None:
    fill(lake, new_id())
    table = lake.table()
    others: list[Compaction] = []

    def overtake(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "UPDATE" in statement and not others:
            others.append(Compaction())
            others.append(compact(lake.table(), EAGER))

    watching(table, overtake)
    assert compact(table, EAGER) == Compaction()
    assert others[1].files_before == 6
    assert lake.rows_per_run() == one_each(lake)


def watching(table: Table, act: Callable[..., None]) -> None:
    """Calls `act` before each statement of this table's catalog; those `act` itself causes not included."""
    busy: list[bool] = []

    def before(*args: object) -> None:
        if not busy:
            busy.append(True)
            act(*args)
            busy.pop()

    event.listen(table.catalog.engine, "before_cursor_execute", before)  # type: ignore[attr-defined]


def eagerly(table: Table) -> None:
    compact(table, EAGER)


def test_compaction_killed_at_every_step_changes_no_row(lake: Lake, aws: LocalAws) -> None:
    scenario = new_id()
    written = fill(lake, scenario, runs=2)
    boundary = 0
    while dies_at(boundary, lake.settings, aws.variables(), eagerly):
        assert lake.pages("acme", scenario, EVERYTHING, 1000) == sorted(written)
        if len(live_files(lake)) == 1:
            written += fill(lake, scenario, runs=1)
        boundary += 2
    assert boundary > 8
    assert lake.rows_per_run() == one_each(lake)


def test_orphans_go_and_everything_in_use_stays(lake: Lake) -> None:
    # Given files in the table, replaced by compaction, waiting, left by a lost claim, and left by dead commits
    scenario = new_id()
    written = fill(lake, scenario)
    compact(lake.table(), EAGER)
    waiting = lake.write(identity(scenario=scenario))
    lost = lake.write(identity(scenario=scenario), token=1)
    leftover = f"{lake.settings.table_location}/metadata/{new_id()}-m0.avro"
    lake.store.put(leftover, b"left by a dead commit")

    # When orphans are removed while all snapshots are kept, then only what nobody refers to goes
    first = remove_orphans(lake.table(), waiting=[waiting.location], now=NEXT_WEEK)
    assert first.files_deleted == 2
    assert not {lost.location, leftover} & {i.location for i in lake.store.list(lake.settings.table_location)}

    # When the snapshots before compaction are forgotten, then the replaced files go too
    expire_snapshots(lake.table(), protect=[], keep=1)
    second = remove_orphans(lake.table(), waiting=[waiting.location], now=NEXT_WEEK)
    assert second.files_deleted >= 6
    assert data_files(lake) == live_files(lake) | {waiting.location}

    # And the table reads as before, also from cold, and takes what was waiting
    begin_cold()
    assert lake.pages("acme", scenario, EVERYTHING, 1000) == written
    lake.commit(waiting)
    assert data_files(lake) == live_files(lake)


def test_young_files_are_nobodys_orphans(lake: Lake) -> None:
    descriptor = lake.write(identity())
    assert remove_orphans(lake.table(), waiting=[], now=datetime.now(UTC)).files_deleted == 0
    with pytest.raises(ValueError, match="old"):
        remove_orphans(lake.table(), waiting=[], now=datetime.now(UTC), older_than=timedelta(minutes=5))
    lake.commit(descriptor)
    assert lake.rows_per_run() == one_each(lake)


def test_a_commit_between_listing_and_loading_is_referred_to(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an old file that is committed just after the listing, and so no longer waits
    descriptor = lake.write(identity())
    table = lake.table()
    refresh = table.refresh

    def commit_first() -> Table:
        lake.commit(descriptor)
        return refresh()

    monkeypatch.setattr(table, "refresh", commit_first)
    # When orphans are removed, then it stays
    assert remove_orphans(table, waiting=[], now=NEXT_WEEK).files_deleted == 0
    assert lake.rows_per_run() == one_each(lake)
