"""A file of a published run that is gone or damaged: a reader is told so, an incident says which, and nothing else stops."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sextant import bootstrap
from sextant.errors import UnavailableError
from sextant.ids import RunId, TenantId, new_id
from sextant.lake.errors import UnreadableFile
from sextant.lake.objects.store import ObjectStore
from sextant.lake.table.catalog import load_table
from sextant.lake.write.compaction import CompactionPolicy, compact
from sextant.outputs import unreadable_files
from sextant.outputs.maintenance import maintain, maintain_all
from sextant.outputs.object_check import check_objects
from sextant.outputs.reconciliation import compare, reconcile
from tests.integration.lake.conftest import begin_cold
from tests.integration.main_job.conftest import QUICK
from tests.integration.main_job.test_crashes import expire_leases
from tests.integration.outputs.conftest import OutputsApi

EAGER = CompactionPolicy(least_files=2)
Damage = Callable[[ObjectStore, str, bytes], object]

DAMAGES: dict[str, tuple[Damage, str]] = {
    "gone": (lambda store, place, _: store.delete([place]), "output_file_missing"),
    "empty": (lambda store, place, _: store.put(place, b""), "output_file_corrupt"),
    "zeroed": (lambda store, place, content: store.put(place, bytes(len(content))), "output_file_corrupt"),
    "cut short": (lambda store, place, content: store.put(place, content[:-100]), "output_file_corrupt"),
    "zeroed in the middle": (
        lambda store, place, content: store.put(place, content[:4] + bytes(2000) + content[2004:]),
        "output_file_corrupt",
    ),
}


def place_of(api: OutputsApi, run: RunId) -> str:
    (place,) = api.main_job.sql("SELECT descriptor ->> 'location' FROM output_file WHERE run_id = %s", run)[0]
    return str(place)


def incidents(api: OutputsApi, tenant: str = "acme") -> list[tuple[Any, ...]]:
    return api.main_job.sql(
        "SELECT e.payload ->> 'run_id', e.payload ->> 'location', e.payload -> 'error' ->> 'code' FROM event e"
        " JOIN incident i ON i.tenant_id = e.tenant_id AND i.id = e.incident_id"
        " WHERE e.tenant_id = %s AND e.event_type = 'output.file_unreadable' ORDER BY e.id",
        tenant,
    )


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_reader_is_told_that_a_file_is_gone_or_damaged_and_reads_on_once_it_is_back(
    outputs_api: OutputsApi, damage: str
) -> None:
    # Given a published run whose file is gone or damaged
    harm, code = DAMAGES[damage]
    scenario = outputs_api.main_job.scenario()
    run = outputs_api.published(scenario)
    place, store = place_of(outputs_api, run), outputs_api.main_job.worker.store
    content = store.get(place)
    begin_cold()
    harm(store, place, content)
    path = f"/v1/scenarios/{scenario}/outputs"

    # When it is read, in whatever way, then the answer says what is wrong, each time
    for way in (
        {"limit": 1000},
        {"limit": 1000},
        {"format": "csv"},
        {"format": "parquet"},
    ):
        answer = outputs_api.get(path, **way)
        assert (answer.status, answer.json.get("code")) == (503, code), way
    analysed = outputs_api.get(f"{path}/aggregates", by="metric")
    assert (analysed.status, analysed.json["code"]) == (503, code)

    # And an incident names run and place, once
    assert incidents(outputs_api) == [(str(run), place, code)]

    # And once the object is back, the same warm process reads it.
    store.put(place, content)
    whole = outputs_api.get(path, limit=1000)
    assert whole.status == 200
    assert len(whole.json["data"]) == outputs_api.main_job.rows_by_run()[run]


@pytest.mark.parametrize("damage", ["gone", "zeroed", "zeroed in the middle"])
def test_one_bad_file_stops_no_step_of_maintenance(outputs_api: OutputsApi, damage: str) -> None:
    # Given three published runs of one scenario and three of another tenant's, one file of the first being bad
    job = outputs_api.main_job
    scenario = job.scenario()
    bad, *whole = [outputs_api.published(scenario, seed=number) for number in range(3)]
    other = TenantId("other")
    theirs = job.scenario("theirs", other)
    for number in range(3):
        job.work(job.request(theirs, other, seed=number).id, other)
        job.commit()
    place = place_of(outputs_api, bad)
    DAMAGES[damage][0](job.worker.store, place, job.worker.store.get(place))
    begin_cold()
    policies = bootstrap.operations_policies()

    # When maintenance runs
    done = maintain(
        load_table(job.lake),
        job.platform,
        lambda files: unreadable_files.report(job.platform, policies, files),
        policy=EAGER,
    )

    # Then all that is whole is compacted, the steps after it are carried out, and the bad file is reported and stays
    assert "failed" not in done
    assert done["compaction"]["files_before"] == 5
    assert done["compaction"]["files_after"] == 2
    assert set(done) == {"compaction", "expired", "times", "orphans", "beside", "objects"}
    assert [place for _, place, _ in incidents(outputs_api)] == [place]
    assert incidents(outputs_api, "other") == []
    path = f"/v1/scenarios/{scenario}/outputs"
    for run in whole:
        assert outputs_api.get(path, runs=run, limit=1).status == 200
    assert outputs_api.get(path, runs=bad, limit=1).status == 503


def test_a_step_that_fails_stops_no_other(outputs_api: OutputsApi, monkeypatch: pytest.MonkeyPatch) -> None:
    job = outputs_api.main_job
    outputs_api.published(job.scenario())
    from sextant.outputs import maintenance

    def fails(*_: object, **__: object) -> object:
        raise RuntimeError("the step broke")

    monkeypatch.setattr(maintenance, "compact", fails)
    monkeypatch.setattr(maintenance, "expire_snapshots", fails)

    done = maintain(load_table(job.lake), job.platform, list)

    assert done["failed"] == {
        "compact": "RuntimeError: the step broke",
        "expire": "RuntimeError: the step broke",
    }
    assert done["orphans"]["files_seen"] > 0


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("compacted", [False, True], ids=["as written", "compacted"])
def test_a_comparison_sees_what_stands_in_the_bucket(
    outputs_api: OutputsApi, damage: str, *, compacted: bool
) -> None:
    # Given two published runs of one scenario and one of another, and the file of the first is bad
    job = outputs_api.main_job
    scenario = job.scenario()
    runs = {outputs_api.published(scenario, seed=number) for number in range(2)}
    other = TenantId("other")
    job.work(job.request(job.scenario("whole", other), other).id, other)
    job.commit()
    bad = min(runs)
    if compacted:
        compact(load_table(job.lake), EAGER)
        lost = runs
        (place,) = {
            task.file.file_path
            for task in load_table(job.lake).scan().plan_files()
            if "compact-" in task.file.file_path
        }
    else:
        lost, place = {bad}, place_of(outputs_api, bad)
    content = job.worker.store.get(place)
    assert compare(load_table(job.lake), job.platform).equal == 3
    DAMAGES[damage][0](job.worker.store, place, content)
    begin_cold()

    # When lake and database are compared, then the runs that cannot be read are missing, and the file is named
    told: list[UnreadableFile] = []
    report = reconcile(load_table(job.lake), job.platform, "compare", told.extend)
    assert report["equal"] == 3 - len(lost)
    assert {run["run_id"] for run in report["missing"]["first"]} == {str(run) for run in lost}
    assert [file.location for file in told] == [place]
    assert [file.location for file in check_objects(load_table(job.lake), job.platform, 100).damaged] == [
        place
    ]

    # And once the file is back, all is equal
    job.worker.store.put(place, content)
    settled = compare(load_table(job.lake), job.platform)
    assert (settled.equal, settled.damaged) == (3, ())


@pytest.mark.parametrize(
    ("compacted", "theirs"),
    [(False, True), (True, False)],
    ids=["another tenant's, as written", "another run's, compacted"],
)
def test_a_comparison_sees_that_an_object_holds_other_rows(
    outputs_api: OutputsApi, *, compacted: bool, theirs: bool
) -> None:
    # Given a run's file in whose place a whole file of the same size and as many rows lies, which is not its own
    job = outputs_api.main_job
    scenario = job.scenario()
    for number in range(2 if compacted else 1):
        outputs_api.published(scenario, seed=number)
    if compacted:
        compact(load_table(job.lake), EAGER)
    ((place, size),) = {
        (task.file.file_path, task.file.file_size_in_bytes)
        for task in load_table(job.lake).scan().plan_files()
    }
    content = job.worker.store.get(place)
    foreign = _rewritten(content, size, tenant="other" if theirs else "acme")
    job.worker.store.put(place, foreign)
    begin_cold()

    # Then the comparison and the sample name the file, and no reader is given its rows
    assert [file.location for file in compare(load_table(job.lake), job.platform).damaged] == [place]
    assert [file.location for file in check_objects(load_table(job.lake), job.platform, 100).damaged] == [
        place
    ]
    answer = outputs_api.get(f"/v1/scenarios/{scenario}/outputs", limit=1)
    assert not theirs or answer.status != 200 or answer.json["data"] == []

    # And once its own is back, all is equal
    job.worker.store.put(place, content)
    begin_cold()
    assert compare(load_table(job.lake), job.platform).damaged == ()


def _rewritten(content: bytes, size: int, tenant: str) -> bytes:
    """The same rows as another tenant's, or of another run, in a file of `size` bytes."""
    rows = pq.read_table(io.BytesIO(content))
    name, value = ("tenant_id", tenant) if tenant != "acme" else ("run_id", str(new_id()))
    place, field = rows.schema.get_field_index(name), rows.schema.field(name)
    rows = rows.set_column(place, field, pa.array([value] * len(rows)).cast(field.type))
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd", store_schema=False, write_statistics=False)
    made = sink.getvalue()
    # Nobody reads what lies between the last page and the footer, whose length stands before the magic bytes.
    footer = len(made) - 8 - int.from_bytes(made[-8:-4], "little")
    return made[:footer] + bytes(size - len(made)) + made[footer:]


@pytest.mark.parametrize(
    ("hourly", "what", "damage"),
    [(False, "metadata", "gone"), (False, "list", "zeroed"), (True, "metadata", "cut short")],
)
def test_metadata_that_is_gone_or_damaged_is_told_and_read_once_it_is_back(
    outputs_api: OutputsApi, what: str, damage: str, *, hourly: bool
) -> None:
    # Given a published run with hours, and one table's metadata gone or damaged
    job = outputs_api.main_job
    scenario = job.scenario()
    outputs_api.published(scenario, parameters={**QUICK, "hourly": "price"})
    table = job.hourly() if hourly else load_table(job.lake)
    snapshot = table.metadata.current_snapshot()
    assert snapshot is not None
    place, store = (
        {"metadata": table.metadata_location, "list": snapshot.manifest_list}[what],
        job.worker.store,
    )
    content = store.get(place)
    begin_cold()
    DAMAGES[damage][0](store, place, content)
    # When it is read, then the answer says what is wrong
    path, query = f"/v1/scenarios/{scenario}/outputs", {"resolution": "hour"} if hourly else {}
    answer = outputs_api.get(path, **query)
    assert (answer.status, answer.json["code"]) == (503, DAMAGES[damage][1])
    # And maintenance does its steps on the other table, and the incident is the platform's
    policies = bootstrap.operations_policies()
    done = maintain_all(
        lambda: load_table(job.lake),
        job.hourly,
        job.platform,
        lambda files: unreadable_files.report(job.platform, policies, files),
    )
    whole = done if hourly else done["hourly"]
    assert whole["objects"] == {"checked": 1, "damaged": 0}
    assert all(step.startswith("hourly ") == hourly for step in done["failed"])
    assert {location for _, location, _ in incidents(outputs_api, "platform")} == {place}
    # And a process that met the failure reads it, once it is back, and commits.
    job.work(job.request(scenario, seed=7).id)
    if not hourly:
        with pytest.raises(UnavailableError):
            job.commit()
    store.put(place, content)
    assert outputs_api.get(path, **query).status == 200
    expire_leases(job)
    assert job.commit() == 1
