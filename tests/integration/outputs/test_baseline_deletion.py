"""A baseline is given back as it was sent, and deleted without taking it from who computes with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg

from local.database import DatabaseUrls
from sextant.lake.table.catalog import load_table
from sextant.outputs.leftovers import clear_beside
from tests.integration.outputs.conftest import OutputsApi
from tests.integration.outputs.test_baselines import UNITS, body, scenario


def test_the_tables_come_back_as_they_were_sent(outputs_api: OutputsApi) -> None:
    first = outputs_api.post("/v1/baselines", body()).json["data"]
    dearer = UNITS.replace("gas,ccgt,200,", "gas,ccgt,210,")
    outputs_api.post("/v1/baselines", body(dearer))
    path = f"/v1/baselines/{first['id']}/tables"
    versions: tuple[tuple[dict[str, Any], str], ...] = (({}, dearer), ({"version": 1}, UNITS))
    for query, units in versions:
        tables = {table["table"]: table for table in outputs_api.get(path, **query).json["data"]}
        assert {"units", "load"} <= tables.keys()
        download = httpx.get(tables["units"]["url"], trust_env=False)
        assert (download.text, tables["units"]["format"]) == (units, "csv")
        assert len(download.content) == tables["units"]["bytes"]
    assert outputs_api.get(path, "beta").json["code"] == "baseline_not_found"
    assert outputs_api.get("/v1/baselines/reference/tables").status == 404


def test_a_run_whose_baseline_is_gone_says_so_once(outputs_api: OutputsApi, database: DatabaseUrls) -> None:
    # Given a run that waits, and a baseline that a restore of the database has not brought back
    job = outputs_api.main_job
    stored = outputs_api.post("/v1/baselines", body()).json["data"]
    asked = job.scenario("Lost", parameters={"baseline": "Island"})
    run = job.request(asked, seed=1)
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")  # or what keeps versions refuses it
        admin.execute("DELETE FROM baseline WHERE id = %s", (stored["id"],))
    # Then it ends at its first attempt with a reason that who asked can act on
    assert job.work(run.id) == "FAILED"
    ended = job.run(asked, run.id)
    assert (ended.attempt, ended.error) == (
        1,
        {
            "code": "baseline_not_found",
            "message": f"the baseline {stored['id']}@1 is not there any more; name another",
        },
    )


def test_a_deleted_baseline_is_named_by_nobody_and_computed_by_who_pinned_it(outputs_api: OutputsApi) -> None:
    # Given a run that pinned a baseline, and waits
    job = outputs_api.main_job
    stored = outputs_api.post("/v1/baselines", body()).json["data"]
    path = f"/v1/baselines/{stored['id']}"
    run = job.request(scenario(job, "Island"), seed=1)

    # When it is deleted
    assert outputs_api.delete(path, roles="[viewer]").status == 403
    assert outputs_api.delete(path, roles="[admin]").status == 204

    # Then it is gone from every list and name
    assert outputs_api.delete(path, roles="[admin]").json["code"] == "baseline_not_found"
    assert outputs_api.get("/v1/baselines").json["data"] == []
    gone = [outputs_api.get(name) for name in (path, f"{path}/versions", f"{path}/tables")]
    for answer in (*gone, outputs_api.get(path, version=1)):
        assert (answer.status, answer.json["code"]) == (404, "baseline_not_found")
    # And the run computes on
    assert job.work(run.id) == "STORED"
    # And the same tables under the name are the next version, which alone stands
    again = outputs_api.post("/v1/baselines", body())
    assert (again.status, again.json["data"]["id"], again.json["data"]["version"]) == (201, stored["id"], 2)
    assert outputs_api.post("/v1/baselines", body()).status == 200
    versions = outputs_api.get(f"{path}/versions", limit=1).json
    assert [version["version"] for version in versions["data"]] == [2]
    assert "next_cursor" not in versions["meta"]
    # And of what lies with the tables of both, only a form that an earlier code made goes
    store, place = job.worker.store, f"{job.lake.warehouse}/baselines/"
    kept = {item.location for item in store.list(place)}
    store.put(f"{min(kept).rpartition('/')[0]}/system-0123abcd", b"of an earlier code")
    cleared = clear_beside(load_table(job.lake), job.platform, datetime.now(UTC) + timedelta(days=4))
    assert cleared["baselines"]["objects"] == 1
    assert {item.location for item in store.list(place)} == kept
