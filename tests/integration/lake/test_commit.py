"""Group commit: every run's rows stand once, whoever is killed, delayed, doubled or overtaken."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.table.update import RemoveSnapshotsUpdate
from pyiceberg.transforms import DayTransform
from sqlalchemy import event

from local.aws import LocalAws
from sextant.ids import new_id
from sextant.lake.errors import BatchConflictError
from sextant.lake.table import catalog
from sextant.lake.table.columns import OUTPUTS
from sextant.lake.table.iceberg import RETAINED_SNAPSHOTS
from sextant.lake.table.settings import LakeSettings
from sextant.lake.write.commit import commit_batch
from sextant.lake.write.datafile import DataFileDescriptor
from sextant.lake.write.maintenance import expire_snapshots
from sextant.lake.write.manifests import MERGE_FACTOR
from sextant.lake.write.snapshot import batch_of, history
from tests.integration.lake.conftest import Lake, begin_cold
from tests.integration.lake.stepwise import dies_at
from tests.unit.lake.samples import identity, some_rows


def one_each(lake: Lake) -> dict[UUID, int]:
    return {run: len(rows) for run, rows in lake.written.items()}


def test_a_batch_is_one_snapshot_that_carries_its_id(lake: Lake) -> None:
    batch = new_id()
    descriptors = [lake.write(identity(tenant)) for tenant in ("acme", "acme", "beta")]
    snapshot = lake.commit(*descriptors, batch=batch)
    current = lake.table().current_snapshot()
    assert current is not None
    assert (current.snapshot_id, batch_of(current)) == (snapshot, str(batch))
    assert current.summary is not None
    assert current.summary.additional_properties["added-data-files"] == "3"
    assert current.summary.additional_properties["total-records"] == "60"
    assert lake.rows_per_run() == one_each(lake)


def test_committing_again_adds_nothing_and_finds_the_snapshot(lake: Lake) -> None:
    batch, descriptor = new_id(), lake.write(identity())
    first = lake.commit(descriptor, batch=batch)
    lake.commit(lake.write(identity()))
    lake.commit(lake.write(identity()))
    with lake.requests() as sent:
        assert lake.commit(descriptor, batch=batch) == first
    assert not sent["PUT"]
    assert lake.rows_per_run() == one_each(lake)


def test_batches_that_make_no_sense_are_refused(lake: Lake) -> None:
    descriptor = lake.write(identity())
    with pytest.raises(ValueError, match="empty"):
        lake.commit(batch=new_id())
    with pytest.raises(ValueError, match="2 times"):
        lake.commit(descriptor, descriptor)
    with pytest.raises(ValueError, match="UUIDv7"):
        lake.commit(descriptor, batch=UUID(int=4))
    with pytest.raises(ValueError, match="partition spec"):
        lake.commit(replace(descriptor, spec_id=7))
    assert lake.table().current_snapshot() is None


# ------------------------------------------------------------------------------------------- requests


def test_a_commit_costs_five_requests_cold_and_three_warm(lake: Lake) -> None:
    table = lake.table()
    for _ in range(3):
        commit_batch(table, new_id(), [lake.write(identity())])
    batches = [[lake.write(identity()) for _ in range(20)] for _ in range(2)]

    begin_cold()
    with lake.requests() as cold:
        commit_batch(lake.table(), new_id(), batches[0])
    with lake.requests() as warm:
        commit_batch(lake.table(), new_id(), batches[1])

    assert dict(cold) == {"GET": 2, "PUT": 3}  # metadata, manifest list; manifest, manifest list, metadata
    assert dict(warm) == {"PUT": 3}


def test_a_data_file_is_one_request(lake: Lake) -> None:
    lake.table()
    with lake.requests() as sent:
        lake.write(identity(), some_rows(1000))
    assert dict(sent) == {"PUT": 1}


def test_hundreds_of_commits_stay_cheap_and_leave_little_behind(lake: Lake) -> None:
    table = lake.table()
    most = 0
    for _ in range(RETAINED_SNAPSHOTS + 40):
        descriptor = lake.write(identity(), some_rows(2))
        with lake.requests() as sent:
            commit_batch(table, new_id(), [descriptor])
        most = max(most, sent.total())
    metadata = table.metadata
    current = metadata.current_snapshot()
    assert current is not None
    # The fourth request, now and then, deletes superseded table metadata.
    assert most <= 4
    assert len(metadata.snapshots) <= RETAINED_SNAPSHOTS + 20
    assert len(current.manifests(table.io)) < 2 * MERGE_FACTOR
    names = [item.location for item in lake.store.list(f"{metadata.location}/metadata/")]
    assert sum(name.endswith(".metadata.json") for name in names) < 40
    assert lake.rows_per_run() == one_each(lake)


def test_no_commit_rewrites_much_however_many_files_there_are(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given commits of three files, where manifests are merged up to twenty
    monkeypatch.setattr("sextant.lake.write.manifests.LARGEST_MERGED", 20)
    table, rewritten = lake.table(), []
    for _ in range(26):
        commit_batch(table, new_id(), [lake.write(identity(), some_rows(2)) for _ in range(3)])
        current = table.metadata.current_snapshot()
        assert current is not None
        newest = next(m for m in current.manifests(table.io) if m.added_snapshot_id == current.snapshot_id)
        assert newest.added_files_count == 3
        rewritten.append(newest.existing_files_count)
    # Then some commits merge older manifests, none more than twenty files, and what reached twenty stays
    assert set(rewritten) == {0, 18}
    assert 2 <= rewritten.count(18) <= 3
    assert lake.rows_per_run() == one_each(lake)


# ------------------------------------------------------------------------------------------- killed


@dataclass(frozen=True)
class Commit:
    """Commits a batch; picklable, for another process."""

    batch: UUID
    descriptors: Sequence[DataFileDescriptor]

    def __call__(self, table: Table) -> None:
        commit_batch(table, self.batch, self.descriptors)


def test_killed_at_every_step_and_tried_again_each_run_stands_once(lake: Lake, aws: LocalAws) -> None:
    # Given a table with something in it
    lake.commit(lake.write(identity()))
    boundary = 0
    landed: set[bool] = set()
    while True:
        # When a committer dies at this boundary
        batch, descriptors = new_id(), [lake.write(identity()) for _ in range(2)]
        died = dies_at(boundary, lake.settings, aws.variables(), Commit(batch, descriptors))
        landed.add(any(batch_of(each) == str(batch) for each in history(lake.table().metadata)))
        # and another finishes its batch
        lake.commit(*descriptors, batch=batch)
        if not died:
            break
        boundary += 1
    # Then every run stands once, whether the dead one's commit had landed or not
    assert boundary > 8
    assert landed == {True, False}
    assert lake.rows_per_run() == one_each(lake)


# ------------------------------------------------------------------------------------------- overtaken


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(1, id="before it looks"),
        pytest.param(2, id="after it looked, before the catalog loads the table"),
        pytest.param(3, id="at the compare-and-set itself"),
    ],
)
def test_a_dead_committer_that_wakes_up_finds_its_batch_registered(lake: Lake, moment: int) -> None:
    # Given a committer that stops at some moment while another registers the same batch
    batch, descriptors = new_id(), [lake.write(identity()) for _ in range(3)]
    lake.commit(lake.write(identity()))
    zombie = own_table(lake)
    by_other: list[int] = []
    seen = 0

    def overtake() -> None:
        by_other.append(lake.commit(*descriptors, batch=batch))

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == moment:
            overtake()

    event.listen(zombie.catalog.engine, "before_cursor_execute", count)  # type: ignore[attr-defined]

    # When it goes on
    found = commit_batch(zombie, batch, descriptors)

    # Then it finds the other's snapshot and adds nothing
    assert [found] == by_other
    assert lake.rows_per_run() == one_each(lake)
    zombie.catalog.close()


def test_a_commit_whose_answer_is_lost_is_found(lake: Lake) -> None:
    # Given a catalog that takes the commit and then breaks the connection
    batch, descriptor = new_id(), lake.write(identity())
    table = own_table(lake)
    commit = table.catalog.commit_table

    def lose_answer(*args: Any) -> Any:
        commit(*args)
        raise ConnectionError("connection lost")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table.catalog, "commit_table", lose_answer)
        with pytest.raises(ConnectionError):
            commit_batch(table, batch, [descriptor])

    # When the batch is tried again
    commit_batch(table, batch, [descriptor])

    # Then it was there already
    assert lake.rows_per_run() == one_each(lake)
    table.catalog.close()


def test_many_committers_with_doubled_and_reordered_batches(lake: Lake) -> None:
    # Given ten batches, each handed three times to some of four committers, in any order
    batches = [(new_id(), [lake.write(identity()) for _ in range(3)]) for _ in range(10)]
    deliveries = batches * 3
    random.Random(7).shuffle(deliveries)
    committers = 4
    tables = [own_table(lake) for _ in range(committers)]

    def work(number: int) -> list[int]:
        return [commit_batch(tables[number], *delivery) for delivery in deliveries[number::committers]]

    # When all work at once
    with ThreadPoolExecutor(committers) as pool:
        snapshots = list(pool.map(work, range(committers)))

    # Then there are ten snapshots and each run stands once
    assert len({snapshot for found in snapshots for snapshot in found}) == len(batches)
    assert len(list(history(lake.table().metadata))) == len(batches)
    assert lake.rows_per_run() == one_each(lake)
    for table in tables:
        table.catalog.close()


def own_table(lake: Lake) -> Table:
    """The table through a catalog of its own, as another process would have it."""
    make: Callable[[LakeSettings], Catalog] = catalog._made.__wrapped__
    return make(lake.settings).load_table(OUTPUTS.identifier)


# ------------------------------------------------------------------------------------------- forgotten


def test_a_batch_older_than_the_history_is_looked_for_in_the_rows(lake: Lake) -> None:
    # Given a batch whose snapshot was forgotten although it was not finished
    old = new_id()
    batch = UUID(int=old.int - (int(timedelta(hours=1).total_seconds() * 1000) << 80))
    descriptors = [lake.write(identity()) for _ in range(2)]
    lake.commit(*descriptors, batch=batch)
    for _ in range(3):
        lake.commit(lake.write(identity()))
    table = lake.table()
    forgotten = [s.snapshot_id for s in history(table.metadata)][2:]
    with table.transaction() as transaction:
        transaction._apply((RemoveSnapshotsUpdate(snapshot_ids=forgotten),))

    # When it is committed again, then nothing is added
    assert lake.commit(*descriptors, batch=batch) == table.metadata.current_snapshot_id
    assert lake.rows_per_run() == one_each(lake)

    # And a batch of which only a part is there is refused, while a new one is taken
    stranger = lake.write(identity())
    with pytest.raises(BatchConflictError):
        lake.commit(stranger, *descriptors, batch=UUID(int=batch.int - 1))
    lake.commit(stranger, batch=UUID(int=batch.int - 2))
    assert lake.rows_per_run() == one_each(lake)


def test_expiry_stops_at_the_commit_of_an_unfinished_batch(lake: Lake) -> None:
    lake.commit(lake.write(identity()))
    unfinished, descriptor = new_id(), lake.write(identity())
    snapshot = lake.commit(descriptor, batch=unfinished)
    for _ in range(5):
        lake.commit(lake.write(identity()))
    assert expire_snapshots(lake.table(), protect=[unfinished], keep=2) == 1
    assert [s.snapshot_id for s in history(lake.table().metadata)][-1] == snapshot
    assert expire_snapshots(lake.table(), protect=[], keep=2) == 4
    assert lake.rows_per_run() == one_each(lake)


def test_files_of_an_older_partition_spec_stay_under_it(lake: Lake) -> None:
    # Given a file written before the table's partitioning evolved
    before = lake.write(identity())
    table = lake.table()
    with table.update_spec() as update:
        update.add_field("asof_date", DayTransform())
    assert lake.table().spec().spec_id != before.spec_id

    # When it is committed
    lake.commit(before)

    # Then its manifest is one of the spec it was written under
    current = lake.table().current_snapshot()
    assert current is not None
    assert [m.partition_spec_id for m in current.manifests(table.io)] == [before.spec_id]
    assert lake.rows_per_run() == one_each(lake)


def test_a_manifest_that_is_gone_stops_no_commit(lake: Lake) -> None:
    # Given a tier that is full, of which one manifest is gone
    for _ in range(MERGE_FACTOR):
        lake.commit(lake.write(identity()))
    current = lake.table().current_snapshot()
    assert current is not None
    gone = current.manifests(lake.table().io)[-1].manifest_path
    lake.store.delete([gone])
    begin_cold()

    # When the commit comes that would merge them, then it is registered, and the gone one is left as it is
    late = identity()
    snapshot = lake.commit(lake.write(late))
    after = lake.table().snapshot_by_id(snapshot)
    assert after is not None
    paths = [manifest.manifest_path for manifest in after.manifests(lake.table().io)]
    assert gone in paths
    assert len(paths) == 2
