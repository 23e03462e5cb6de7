"""The table is made once, whoever comes first, and moves by compare-and-set in either catalog."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import Table

from sextant.ids import new_id
from sextant.lake.objects.store import s3_store
from sextant.lake.table.catalog import load_table, refresh
from sextant.lake.table.columns import OUTPUTS
from sextant.lake.table.iceberg import PARTITION_SPEC, PROPERTIES, SORT_ORDER, schema_of
from sextant.lake.table.settings import LakeSettings
from sextant.lake.write.commit import commit_batch
from sextant.lake.write.datafile import write_run
from sextant.lake.write.snapshot import history
from tests.integration.lake.conftest import Lake, begin_cold
from tests.unit.lake.samples import identity, some_rows


def test_the_table_stands_in_the_catalog_as_defined(lake: Lake) -> None:
    table = lake.table()
    assert table.schema() == schema_of(OUTPUTS)
    assert table.spec() == PARTITION_SPEC
    assert table.sort_order() == SORT_ORDER
    assert PROPERTIES.items() - {("format-version", "2")} <= table.properties.items()
    assert table.metadata.format_version == 2
    assert table.metadata.location == lake.settings.table_location


def test_many_processes_may_make_it_at_once(lake_settings: LakeSettings) -> None:
    # Given settings that differ in nothing that matters, so that each has a catalog of its own
    starters = 6
    barrier = Barrier(starters)
    all_settings = [
        replace(lake_settings, catalog_url=f"{lake_settings.catalog_url}?application_name=starter{n}")
        for n in range(starters)
    ]

    def start(settings: LakeSettings) -> Table:
        barrier.wait()
        return load_table(settings)

    # When all start together
    with ThreadPoolExecutor(starters) as pool:
        tables = list(pool.map(start, all_settings))

    # Then all hold the same table
    assert len({table.metadata.table_uuid for table in tables}) == 1
    for table in tables:
        table.catalog.close()


def test_settings_name_what_is_missing() -> None:
    for env, missing in (
        ({}, "SEXTANT_WAREHOUSE"),
        ({"SEXTANT_WAREHOUSE": "s3://b/w", "SEXTANT_CATALOG": "hive"}, "sql or glue"),
        ({"SEXTANT_WAREHOUSE": "s3://b/w", "SEXTANT_CATALOG": "sql"}, "SEXTANT_CATALOG_URL"),
    ):
        with pytest.raises(ValueError, match=missing):
            LakeSettings.from_env(env)
    deployed = LakeSettings.from_env({"SEXTANT_WAREHOUSE": "s3://b/w/", "AWS_REGION": "eu-west-1"})
    assert (deployed.catalog, deployed.region) == ("glue", "eu-west-1")
    assert deployed.table_location == "s3://b/w/market/scenario_output"


def test_glue_refuses_the_slower_of_two_commits(lake_settings: LakeSettings) -> None:
    # Given the table in Glue, and a committer that is overtaken at the very last moment
    settings = replace(lake_settings, catalog="glue", catalog_url=None)
    store = s3_store(settings.region, settings.endpoint_url)
    runs = [identity(), identity()]
    files = [write_run(store, settings.table_location, some_rows(10), run, 1) for run in runs]
    table, faster = load_table(settings), load_table(replace(settings, warehouse=f"{settings.warehouse}/"))
    overtaken: list[int] = []

    def overtake(**_: object) -> None:
        if not overtaken:
            overtaken.append(0)
            overtaken.append(commit_batch(faster, new_id(), files[1:]))

    assert isinstance(table.catalog, GlueCatalog)
    table.catalog.glue.meta.events.register("before-call.glue.UpdateTable", overtake)

    # When it commits, and commits again
    batch = new_id()
    snapshot = commit_batch(table, batch, files[:1])
    assert commit_batch(faster, batch, files[:1]) == snapshot

    # Then both batches stand, once, one after the other
    line = [each.snapshot_id for each in history(load_table(settings).metadata)]
    assert line == [snapshot, overtaken[1]]
    found = load_table(settings).scan().to_arrow()["run_id"].to_pylist()
    assert sorted(found) == sorted(str(run.run_id) for run in runs for _ in range(10))


def test_who_sleeps_between_catalog_and_metadata_finds_the_newer_one(lake: Lake) -> None:
    # Given a process that remembers nothing, and is suspended after the catalog named the table's metadata
    lake.commit(lake.write(identity()))
    ahead, sleeper = lake.table(), lake.table()
    superseded = ahead.metadata_location
    slept: list[str] = []

    def sleeps(params: dict[str, Any], **_: object) -> None:
        if not slept and params["Key"].endswith(".metadata.json"):
            # Meanwhile others commit, and delete what is long superseded
            slept.append(params["Key"])
            commit_batch(ahead, new_id(), [lake.write(identity())])
            lake.store.delete([superseded])
            begin_cold()

    client: Any = lake.store._client
    client.meta.events.register("provide-client-params.s3.GetObject", sleeps)
    try:
        for wake in (lake.table, lambda: refreshed(sleeper)):
            superseded = ahead.metadata_location
            slept.clear()
            begin_cold()
            # When it wakes up, then it has the table as it stands
            assert wake().metadata.current_snapshot_id == ahead.metadata.current_snapshot_id
            assert slept
    finally:
        client.meta.events.unregister("provide-client-params.s3.GetObject", sleeps)


def refreshed(table: Table) -> Table:
    refresh(table)
    return table
