"""Which run is taken with a message: priority with ageing, fairness between tenants, limits, backoff, poison."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from local.database import DatabaseUrls
from sextant.execution import repository
from sextant.execution.model import ClaimedRun
from sextant.ids import RunId, TenantId
from sextant.storage import ALL_TENANTS, DatabaseSettings, PlatformDatabase
from tests.integration.api.conftest import Client

Sql = Callable[..., list[Any]]
LEASE = timedelta(seconds=60)


@pytest.fixture
def platform(served: DatabaseUrls, sql: Sql) -> Iterator[PlatformDatabase]:
    # The queue is the whole database's: what other tests left in it is not to be claimed here.
    sql(
        "UPDATE scenario_run SET state = 'CANCELLED', completed_at = now() WHERE state IN ('QUEUED', 'RUNNING')"
    )
    database = PlatformDatabase.connect(DatabaseSettings(url=served.platform))
    yield database
    database.close()


@pytest.fixture
def claim(platform: PlatformDatabase) -> Callable[[Client, str], tuple[str, ClaimedRun | None]]:
    def take(client: Client, run: str) -> tuple[str, ClaimedRun | None]:
        with platform.autocommit(ALL_TENANTS) as session:
            return repository.claim(session, TenantId(client.tenant), RunId(UUID(run)), "w", LEASE)

    return take


Claim = Callable[[Client, str], tuple[str, ClaimedRun | None]]


def taken(answer: tuple[str, ClaimedRun | None]) -> str:
    outcome, claimed = answer
    assert claimed is not None, outcome
    return str(claimed.run.id)


def test_the_urgent_go_first_whatever_message_comes(client: Client, claim: Claim) -> None:
    scenario = client.scenario()["id"]
    runs = {
        p: client.run(scenario, seed=n, priority=p)["id"]
        for n, p in enumerate(("LOW", "NORMAL", "HIGH", "CRITICAL"))
    }
    order = [taken(claim(client, runs["LOW"])) for _ in range(4)]
    assert order == [runs[p] for p in ("CRITICAL", "HIGH", "NORMAL", "LOW")]
    assert claim(client, runs["LOW"])[0] == "BUSY"


def test_who_waited_long_enough_is_overtaken_by_nobody(client: Client, claim: Claim, sql: Sql) -> None:
    scenario = client.scenario()["id"]
    old = client.run(scenario, seed=1, priority="LOW")["id"]
    sql("UPDATE scenario_run SET claim_order = claim_order - interval '31 minutes' WHERE id = %s", old)
    urgent = client.run(scenario, seed=2, priority="CRITICAL")["id"]
    assert [taken(claim(client, urgent)) for _ in range(2)] == [old, urgent]


def test_a_backlog_of_one_tenant_does_not_delay_another(
    client: Client, new_client: Callable[..., Client], claim: Claim
) -> None:
    # Given a tenant with ten runs, and then another with one
    scenario = client.scenario()["id"]
    backlog = [client.run(scenario, seed=n, priority="CRITICAL")["id"] for n in range(10)]
    quiet = new_client()
    alone = quiet.run(quiet.scenario()["id"], priority="LOW")["id"]
    # When the messages come in the order in which they were sent, on whatever bus
    order = [taken(claim(client, run)) for run in backlog[:3]]
    # Then the second worker already takes the other tenant's run
    assert order[0] == backlog[0]
    assert order[1] == alone
    assert order[2] == backlog[1]


def test_a_tenant_has_no_more_in_work_than_its_limit_and_no_run_is_stranded(
    client: Client, claim: Claim, platform: PlatformDatabase, sql: Sql
) -> None:
    # Given a limit of two, five runs and five messages, of which three come while there is no room
    client("PUT", "/v1/admin/config/concurrency/runs", {"value": {"max_running": 2}, "reason": "test"})
    scenario = client.scenario()["id"]
    runs = [client.run(scenario, seed=n)["id"] for n in range(5)]
    answers = [claim(client, run) for run in runs]
    assert [outcome for outcome, _ in answers] == ["CLAIMED", "CLAIMED", "WAITING", "WAITING", "WAITING"]
    live = [claimed for _, claimed in answers if claimed]
    done = 0
    # When one ends, however it ends, the next is sent a message of its own
    while live:
        ended = live.pop(0)
        with platform.autocommit(ALL_TENANTS) as session:
            if done % 2:
                repository.fail(session, ended.run, "FAILED", {"code": "x"}, None, 0.0, "w")
            else:
                repository.store_output(
                    session, ended.run, descriptor={}, metrics=[], result={}, rows=1, size=1, gb_seconds=1.0
                )
        done += 1
        woken = sql(
            "SELECT payload ->> 'run_id' FROM outbox_event WHERE dedupe_key LIKE %s",
            f"run:%:after:{ended.run.id}:{ended.run.fencing_token}",
        )
        for (run,) in woken:
            outcome, claimed = claim(client, run)
            assert outcome == "CLAIMED"
            assert claimed is not None
            live.append(claimed)
        assert len(live) <= 2
    assert done == 5


def test_a_raised_limit_wakes_those_that_waited(client: Client, claim: Claim, sql: Sql) -> None:
    def limit(most: int) -> None:
        client("PUT", "/v1/admin/config/concurrency/runs", {"value": {"max_running": most}, "reason": "test"})

    limit(1)
    scenario = client.scenario()["id"]
    runs = [client.run(scenario, seed=n)["id"] for n in range(4)]
    assert [claim(client, run)[0] for run in runs] == ["CLAIMED", "WAITING", "WAITING", "WAITING"]
    limit(3)
    woken = sql(
        "SELECT count(*) FROM outbox_event WHERE tenant_id = %s AND dedupe_key LIKE '%%:woken:%%'",
        client.tenant,
    )
    assert woken == [(2,)]


def test_a_run_that_waits_says_for_what(client: Client, claim: Claim, sql: Sql) -> None:
    """The tenant's limit, a switch, a paused workflow, its next attempt, and its place in the tenant's line."""
    scenario = client.scenario()["id"]
    first, second, third = (client.run(scenario, seed=n)["id"] for n in range(3))

    def waits_for(run: str) -> Any:
        return client("GET", f"/v1/scenarios/{scenario}/runs/{run}").data["waits_for"]

    assert [(waits_for(run)["kind"], waits_for(run)["place"]) for run in (first, third)] == [
        ("TURN", 1),
        ("TURN", 3),
    ]
    client("PUT", "/v1/admin/config/concurrency/runs", {"value": {"max_running": 1}, "reason": "test"})
    claim(client, first)
    assert waits_for(first) is None
    limited = waits_for(third)
    listed = client("GET", f"/v1/scenarios/{scenario}/runs").data
    assert [run["waits_for"] for run in listed] == [limited, waits_for(second), None]
    assert (limited["kind"], limited["place"], limited["max_running"], limited["in_work"]) == (
        "LIMIT",
        2,
        1,
        1,
    )
    sql("UPDATE scenario_run SET available_at = now() + interval '1 h' WHERE id = %s", second)
    assert (waits_for(second)["kind"], waits_for(second)["until"] is None) == ("RETRY", False)
    workflow = client("GET", "/v1/workflows").data[0]["id"]
    client("PATCH", f"/v1/workflows/{workflow}", {"state": "PAUSED"})
    paused = waits_for(second)
    assert (paused["kind"], paused["reason"], paused["target"]) == (
        "WORKFLOW",
        "the workflow is paused",
        workflow,
    )
    switch = client("POST", "/v1/kill-switches", {"scope": "TENANT", "reason": "fire drill"}).data["id"]
    held = waits_for(second)
    assert (held["kind"], held["scope"], held["switch_id"], held["reason"]) == (
        "SWITCH",
        "TENANT",
        switch,
        "fire drill",
    )


def test_many_workers_at_once_take_each_run_once_and_stay_within_the_limit(
    client: Client, claim: Claim, sql: Sql
) -> None:
    client("PUT", "/v1/admin/config/concurrency/runs", {"value": {"max_running": 6}, "reason": "test"})
    scenario = client.scenario()["id"]
    runs = [client.run(scenario, seed=n)["id"] for n in range(10)]
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda run: claim(client, run), runs * 2))
    got = [str(claimed.run.id) for _, claimed in answers if claimed]
    assert len(got) == len(set(got)) == 6


def test_a_run_that_failed_waits_before_it_is_taken_again(
    client: Client, claim: Claim, platform: PlatformDatabase, sql: Sql
) -> None:
    run = client.run(client.scenario()["id"], max_retries=1)["id"]
    _, claimed = claim(client, run)
    assert claimed is not None
    with platform.autocommit(ALL_TENANTS) as session:
        after = repository.fail(
            session, claimed.run, "FAILED", {"code": "dependency_failed"}, timedelta(seconds=30), 1.5, "w"
        )
    assert after is not None
    assert (after.state, after.gb_seconds) == ("QUEUED", 1.5)
    assert claim(client, run)[0] == "WAITING"
    sql("UPDATE scenario_run SET available_at = now() WHERE id = %s", run)
    _, again = claim(client, run)
    assert again is not None
    assert again.run.fencing_token == claimed.run.fencing_token + 1
    with platform.autocommit(ALL_TENANTS) as session:
        last = repository.fail(session, again.run, "FAILED", {"code": "x"}, timedelta(seconds=1), 1.0, "w")
    assert last is not None
    assert (last.state, last.gb_seconds) == ("FAILED", 2.5)


def test_a_poison_run_is_laid_aside(
    client: Client, claim: Claim, platform: PlatformDatabase, sql: Sql
) -> None:
    run = client.run(client.scenario()["id"], max_retries=0)["id"]
    _, claimed = claim(client, run)
    assert claimed is not None
    with platform.autocommit(ALL_TENANTS) as session:
        repository.fail(
            session, claimed.run, "FAILED", {"code": "internal_error", "poison": True}, None, 0.0, "w"
        )
    topics = sql("SELECT topic FROM outbox_event WHERE tenant_id = %s ORDER BY topic", client.tenant)
    assert topics == [("run.failed",), ("run.poisoned",), ("run.requested",)]


def test_the_next_run_of_a_tenant_is_found_by_index(client: Client, sql: Sql) -> None:
    sql("SET enable_seqscan = off")
    plan = "\n".join(
        line
        for (line,) in sql(
            "EXPLAIN SELECT * FROM scenario_run r WHERE r.tenant_id = 'x' AND r.state = 'QUEUED'"
            " AND r.available_at <= now() ORDER BY r.claim_order, r.id LIMIT 1"
        )
    )
    assert "scenario_run_claim" in plan
    assert "Sort" not in plan
