"""The API on the running system: many clients at once, one key raced, a run watched."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from local.running import RunningSystem
from tests.waiting import until

QUICK = {"start_year": 2026, "end_year": 2026, "attribution": False}


def scenario_of(client: httpx.Client) -> str:
    answer = client.post("/v1/scenarios", json={"name": f"s {uuid.uuid4()}", "parameters": QUICK})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def test_one_key_raced_by_fifty_gives_one_run_and_fifty_equal_answers(system: RunningSystem) -> None:
    # Given fifty clients that send the same request with the same key
    with system.client("race") as client:
        scenario = scenario_of(client)
        ready = threading.Barrier(50)

        def send(_: int) -> httpx.Response:
            with system.client("race") as own:
                ready.wait()
                return own.post(
                    f"/v1/scenarios/{scenario}/run", json={"seed": 1}, headers={"Idempotency-Key": "race-1"}
                )

        # When all of them send at once
        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(send, range(50)))
        # Then there is one run, and every one of them has the same answer
        assert Counter(answer.status_code for answer in answers) == {202: 50}
        assert len({answer.text for answer in answers}) == 1
        assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 49
        runs = client.get(f"/v1/scenarios/{scenario}/runs").json()["data"]
        assert [run["id"] for run in runs] == [answers[0].json()["data"]["id"]]


def test_one_key_raced_while_its_records_vanish_still_gives_one_run(system: RunningSystem) -> None:
    # Given fifty clients with one key, and records of keys that are deleted as they are written
    dynamodb, table = system.aws_client("dynamodb"), system.names.idempotency_table
    with system.client("vanish") as client:
        scenario = scenario_of(client)
        ready, done = threading.Barrier(51), threading.Event()

        def send(_: int) -> httpx.Response:
            with system.client("vanish") as own:
                ready.wait()
                return own.post(
                    f"/v1/scenarios/{scenario}/run", json={"seed": 1}, headers={"Idempotency-Key": "vanish-1"}
                )

        def forget() -> int:
            ready.wait()
            gone = 0
            while not done.is_set():
                for record in dynamodb.scan(TableName=table)["Items"]:
                    dynamodb.delete_item(TableName=table, Key={"id": record["id"]})
                    gone += 1
            return gone

        # When all of them send at once
        with ThreadPoolExecutor(51) as pool:
            forgotten = pool.submit(forget)
            answers = list(pool.map(send, range(50)))
            done.set()
        # Then the constraint behind the records holds: one run, of which every one of them is told
        assert forgotten.result() > 0
        assert Counter(answer.status_code for answer in answers) == {202: 50}
        (run,) = {answer.json()["data"]["id"] for answer in answers}
        assert [found["id"] for found in client.get(f"/v1/scenarios/{scenario}/runs").json()["data"]] == [run]


def test_a_watcher_sees_the_run_move_to_its_end(system: RunningSystem) -> None:
    with system.client("watch") as client:
        scenario = scenario_of(client)
        run = client.post(f"/v1/scenarios/{scenario}/run", json={}).json()["data"]
        seen = [run["state"]]
        tag, until_ = "", time.monotonic() + 60
        while seen[-1] in ("QUEUED", "RUNNING") and time.monotonic() < until_:
            answer = client.get(
                f"/v1/scenarios/{scenario}/runs/{run['id']}",
                params={"wait": 5},
                headers={"If-None-Match": tag},
            )
            assert answer.status_code in (200, 304), answer.text
            if answer.status_code == 200:
                seen.append(answer.json()["data"]["state"])
                tag = answer.headers["ETag"]
        assert seen[-1] == "SUCCEEDED"
        assert len(seen) >= 2


def test_many_clients_at_once_lose_and_double_nothing(system: RunningSystem) -> None:
    # Given a hundred clients of five tenants for some seconds (the campaign does it with a thousand for a minute)
    tenants = [f"many-{number}" for number in range(5)]
    scenarios = {}
    for tenant in tenants:
        with system.client(tenant) as client:
            scenarios[tenant] = scenario_of(client)
    statuses: Counter[int] = Counter()
    accepted: dict[str, set[str]] = {tenant: set() for tenant in tenants}
    lock = threading.Lock()
    stop = time.monotonic() + 6

    def behave(number: int) -> None:
        tenant = tenants[number % len(tenants)]
        path = f"/v1/scenarios/{scenarios[tenant]}"
        with system.client(tenant, timeout=60) as client:
            turn = 0
            while time.monotonic() < stop:
                turn += 1
                if turn % 4 == 1:
                    # Two clients always ask for the same: they must get the same run.
                    answer = client.post(
                        f"{path}/run", json={"seed": number // 10 * 1000 + turn, "priority": "LOW"}
                    )
                else:
                    answer = client.get(f"{path}/runs", params={"limit": 5})
                with lock:
                    statuses[answer.status_code] += 1
                    if answer.status_code in (200, 202) and answer.request.method == "POST":
                        accepted[tenant].add(answer.json()["data"]["id"])

    with ThreadPoolExecutor(100) as pool:
        list(pool.map(behave, range(100)))
    # Then none failed on our side, and what was accepted is there, each equal request once
    assert not [status for status in statuses if status >= 500], statuses
    for tenant in tenants:
        with system.client(tenant, "admin") as client:
            found: list[dict[str, object]] = []
            cursor = None
            while True:
                page = client.get(
                    f"/v1/scenarios/{scenarios[tenant]}/runs",
                    params={"limit": 100, **({"cursor": cursor} if cursor else {})},
                ).json()
                found += page["data"]
                cursor = page["meta"].get("next_cursor")
                if cursor is None:
                    break
            assert {run["id"] for run in found} == accepted[tenant]
            assert max(Counter(run["version_hash"] for run in found).values()) == 1
            # What is left of them would keep the tests that follow waiting
            client.post("/v1/scenarios/runs:cancel", json={"all": True, "limit": 500})
            until(
                lambda client=client: (
                    client.post(  # type: ignore[misc]
                        "/v1/scenarios/runs:cancel", json={"preview": True, "filter": {"states": ["QUEUED"]}}
                    ).json()["data"]["matching"]
                    == 0
                ),
                within=30,
            )


def test_an_unsigned_request_gets_no_further_than_the_gateway(system: RunningSystem) -> None:
    with httpx.Client(base_url=system.url, trust_env=False) as client:
        assert client.get("/v1/scenarios").status_code == 401
        assert client.get("/metrics").status_code == 401
        assert client.get("/v1/scenarios", headers={"Authorization": "Bearer x.y.z"}).status_code == 401
        for path in (
            "/v1/health",
            "/openapi.json",
            "/docs",
            "/docs/swagger-ui.min.css",
            "/problems/not_found",
        ):
            assert client.get(path).status_code == 200, path
