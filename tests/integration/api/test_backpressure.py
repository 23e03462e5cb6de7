"""A tenant whose outbox is full: new work is refused with 429, and no end of a run is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from local.database import DatabaseUrls
from tests.integration.api.conftest import Client

Sql = Callable[..., list[Any]]


@pytest.fixture
def fill(client: Client, sql: Sql) -> Callable[[], None]:
    """Let the tenant's outbox be full as it is."""

    def full() -> None:
        waiting = sql("SELECT count(*) FROM outbox_pending WHERE tenant_id = %s", client.tenant)[0][0]
        adjusted = client("PUT", "/v1/admin/quotas", {"max_pending": waiting, "reason": "full"})
        assert adjusted.status == 200, adjusted.body

    return full


def told(sql: Sql, client: Client, topic: str) -> list[str]:
    rows = sql(
        "SELECT payload ->> 'run_id' FROM outbox_event WHERE tenant_id = %s AND topic = %s ORDER BY id",
        client.tenant,
        topic,
    )
    return [row[0] for row in rows]


def test_a_new_run_is_refused_and_leaves_nothing(client: Client, sql: Sql, fill: Callable[[], None]) -> None:
    scenario = client.scenario()["id"]
    first = client.run(scenario, seed=1)["id"]
    fill()
    for path, body in (
        (f"/v1/scenarios/{scenario}/run", {"seed": 2}),
        (f"/v1/scenarios/{scenario}/runs:bulk", {"items": [{"seed": 2}]}),
    ):
        answer = client("POST", path, body)
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (
            429,
            "outbox_backpressure",
            "5",
        )
    assert sql("SELECT id::text FROM scenario_run WHERE tenant_id = %s", client.tenant) == [(first,)]
    # What is there already needs no room.
    assert client.run(scenario, seed=1)["id"] == first


def test_a_replay_of_runs_is_refused_whole(client: Client, fill: Callable[[], None]) -> None:
    scenario = client.scenario()["id"]
    run = client.run(scenario)["id"]
    client("POST", f"/v1/scenarios/runs/{run}/cancel")
    fill()
    answer = client("POST", "/v1/scenarios/runs:replay", {"filter": {"states": ["CANCELLED"]}})
    assert (answer.status, answer.code) == (429, "outbox_backpressure")
    assert len(client("GET", f"/v1/scenarios/{scenario}/runs").data) == 1


@pytest.mark.parametrize("how", ["cancel", "bulk", "state", "delete"])
def test_a_run_can_always_be_ended(client: Client, sql: Sql, fill: Callable[[], None], how: str) -> None:
    scenario = client.scenario()["id"]
    run = client.run(scenario)["id"]
    fill()
    answer = {
        "cancel": lambda: client("POST", f"/v1/scenarios/runs/{run}/cancel"),
        "bulk": lambda: client("POST", "/v1/scenarios/runs:cancel", {"all": True}),
        "state": lambda: client(
            "PUT", f"/v1/scenarios/runs/{run}/state", {"state": "CANCELLED", "reason": "stuck"}
        ),
        "delete": lambda: client("DELETE", f"/v1/scenarios/{scenario}"),
    }[how]()
    assert answer.status in (200, 204), answer.body
    assert told(sql, client, "run.cancelled") == [run]


REFUSABLE = {"queue_run"}
"""The functions of the database that store events of new work; the events of all others tell of work accepted before."""


@pytest.fixture
def functions(served: DatabaseUrls) -> dict[str, str]:
    with psycopg.connect(served.admin) as connection:
        rows = connection.execute(
            "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosrc LIKE '%outbox_enqueue%'"
        ).fetchall()
    return dict(rows)


def calls(source: str) -> Iterator[str]:
    """The arguments of each call of `outbox_enqueue` or `outbox_enqueue_many`."""
    for found in re.finditer(r"\boutbox_enqueue(?:_many)?\(", source):
        depth, end = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(source[end], 0)
            end += 1
        yield source[found.end() : end - 1]


def test_no_function_that_ends_or_continues_work_can_be_refused(functions: dict[str, str]) -> None:
    """Whoever calls it: today most are called by the platform's role, which is never refused; that may change."""
    refusable = {
        name
        for name, source in functions.items()
        for call in calls(source)
        if not re.search(r"(?:p_refusable =>|,) false\s*$", call)
    }
    assert {"end_run", "requeue_run", "wake_next_run"} <= functions.keys()
    assert refusable == REFUSABLE
