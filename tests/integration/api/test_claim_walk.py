"""No tenant keeps another's runs waiting: hundreds that are held, at their limit or idle, against the real Postgres."""

from __future__ import annotations

import random
from collections import Counter
from uuid import UUID

import pytest

from sextant.runs.model import Run
from tests.integration.api.lines import OBSTACLES, Line


@pytest.mark.parametrize("obstacle", [o for o in OBSTACLES if o not in ("idle", "none")])
def test_a_crowd_that_cannot_run_keeps_nobody_waiting(line: Line, obstacle: str) -> None:
    # Given 130 tenants in whose way something stands, and one in the midst of them that can run
    crowd = [f"t{n:03}" for n in range(130)]
    tickets = line.queue(crowd, 2)
    for tenant in crowd:
        line.hold(tenant, obstacle)
    (own,) = line.queue(["t064b"])
    # When any message comes, of the crowd or its own
    others = random.Random(1).choice(tickets)
    for ticket in (others, own):
        outcome, claimed = line.claim(ticket)
        # Then its run is taken
        assert (outcome, claimed and claimed.run.tenant_id) == ("CLAIMED", "t064b")
        (own,) = line.queue(["t064b"])


@pytest.mark.parametrize("seed", range(2))
def test_a_ticket_is_spent_only_where_no_run_of_any_tenant_can_start(line: Line, seed: int) -> None:
    """The property, over tenants whose obstacles are drawn: every run that can start is taken, and no other."""
    # Given hundreds of tenants, each with something in its way or nothing, and messages of them all
    draw = random.Random(seed)
    tickets: list[tuple[str, UUID]] = []
    room: dict[str, int] = {}
    for obstacle in OBSTACLES:
        tenants = [f"{draw.randrange(16**8):08x}" for _ in range(draw.randint(20, 40))]
        runs = draw.randint(1, 2)
        messages = line.queue(tenants, runs)
        tickets += messages if obstacle == "none" else draw.sample(messages, 8)
        for tenant in tenants:
            line.hold(tenant, obstacle)
        room.update(dict.fromkeys(tenants, runs if obstacle == "none" else 0))
    draw.shuffle(tickets)
    # When they come in any order
    taken: Counter[str] = Counter()
    for ticket in tickets:
        outcome, claimed = line.claim(ticket)
        able = sum(room.values()) - taken.total()
        # Then each takes a run as long as there is one that can start
        assert (claimed is not None) == (able > 0), (outcome, ticket, able)
        if claimed is not None:
            taken[claimed.run.tenant_id] += 1
    assert taken == Counter({tenant: runs for tenant, runs in room.items() if runs})


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_no_run_is_left_without_a_message(line: Line, seed: int) -> None:
    """Claims, ends, limits, switches and lifts in any order: once all is quiet, what can run has run."""
    draw = random.Random(seed)
    tenants = [f"t{n:02}" for n in range(12)]
    tickets = line.queue(tenants, 12)
    for tenant in tenants:
        line.limit(tenant, draw.randint(1, 4))
    tickets += line.new_tickets()
    live: list[Run] = []
    switches: dict[str, bool] = {}
    for _ in range(400):
        step = draw.random()
        if step < 0.55 and tickets:
            _, claimed = line.claim(tickets.pop(draw.randrange(len(tickets))))
            if claimed is not None:
                live.append(claimed.run)
        elif step < 0.85 and live:
            line.end(live.pop(draw.randrange(len(live))))
        elif step < 0.93:
            line.limit(draw.choice(tenants), draw.randint(1, 4))
        else:
            tenant = draw.choice(tenants)
            switches[tenant] = not switches.get(tenant, False)
            line.connection.execute(
                "SELECT set_kill_switch(%s, 'TENANT', %s, %s, 'r', 'test', false, '')",
                (tenant, tenant, switches[tenant]),
            )
        tickets += line.new_tickets()
    # When the switches are lifted, and workers take what comes until nothing comes any more
    for tenant in (t for t, active in switches.items() if active):
        line.connection.execute(
            "SELECT set_kill_switch(%s, 'TENANT', %s, false, 'r', 'test', false, '')", (tenant, tenant)
        )
    tickets += line.new_tickets()
    while tickets or live:
        while tickets:
            _, claimed = line.claim(tickets.pop(draw.randrange(len(tickets))))
            if claimed is not None:
                live.append(claimed.run)
        # Several end before the next message comes.
        for run in live:
            line.end(run)
        live = []
        tickets += line.new_tickets()
    # Then nobody waits
    assert line.queued() == Counter()
