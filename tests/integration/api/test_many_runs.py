"""Thousands of waiting runs are lifted, cancelled and deleted in batches that go on by themselves."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from local.database import DatabaseUrls
from sextant.execution.recovery import STRANDED_AT_ONCE, recover
from sextant.runs.service import MOST_AT_ONCE
from tests.integration.api.conftest import Client, serving
from tests.integration.api.lines import Line

MANY = 1500


def states(line: Line, tenant: str) -> Counter[str]:
    rows = line.connection.execute(
        "SELECT state FROM scenario_run WHERE tenant_id = %s", (tenant,)
    ).fetchall()
    return Counter(state for (state,) in rows)


def switch(line: Line, tenant: str, scope: str, *, active: bool) -> None:
    target = "*" if scope == "GLOBAL" else tenant
    line.connection.execute(
        "SELECT set_kill_switch(%s, %s, %s, %s, 'r', 'test', true, '')", (tenant, scope, target, active)
    )


def recover_now(line: Line, *, rounds: float = 1.0) -> dict[str, int]:
    return recover(line.platform, timedelta(hours=1), 500, lambda: rounds)


def test_a_lift_sends_no_more_messages_than_runs_may_be_in_work(line: Line) -> None:
    # Given many runs that wait under a switch
    line.queue(["whale"], MANY)
    line.limit("whale", 5)
    switch(line, "whale", "TENANT", active=True)
    line.new_tickets()
    # When it is lifted
    switch(line, "whale", "TENANT", active=False)
    tickets = line.new_tickets()
    # Then there is a message for each place, and each run that ends wakes the next
    assert len(tickets) == 5
    for _ in range(20):
        outcome, claimed = line.claim(tickets.pop(0))
        assert outcome == "CLAIMED"
        assert claimed is not None
        line.end(claimed.run)
        tickets += line.new_tickets()
    assert len(tickets) == 5


def test_the_global_switch_lifted_sends_each_tenant_a_message_and_all_a_bounded_number(line: Line) -> None:
    tenants = [f"t{n:03}" for n in range(200)]
    line.queue(tenants, 20)
    switch(line, "t000", "GLOBAL", active=True)
    line.new_tickets()
    switch(line, "t000", "GLOBAL", active=False)
    tickets = Counter(tenant for tenant, _ in line.new_tickets())
    assert set(tickets) == set(tenants)
    assert tickets.total() <= 3000


def test_a_scenario_is_deleted_at_once_however_many_of_its_runs_wait(
    line: Line, database: DatabaseUrls
) -> None:
    # Given a scenario with more runs than one statement ends, one of them in work, and a run of another tenant behind them
    queued = line.queue(["whale"], MANY)
    outcome, claimed = line.claim(queued[0])
    assert claimed is not None
    (other,) = line.queue(["other"])
    with serving(database):
        client = Client("whale", ("admin",))
        assert client("DELETE", f"/v1/scenarios/{line.scenario}").status == 204
        # Then what is in work and a first batch has ended, and no claim takes what is left
        assert states(line, "whale") == {"QUEUED": MANY - 501, "CANCELLED": 501}
        outcome, claimed = line.claim(queued[1])
        assert (outcome, claimed and claimed.run.tenant_id) == ("CLAIMED", "other")
        assert line.claim(other)[0] == "BUSY"
        # And the recovery ends the rest, batch by batch, in one round or in several, and says how far it is
        left = states(line, "whale")["QUEUED"]
        assert recover_now(line, rounds=0)["stranded"] == STRANDED_AT_ONCE
        (begun,) = client("GET", "/v1/cancellations", query={"scenario_id": line.scenario}).data
        assert (begun["cause"], begun["matching"], begun["completed_at"]) == ("DELETION", MANY, None)
        assert begun["cancelled"] == MANY - left + STRANDED_AT_ONCE, "what the claim ended is counted"
        assert recover_now(line)["stranded"] == left - STRANDED_AT_ONCE
        assert client("GET", f"/v1/cancellations/{begun['id']}").data["completed_at"] is not None
    assert states(line, "whale") == {"CANCELLED": MANY}
    assert recover_now(line)["stranded"] == 0
    ended = line.connection.execute(
        "SELECT count(DISTINCT run_id), count(*) FROM scenario_event WHERE event_type = 'RUN_CANCELLED' AND tenant_id = 'whale'"
    ).fetchone()
    assert ended == (MANY, MANY), "each ends visibly, once"


def test_a_filter_cancels_all_that_fit_and_says_how_far_it_is(line: Line, database: DatabaseUrls) -> None:
    # Given more runs than one request ends, one of them in work
    queued = line.queue(["whale"], MANY)
    _, claimed = line.claim(queued[0])
    assert claimed is not None
    line.connection.execute(
        "UPDATE scenario_run SET priority = 'LOW' WHERE id = ANY (%s)", ([run for _, run in queued[-200:]],)
    )
    with serving(database):
        client = Client("whale", ("admin",))
        fits = {"filter": {"priority": "NORMAL", "scenario_id": str(line.scenario)}}
        # When they are cancelled by a filter, then a first batch has ended, and the rest goes on by itself
        answer = client("POST", "/v1/scenarios/runs:cancel", fits).data
        assert (answer["matching"], answer["changed"]) == (MANY - 200, MOST_AT_ONCE)
        place = f"/v1/cancellations/{answer['cancellation_id']}"
        begun = client("GET", place).data
        assert (begun["matching"], begun["cancelled"], begun["completed_at"]) == (
            MANY - 200,
            MOST_AT_ONCE,
            None,
        )
        assert (begun["cause"], begun["priority"], begun["requested_by"]) == ("FILTER", "NORMAL", "ana")
        # No claim takes what is to be cancelled, and what is asked for afterwards is not
        (other,) = line.queue(["other"])
        assert line.claim(next(run for run in queued if run in queued[-300:-200]))[1] is not None
        assert line.connection.execute(
            "SELECT count(*) FROM scenario_run WHERE tenant_id = 'whale' AND state = 'RUNNING' AND priority = 'NORMAL'"
            " AND id <> %s",
            (claimed.run.id,),
        ).fetchone() == (0,)
        assert line.claim(other)[0] in ("CLAIMED", "BUSY", "DONE")
        covered = "FROM scenario_run WHERE tenant_id = 'whale' AND priority = 'NORMAL' AND state IN ('QUEUED', 'RUNNING')"
        line.connection.execute(
            f"UPDATE scenario_run SET created_at = now() WHERE id = (SELECT id {covered} AND state = 'QUEUED' LIMIT 1)"
        )
        (left,) = line.connection.execute(f"SELECT count(*) {covered}").fetchone()  # type: ignore[misc]
        assert recover_now(line)["stranded"] == left - 1
        assert line.connection.execute(f"SELECT count(*) {covered}").fetchone() == (1,)
        assert states(line, "whale")["QUEUED"] + states(line, "whale")["RUNNING"] == 201
        ended = client("GET", place).data
        # What a claim ended is counted too; the one that was asked for afterwards is none of them.
        assert (ended["cancelled"], ended["completed_at"] is None) == (MANY - 200 - 1, False)
        assert [one["id"] for one in client("GET", "/v1/cancellations").data] == [ended["id"]]
        # With a limit it is that many and no more, and another tenant sees nothing of it
        few = client("POST", "/v1/scenarios/runs:cancel", {"all": True, "limit": 7}).data
        assert (few["changed"], few["cancellation_id"]) == (7, None)
        stranger = Client("stranger", ("admin",))
        assert stranger("GET", place).code == "cancellation_not_found"
        assert stranger("GET", "/v1/cancellations").data == []


@pytest.mark.parametrize("how", ["inactive", "deleted"])
def test_what_waits_of_a_tenant_that_is_not_active_ends(line: Line, how: str) -> None:
    line.queue(["gone", "here"], 300)
    line.hold("gone", how)
    assert recover_now(line)["stranded"] == 300
    assert (states(line, "gone"), states(line, "here")) == ({"CANCELLED": 300}, {"QUEUED": 300})
    error: Any = line.connection.execute(
        "SELECT DISTINCT error ->> 'code' FROM scenario_run WHERE tenant_id = 'gone'"
    ).fetchall()
    assert error == [("tenant_inactive",)]
