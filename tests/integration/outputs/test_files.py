"""A tenant reads its files with its own engine: by links, from one snapshot, and nobody else's rows."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from sextant.ids import tenant_id
from sextant.lake.table.catalog import load_table
from sextant.lake.write.compaction import CompactionPolicy, compact
from tests import duck
from tests.integration.outputs.conftest import OutputsApi

_COLUMNS = "run_id, metric, asof_date::text, value, unit, tags['technology']"


def listed(api: OutputsApi, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every file of a listing, page by page."""
    files: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.get(path, **query, **cursor)
        assert answer.status == 200, answer.content
        files += answer.json["data"]
        if "next_cursor" not in answer.json["meta"]:
            return files
        cursor = {"cursor": answer.json["meta"]["next_cursor"]}


def downloaded(file: dict[str, Any]) -> pa.Table:
    answer = httpx.get(file["url"], trust_env=False)
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == file["bytes"]
    return pq.read_table(io.BytesIO(answer.content))


def test_the_files_hold_the_rows_of_the_api_and_no_other_tenants(outputs_api: OutputsApi) -> None:
    # Given runs of two tenants, published together
    job = outputs_api.main_job
    mine, theirs = job.scenario(), job.scenario(tenant=tenant_id("beta"))
    runs = [job.request(mine, seed=seed) for seed in range(3)]
    for run in runs:
        assert job.work(run.id) == "STORED"
    foreign = job.request(theirs, tenant=tenant_id("beta"))
    assert job.work(foreign.id, tenant_id("beta")) == "STORED"
    assert job.commit() == 4
    path = f"/v1/scenarios/{mine}/outputs/files"
    before = outputs_api.get(path).json

    # When they are listed two a page, and again after the table was compacted
    files = listed(outputs_api, path, limit=2)
    assert compact(load_table(job.lake), CompactionPolicy(least_files=2)).files_before == 3
    compacted = listed(outputs_api, path)
    pinned = listed(outputs_api, path, snapshot_id=before["meta"]["snapshot_id"], limit=2)

    # Then each way has the rows that the API has, and only the tenant's
    rows = outputs_api.get(f"/v1/scenarios/{mine}/outputs", limit=1000).json["data"]
    expected = sorted(
        (r["run_id"], r["metric"], r["asof_date"], r["value"], r["unit"], r["tags"].get("technology"))
        for r in rows
    )
    assert (len(files), len(compacted), len(pinned)) == (3, 1, 3)
    for links in (files, compacted, pinned):
        table = pa.concat_tables([downloaded(file) for file in links])
        assert set(table["tenant_id"].to_pylist()) == {"acme"}
        assert table.num_rows == sum(file["rows"] for file in links) == len(expected)
        with duck.connect({}) as connection:
            read = connection.execute(
                f"SELECT {_COLUMNS} FROM read_parquet(?) WHERE scenario_id = ?",
                [[file["url"] for file in links], str(mine)],
            ).fetchall()
        assert sorted(read) == expected
    # And nobody else is given them
    assert outputs_api.get(path, "beta").status == 404
    assert outputs_api.get(path, roles="[]").status == 403


def test_a_listing_of_files_is_of_its_snapshot_or_refused(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    path = f"/v1/scenarios/{scenario}/outputs/files"
    assert outputs_api.get(path).json["data"] == []
    for seed in range(2):
        outputs_api.published(scenario, seed=seed)
    page = outputs_api.get(path, limit=1).json
    outputs_api.published(scenario, seed=2)

    rest = outputs_api.get(path, limit=1, cursor=page["meta"]["next_cursor"]).json

    assert rest["meta"]["snapshot_id"] == page["meta"]["snapshot_id"]
    assert "next_cursor" not in rest["meta"]
    assert len({file["url"].partition("?")[0] for file in page["data"] + rest["data"]}) == 2
    other = f"/v1/scenarios/{outputs_api.main_job.scenario(name='other')}/outputs/files"
    foreign = outputs_api.get(other, cursor=page["meta"]["next_cursor"])
    assert (foreign.status, foreign.json["code"]) == (400, "invalid_cursor")
    gone = outputs_api.get(path, snapshot_id=1)
    assert (gone.status, gone.json["code"]) == (404, "snapshot_not_found")
