"""A tenant cannot flood the people on call, nor itself: what reaches people has the platform's bound, and is gathered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from sextant import bootstrap
from sextant.operations.actions.performer import AlertError, Performer
from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client

LOUD = {
    "max_actions_per_hour": 1_000_000,
    "escalate_at": 1,
    "cooldown_seconds": {"ESCALATE": 0},
    "transient": {"base_seconds": 0},
}


@dataclass
class Phone:
    """Where people are told; refuses as often as it is told to."""

    told: list[tuple[str, str]] = field(default_factory=list)
    refuses: int = 0

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> str:
        if self.refuses:
            self.refuses -= 1
            raise AlertError("throttled")
        self.told.append((subject, message))
        return str(len(self.told))


@pytest.fixture
def phone(operations: Operations, monkeypatch: pytest.MonkeyPatch) -> Phone:
    phone = Phone()
    performer = Performer(bootstrap.platform_database(), bootstrap.operations_policies(), phone, "operations")
    monkeypatch.setattr("functions.operations.handler.performer", lambda: performer)
    return phone


def loud(client: Client) -> None:
    root = client.as_("super_admin")
    root.made("/v1/tenants", {"tenant_id": client.tenant, "name": "Acme"})
    answer = client("PATCH", f"/v1/tenants/{client.tenant}", {"settings": {"operations": LOUD}})
    assert answer.status == 200, answer.body


def a_window_later(client: Client, operations: Operations, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was told is longer ago than the window, and what waits is due."""
    monkeypatch.setattr("sextant.operations.actions.performer.ALERT_WINDOW", timedelta(0))
    operations.sql(
        "UPDATE action SET due_at = due_at - interval '12 min' WHERE tenant_id = %s AND state = 'PENDING' AND action_type = 'ESCALATE'",
        client.tenant,
    )


def words(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_two_hundred_critical_events_are_a_handful_of_alerts(
    client: Client,
    operations: Operations,
    phone: Phone,
    new_client: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a tenant whose administrator lifted every limit of its own, and another tenant
    loud(client)
    workflow = client.workflow()
    # When it sends two hundred different critical events, and people ask for escalations besides
    for number in range(200):
        told = client.event(
            workflow, severity="CRITICAL", payload={"error": {"message": f"trouble {words(number)}"}}
        )
        assert told.status == 201
    operations.deliver(times=1)
    body = {"action_type": "ESCALATE", "incident_id": client.incidents()[0]["id"], "reason": "look"}
    for _ in range(10):
        client.made("/v1/actions", body, 202)
    operations.deliver(times=1)
    # Then there are a bounded number of incidents that lose nothing, and of alerts
    incidents = client.got("/v1/incidents", limit=100)
    assert len(incidents) == 21
    assert sum(incident["event_count"] for incident in incidents) == 200
    (gathered,) = [incident for incident in incidents if incident["event_count"] > 1]
    assert gathered["title"].startswith("many different failures")
    assert len(phone.told) == 5
    # And the other tenant's reaches people at once
    other = new_client()
    other.event(other.workflow(), severity="CRITICAL")
    operations.deliver(times=1)
    assert len(phone.told) == 6
    # And what was held back is told as one, when there is room
    a_window_later(client, operations, monkeypatch)
    operations.deliver(times=1)
    operations.run_checks()
    assert len(phone.told) == 7
    subject, message = phone.told[-1]
    assert subject.startswith("[Sextant] CRITICAL (+25): ")
    assert message.count("\n- ") == 15
    states = [action["state"] for action in client.got("/v1/actions", action_type="ESCALATE", limit=100)]
    assert (states.count("SUCCEEDED"), states.count("SKIPPED"), len(states)) == (6, 25, 31)


def test_what_was_gathered_is_told_though_the_first_try_was_not_taken(
    client: Client, operations: Operations, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    loud(client)
    workflow = client.workflow()
    for number in range(8):
        client.event(
            workflow, severity="CRITICAL", payload={"error": {"message": f"trouble {words(number)}"}}
        )
    operations.deliver(times=1)
    assert len(phone.told) == 5
    phone.refuses = 1
    a_window_later(client, operations, monkeypatch)
    operations.deliver(times=1)
    operations.run_checks()
    a_window_later(client, operations, monkeypatch)
    operations.deliver(times=1)
    operations.run_checks()
    assert phone.told[-1][0].startswith("[Sextant] CRITICAL (+2): ")
