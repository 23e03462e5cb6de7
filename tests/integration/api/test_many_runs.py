"""Thousands of waiting runs are lifted, cancelled and deleted in batches that go on by themselves."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from local.database import DatabaseUrls
from sextant.execution.recovery import STRANDED_AT_ONCE, recover
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
        # And the recovery ends the rest, batch by batch, in one round or in several
        left = states(line, "whale")["QUEUED"]
        assert recover_now(line, rounds=0)["stranded"] == STRANDED_AT_ONCE
        assert recover_now(line)["stranded"] == left - STRANDED_AT_ONCE
    assert states(line, "whale") == {"CANCELLED": MANY}
    assert recover_now(line)["stranded"] == 0
    ended = line.connection.execute(
        "SELECT count(DISTINCT run_id), count(*) FROM scenario_event WHERE event_type = 'RUN_CANCELLED' AND tenant_id = 'whale'"
    ).fetchone()
    assert ended == (MANY, MANY), "each ends visibly, once"


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
