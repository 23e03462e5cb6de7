"""The main job as a user sees it: over HTTP, through every real part."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import httpx
import pytest

from local.running import RunningSystem
from tests.waiting import until

RPS = {
    "assumptions": [
        {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
    ],
    "parameters": {"shock_bp": 25},
    "tags": ["demo", "sensitivity"],
}
FINAL = {"SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"}


def create(client: httpx.Client, **changed: Any) -> str:
    answer = client.post("/v1/scenarios", json={"name": f"scenario {uuid.uuid4()}", **RPS, **changed})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def finished_run(client: httpx.Client, scenario: str, run: str) -> dict[str, Any]:
    def finished() -> dict[str, Any] | None:
        data: dict[str, Any] = client.get(f"/v1/scenarios/{scenario}/runs/{run}").json()["data"]
        return data if data["state"] in FINAL else None

    return until(finished, within=60, every=0.1)


def test_a_scenario_is_created_run_and_read(system: RunningSystem) -> None:
    with system.client("acme") as client:
        scenario = create(client)

        accepted = client.post(f"/v1/scenarios/{scenario}/run", json={})
        assert accepted.status_code == 202, accepted.text
        assert accepted.json()["data"]["state"] == "QUEUED"
        run = finished_run(client, scenario, accepted.json()["data"]["id"])
        assert run["state"] == "SUCCEEDED", run["error"]

        latest = client.get(f"/v1/scenarios/{scenario}/metrics/latest").json()["data"]
        by_name = {row["metric"]: row for row in latest if not row["tags"]}
        assert by_name["npv"]["unit"] == "EUR"
        assert by_name["renewable_share"]["value"] == pytest.approx(0.6, abs=1e-6)

        page = client.get(f"/v1/scenarios/{scenario}/outputs", params={"limit": 5})
        assert page.status_code == 200, page.text
        assert len(page.json()["data"]) == 5
        assert {row["run_id"] for row in page.json()["data"]} == {run["id"]}


def test_every_row_of_a_run_is_read_page_by_page_and_as_csv(system: RunningSystem) -> None:
    with system.client("acme") as client:
        scenario = create(client)
        run = client.post(f"/v1/scenarios/{scenario}/run", json={}).json()["data"]["id"]
        expected = finished_run(client, scenario, run)["output_rows"]

        rows: list[tuple[Any, ...]] = []
        cursor = None
        while True:
            parameters = {"limit": 500, **({"cursor": cursor} if cursor else {})}
            page = client.get(f"/v1/scenarios/{scenario}/outputs", params=parameters).json()
            rows += [(row["metric"], row["asof_date"], str(row["tags"])) for row in page["data"]]
            cursor = page["meta"].get("next_cursor")
            if cursor is None:
                break
        text = client.get(f"/v1/scenarios/{scenario}/outputs", headers={"Accept": "text/csv"}).text

    assert len(rows) == expected
    assert len(set(rows)) == expected
    assert len(list(csv.reader(io.StringIO(text)))) == expected + 1


def test_the_hours_of_a_run_are_read_where_it_was_asked_for_them(system: RunningSystem) -> None:
    with system.client("acme") as client:
        scenario = create(client, parameters={"end_year": 2026, "hourly": "price"})
        run = client.post(f"/v1/scenarios/{scenario}/run", json={}).json()["data"]["id"]
        assert finished_run(client, scenario, run)["state"] == "SUCCEEDED"
        hours = client.get(
            f"/v1/scenarios/{scenario}/outputs", params={"resolution": "hour", "limit": 1000}
        ).json()["data"]

    assert [row["metric"] for row in hours] == ["price"] * 864
    assert sorted(row["hour"] for row in hours) == list(range(1, 865))


def test_a_model_of_ones_own_comes_to_the_worker_in_a_layer(system: RunningSystem) -> None:
    with system.client("acme") as client:
        scenario = create(client, assumptions=[], parameters={"model": "flat_price", "flat_price_eur": 42})
        run = client.post(f"/v1/scenarios/{scenario}/run", json={}).json()["data"]["id"]
        finished = finished_run(client, scenario, run)
        assert finished["state"] == "SUCCEEDED", finished["error"]
        rows = client.get(f"/v1/scenarios/{scenario}/outputs", params={"metric": "price"}).json()["data"]

    assert {row["value"] for row in rows} == {42.0}


def test_an_identical_request_is_answered_with_the_first_run(system: RunningSystem) -> None:
    with system.client("acme") as client:
        scenario = create(client)
        first = client.post(f"/v1/scenarios/{scenario}/run", json={}).json()["data"]
        again = client.post(f"/v1/scenarios/{scenario}/run", json={}).json()["data"]
        finished_run(client, scenario, first["id"])
        later = client.post(f"/v1/scenarios/{scenario}/run", json={}).json()["data"]

    assert first["id"] == again["id"] == later["id"]


def test_another_tenant_finds_nothing(system: RunningSystem) -> None:
    with system.client("acme") as acme, system.client("rival") as rival:
        scenario = create(acme)
        theirs = f"/v1/scenarios/{scenario}"
        read = [rival.get(f"{theirs}{part}") for part in ("", "/outputs", "/metrics/latest")]
        listed = rival.get(f"{theirs}/runs")
        started = rival.post(f"{theirs}/run", json={})
        deleted = rival.delete(theirs)

    assert [answer.status_code for answer in (*read, started, deleted)] == [404, 404, 404, 404, 403]
    assert listed.status_code == 404 or listed.json()["data"] == []


def test_without_a_token_nothing_but_the_public_routes_answers(system: RunningSystem) -> None:
    with httpx.Client(base_url=system.url, trust_env=False) as client:
        assert client.get("/v1/health").status_code == 200
        refused = client.get("/v1/scenarios")

    assert (refused.status_code, refused.json()) == (401, {"message": "Unauthorized"})
