"""The finished request of a delivery: its headers, signed by the Standard Webhooks specification.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook as Signer

from sextant.webhooks.keys import PRIVATE, signed_by_ed25519
from sextant.webhooks.model import Claimed

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
USER_AGENT = "Sextant-Webhooks/1"


def signed_headers(delivery: Claimed, secrets: Sequence[str], moment: datetime) -> dict[str, str]:
    """The headers under which `delivery` is sent at `moment`, with a signature by each of the secrets."""
    # The library takes the moment for UTC whatever its zone says.
    at = moment.astimezone(UTC)
    signatures = [_signature(secret, str(delivery.event_id), at, delivery.body) for secret in secrets]
    return {
        "content-type": CONTENT_TYPE,
        "user-agent": USER_AGENT,
        "webhook-id": str(delivery.event_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _signature(secret: str, event: str, at: datetime, body: str) -> str:
    """`v1,…` by a secret, `v1a,…` by a private key; both of the same words."""
    if secret.startswith(PRIVATE):
        return signed_by_ed25519(secret, f"{event}.{int(at.timestamp())}.{body}".encode())
    return Signer(secret).sign(event, at, body)
