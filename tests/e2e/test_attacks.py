"""One tenant's attack on the running system, as a neighbour meets it: not at all."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from local.running import RunningSystem

QUICK = {"start_year": 2026, "end_year": 2026, "attribution": False}


def run_of(client: httpx.Client) -> str:
    made = client.post("/v1/scenarios", json={"name": f"s {uuid.uuid4()}", "parameters": QUICK}).json()[
        "data"
    ]
    run = client.post(f"/v1/scenarios/{made['id']}/run").json()["data"]
    return f"/v1/scenarios/{made['id']}/runs/{run['id']}"


def waiting_run_of(client: httpx.Client) -> str:
    """A run that stays in the line: more were asked for at once than start before the tenant's switch is set."""
    scenario = client.post("/v1/scenarios", json={"name": f"s {uuid.uuid4()}", "parameters": QUICK}).json()[
        "data"
    ]["id"]
    items = [{"seed": seed} for seed in range(50)]
    assert client.post(f"/v1/scenarios/{scenario}/runs:bulk", json={"items": items}).status_code < 300
    switch = {"scope": "TENANT", "reason": "keep them waiting"}
    assert client.post("/v1/kill-switches", json=switch).status_code == 200
    queued = client.get(f"/v1/scenarios/{scenario}/runs", params={"state": "QUEUED"}).json()["data"]
    return f"/v1/scenarios/{scenario}/runs/{queued[0]['id']}"


def test_a_hostile_body_without_credentials_holds_no_function(system: RunningSystem) -> None:
    raw = "[" * 33 + '"' + '\\"' * 400_000
    began = time.monotonic()
    with httpx.Client(base_url=system.url) as nobody:
        answers = [
            nobody.request("GET", "/v1/health", content=raw, headers={"Content-Type": "application/json"})
            for _ in range(4)
        ]
    assert [answer.json()["code"] for answer in answers] == ["body_too_deep"] * 4
    assert time.monotonic() - began < 10, "each of them would have been half an hour"


def test_requests_that_wait_leave_the_neighbours_the_functions(system: RunningSystem) -> None:
    # Given a tenant that may wait twice a minute, and twenty clients of it that do nothing else
    with system.client("waiter", "admin") as client, system.client("neighbour") as neighbour:
        limit = {"value": {"limit": 2}, "reason": "test"}
        assert client.put("/v1/admin/config/rate-limit/waits", json=limit).status_code == 200
        path = waiting_run_of(client)
        seen = {"If-None-Match": client.get(path).headers["ETag"]}
        over, found = threading.Event(), Counter[str]()

        def wait(_: int) -> None:
            with system.client("waiter") as own:
                while not over.is_set():
                    held = own.get(path, params={"wait": 3}, headers=seen, timeout=60)
                    found[f"{held.status_code} {'Retry-After' in held.headers}"] += 1

        with ThreadPoolExecutor(20) as pool:
            waiting = [pool.submit(wait, number) for number in range(20)]
            # When a neighbour asks meanwhile, then it is answered each time, and soon
            took = []
            for _ in range(20):
                began = time.monotonic()
                assert neighbour.get("/v1/scenarios").status_code == 200
                took.append(time.monotonic() - began)
            over.set()
        for each in waiting:
            each.result()
        assert sorted(took)[-2] < 5
        assert found["304 False"] <= 2
        assert found["304 True"] > 2


@pytest.mark.parametrize("change", ["key", "tenant", "method"])
def test_a_link_to_upload_to_is_good_for_nothing_else(system: RunningSystem, change: str) -> None:
    with system.client("uploader") as client:
        made = client.post("/v1/baselines/uploads", json={}).json()["data"]
    url, method = made["url"], made["method"]
    if change == "key":
        url = url.replace(made["upload_id"], str(uuid.uuid4()))
    elif change == "tenant":
        url = url.replace("/uploader/", "/neighbour/")
    else:
        method = "DELETE"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(urllib.request.Request(url, data=b"x", method=method))
