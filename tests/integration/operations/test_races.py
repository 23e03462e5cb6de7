"""Two at once: what was counted, decided, done and resolved is so once, and nothing falls between."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

import functions.operations.handler as function
from sextant import bootstrap
from sextant.ids import ActionId, IncidentId, OperationsEventId, TenantId
from sextant.kill_switches import repository as kill_switches_repository
from sextant.operations.actions.performer import Performer
from sextant.operations.decisions.analyst import Analyst, Changed
from sextant.operations.decisions.proposals import Answer
from sextant.operations.events.service import ingest
from sextant.operations.incidents import service as incidents
from sextant.operations.policy import OperationsPolicy
from sextant.storage import Session
from tests.integration.invoking import LambdaContext
from tests.integration.operations.conftest import Operations, as_sqs
from tests.integration.operations.http import Client
from tests.integration.operations.test_ingest import failure
from tests.waiting import until


def waits_for_a_lock(operations: Operations) -> bool:
    [(count,)] = operations.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return bool(count)


def move(client: Client, incident: str, *states: str) -> None:
    for state in states:
        answer = client("POST", f"/v1/incidents/{incident}/state", {"state": state, "reason": "r"})
        assert answer.status == 200, answer.body


def while_holding(
    operations: Operations, client: Client, held: Callable[[Session], Any], meanwhile: Callable[[], Any]
) -> Any:
    """What `meanwhile` returns, begun while the transaction of `held` is open, which commits once the other waits."""
    database, done = bootstrap.platform_database(), threading.Event()
    with ThreadPoolExecutor(2) as threads:

        def hold() -> None:
            def work(session: Session) -> None:
                held(session)
                done.set()
                until(lambda: waits_for_a_lock(operations) or future.done())

            database.run(TenantId(client.tenant), work)

        holding = threads.submit(hold)
        future: Future[Any] = Future()
        assert done.wait(10)
        began = threads.submit(meanwhile)
        began.add_done_callback(lambda _: future.set_result(None))
        holding.result(20)
        return began.result(20)


def test_a_failure_that_comes_while_its_incident_is_resolved_reopens_it(
    client: Client, operations: Operations
) -> None:
    workflow = client.workflow()
    incident = client.event(workflow).data["incident_id"]
    move(client, incident, "ANALYZING")

    def resolve(session: Session) -> None:
        incidents.move(session, uuid.UUID(incident), "RESOLVED", "ana", "over")

    again = while_holding(operations, client, resolve, lambda: client.event(workflow))
    found = client.got(f"/v1/incidents/{incident}")
    # It happened before the resolution was committed or after: counted either way, and never lost.
    assert again.data["incident_id"] == incident
    assert found["event_count"] == 2
    assert (again.data["change"], found["state"]) in {("REOPENED", "NEW"), ("COUNTED", "RESOLVED")}


def test_a_failed_run_told_after_the_resolution_reopens_it(client: Client, operations: Operations) -> None:
    """The run failed before the incident was resolved, its message came after: nobody else would run it again."""
    first, late = client.run(max_retries=0), client.run(max_retries=0)
    operations.fail(client.tenant, first["id"])
    operations.deliver()
    (retry,) = client.got("/v1/actions")
    operations.fail(client.tenant, late["id"])
    operations._relay.drain(30.0)
    held_back, operations.bus.taken = operations.bus.taken, []
    operations.succeed(client.tenant, retry["result"]["run_id"])
    operations.deliver()
    assert client.incidents()[0]["state"] == "RESOLVED"
    operations.bus.taken = held_back
    operations.deliver()
    (incident,) = client.incidents()
    assert (incident["event_count"], incident["cycle"], incident["state"]) == (2, 2, "ACTIONED")
    assert len(client.got(f"/v1/scenarios/{late['scenario_id']}/runs")) == 2


def test_no_failure_is_counted_between_the_look_and_the_resolution(
    client: Client, operations: Operations
) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    operations.deliver()
    (retry,) = client.got("/v1/actions")
    operations.succeed(client.tenant, retry["result"]["run_id"])
    (incident,) = client.incidents()
    other = client.run(max_retries=0)
    operations.fail(client.tenant, other["id"])
    operations._relay.drain(30.0)
    messages, operations.bus.taken = operations.bus.taken, []
    (told,) = [m for m in messages if m.headers["event-topic"] == "run.failed" and other["id"] in m.payload]

    def count() -> Any:
        return function.handler(as_sqs([told]), LambdaContext("operations"))  # type: ignore[arg-type]

    def settle(session: Session) -> None:
        assert incidents.settle(session, uuid.UUID(incident["id"]), "operations")

    assert while_holding(operations, client, settle, count) == {"batchItemFailures": []}
    found = client.got(f"/v1/incidents/{incident['id']}")
    assert (found["state"], found["cycle"], found["event_count"]) == ("NEW", 2, 2)
    operations.deliver()
    assert len(client.got(f"/v1/scenarios/{other['scenario_id']}/runs")) == 2, "and is run again"


def test_two_analysts_decide_once(client: Client, operations: Operations) -> None:
    told = client.event(client.workflow()).data
    together = threading.Barrier(2)

    class Slow:
        """Both have looked before either records."""

        def propose(self, situation: object, plan: object) -> Answer:
            together.wait(10)
            return Answer("m", {"action": "MANUAL", "confidence": 0.9, "reasoning": "a person has to look"})

    changed = Changed(
        IncidentId(uuid.UUID(told["incident_id"])),
        OperationsEventId(uuid.UUID(told["event_id"])),
        "OPENED",
        "c",
    )
    analyst = Analyst(bootstrap.platform_database(), bootstrap.operations_policies(), Slow())
    with ThreadPoolExecutor(2) as threads:
        made = list(threads.map(lambda _: analyst.analyse(TenantId(client.tenant), changed), range(2)))
    assert sorted(len(actions) for actions in made) == [0, 1]
    assert len(client.got("/v1/decisions")) == len(client.got("/v1/actions")) == 1


@pytest.mark.parametrize("limit", ["cap", "cooldown"])
def test_performers_at_once_keep_the_limits(client: Client, operations: Operations, limit: str) -> None:
    root = client.as_("super_admin")
    policy: dict[str, Any] = (
        {"max_actions_per_hour": 1} if limit == "cap" else {"cooldown_seconds": {"RETRY": 60}}
    )
    root.made("/v1/tenants", {"tenant_id": client.tenant, "name": "Acme", "settings": {"operations": policy}})
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    bootstrap.operations_policies().forget(TenantId(client.tenant))
    operations.deliver()
    [(incident, decision)] = operations.sql(
        "SELECT incident_id, decision_id FROM action WHERE tenant_id = %s", client.tenant
    )
    operations.sql(
        "UPDATE action SET due_at = now() WHERE tenant_id = %s AND state = 'PENDING'", client.tenant
    )
    for ordinal in range(1, 6):
        operations.sql(
            """INSERT INTO action (tenant_id, id, incident_id, decision_id, ordinal, action_type, target, requested_by)
               VALUES (%s, gen_random_uuid(), %s, %s, %s, 'RETRY', %s, 'operations')""",
            client.tenant,
            incident,
            decision,
            ordinal,
            run["id"],
        )
    waiting = [action["id"] for action in client.got("/v1/actions", state="PENDING")]
    performer = Performer(bootstrap.platform_database(), bootstrap.operations_policies(), None, "p")
    together = threading.Barrier(len(waiting))

    def perform(action: str) -> None:
        together.wait(10)
        performer.perform(TenantId(client.tenant), ActionId(uuid.UUID(action)))

    with ThreadPoolExecutor(len(waiting)) as threads:
        list(threads.map(perform, waiting))
    ended = client.got("/v1/actions")
    assert sum(action["state"] == "SUCCEEDED" for action in ended) == 1
    reasons = {action["result"]["reason"] for action in ended if action["state"] == "SKIPPED"}
    assert reasons == {"rate_cap" if limit == "cap" else "cooldown"}


def test_sixteen_set_and_lift_one_switch_and_the_audit_is_whole(
    client: Client, operations: Operations
) -> None:
    target, database = client.workflow(), bootstrap.platform_database()

    def move(active: bool) -> tuple[str, UUID]:
        def work(session: Session) -> tuple[str, UUID]:
            outcome, switch = kill_switches_repository.set_switch(
                session, client.tenant, "WORKFLOW", target, active=active, reason="r", actor="a", platform=False,
                correlation_id="",
            )  # fmt: skip
            return outcome, switch.id

        return database.run(TenantId(client.tenant), work)

    with ThreadPoolExecutor(8) as threads:
        made = [*threads.map(move, [True] * 16)]
        lifted = [*threads.map(move, [False] * 16)]
    (switch,) = {identifier for _, identifier in made + lifted}
    for outcomes in (made, lifted):
        assert sorted(outcome for outcome, _ in outcomes) == ["CHANGED"] + ["UNCHANGED"] * 15
    changes = client.got(f"/v1/kill-switches/{switch}/changes")
    assert [change["active"] for change in changes] == [False, True]


def test_the_tenth_failure_of_many_at_once_escalates_once(client: Client, operations: Operations) -> None:
    workflow = client.workflow()

    def send(_: int) -> str | None:
        with bootstrap.platform_database().autocommit(TenantId(client.tenant)) as session:
            return ingest(session, failure(workflow), OperationsPolicy()).change

    with ThreadPoolExecutor(8) as threads:
        changes = list(threads.map(send, range(24)))
    assert sorted(set(changes), key=str) == ["COUNTED", "ESCALATED", "OPENED"]
    assert (changes.count("OPENED"), changes.count("ESCALATED")) == (1, 1)
