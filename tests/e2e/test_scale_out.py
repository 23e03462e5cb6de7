"""A sweep as a user asks for it: divided over the workers there are, followed part by part, read as one result."""

from __future__ import annotations

from local.running import RunningSystem
from tests.e2e.test_main_job import create, finished_run


def test_a_sweep_runs_on_every_worker_and_is_read_as_one(system: RunningSystem) -> None:
    with system.client("sweeper") as client:
        scenario = create(client, parameters={"end_year": 2030, "attribution": False})
        asked = {"sweep": {"shock_bp": [0, 100, 200, 300], "discount_rate": [0.05, 0.07]}}
        run = client.post(f"/v1/scenarios/{scenario}/run", json=asked).json()["data"]["id"]
        ended = finished_run(client, scenario, run)
        assert (ended["state"], ended["parts"]) == ("SUCCEEDED", 8), ended["error"]

        listed = client.get(f"/v1/scenarios/{scenario}/runs", params={"parent": run}).json()["data"]
        assert {(part["state"], part["parent_run_id"]) for part in listed} == {("SUCCEEDED", run)}
        assert len(listed) == 8
        whole = client.get(f"/v1/scenarios/{scenario}/runs").json()["data"]
        assert [item["id"] for item in whole] == [run], "parts are no runs of their own"

        rows = client.get(f"/v1/scenarios/{scenario}/outputs", params={"metric": "npv"}).json()["data"]
        points = {(row["tags"]["sweep_shock_bp"], row["tags"]["sweep_discount_rate"]) for row in rows}
        assert len(points) == len(rows) == 8
        dear = client.get(
            f"/v1/scenarios/{scenario}/outputs",
            params={"metric": "npv", "tags": "sweep_shock_bp:300,sweep_discount_rate:0.05"},
        ).json()["data"]
        assert len(dear) == 1
