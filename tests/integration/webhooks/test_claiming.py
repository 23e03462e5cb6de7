"""What is claimed, while it is being stored."""

from __future__ import annotations

import threading

from tests.integration.operations.http import Client
from tests.integration.webhooks.conftest import Webhooks
from tests.integration.webhooks.consumer import Consumer


def test_what_is_stored_while_one_claims_is_claimed_whole_or_not_at_all(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    """A claim that leased an event which its own answer left out would keep it for a lease."""
    webhook = client.made("/v1/webhooks", {"url": consumer.url})
    storing = threading.Thread(
        target=lambda: [client("POST", f"/v1/webhooks/{webhook['id']}/test") for _ in range(25)]
    )
    storing.start()
    while storing.is_alive():
        hooks.deliver()
    hooks.deliver()

    assert len(consumer.received) == 25
