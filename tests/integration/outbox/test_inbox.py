"""The consumers' inbox: an event is applied once, however often it is delivered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

from sextant.outbox import inbox
from sextant.storage import ALL_TENANTS
from tests.integration.outbox.conftest import ACME, BOLT, Outbox


def accept(outbox: Outbox, event_id: UUID, consumer: str = "mailer") -> bool:
    return outbox.app.run(ACME, lambda session: inbox.accept(session, consumer, event_id))


def test_a_second_delivery_is_not_accepted(outbox: Outbox) -> None:
    event_id = uuid4()
    assert accept(outbox, event_id)
    assert not accept(outbox, event_id)


def test_each_consumer_has_its_own(outbox: Outbox) -> None:
    event_id = uuid4()
    assert accept(outbox, event_id)
    assert accept(outbox, event_id, "auditor")


def test_an_event_whose_work_failed_is_accepted_again(outbox: Outbox) -> None:
    event_id = uuid4()
    with outbox.rolled_back(ACME) as session:
        assert inbox.accept(session, "mailer", event_id)
    assert accept(outbox, event_id)


def test_of_ten_deliveries_at_once_one_is_accepted(outbox: Outbox) -> None:
    event_id = uuid4()
    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(lambda _: accept(outbox, event_id), range(10))) == 1


def test_the_platform_accepts_for_a_tenant_or_for_itself(outbox: Outbox) -> None:
    event_id = uuid4()

    def accepted(tenant: object) -> bool:
        return outbox.platform.run(ALL_TENANTS, lambda session: inbox.accept(session, "c", event_id, tenant))  # type: ignore[arg-type]

    assert [accepted(tenant) for tenant in (ACME, ACME, BOLT, None, None)] == [True, False, True, True, False]
