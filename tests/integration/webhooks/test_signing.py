"""Signatures by ed25519: the public key is there for everybody, the private one for nobody."""

from __future__ import annotations

import json
import uuid
from base64 import b64decode
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.integration.operations.http import Client
from tests.integration.webhooks.conftest import Webhooks
from tests.integration.webhooks.consumer import Consumer, Received


def verified(received: Received, public_key: str) -> bool:
    """Whether one of the signatures is the key's, as the specification has it."""
    key = Ed25519PublicKey.from_public_bytes(b64decode(public_key.removeprefix("whpk_")))
    head = {name.lower(): value for name, value in received.headers.items()}
    content = f"{head['webhook-id']}.{head['webhook-timestamp']}.{received.body}".encode()
    for signature in head["webhook-signature"].split():
        version, given = signature.split(",")
        assert version == "v1a"
        try:
            key.verify(b64decode(given), content)
        except InvalidSignature:
            continue
        return True
    return False


def test_the_public_key_verifies_and_the_private_one_is_nowhere(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    webhook = client.made("/v1/webhooks", {"url": consumer.url, "signing": "ed25519"})
    other = client.made("/v1/webhooks", {"url": consumer.url, "signing": "ed25519"})
    path = f"/v1/webhooks/{webhook['id']}"
    shown = client.got(path)
    ((sealed,),) = hooks.sql(
        "SELECT sealed FROM webhook_secret WHERE webhook_id = %s", uuid.UUID(webhook["id"])
    )

    assert webhook["secret"] is None
    assert shown["public_key"] == webhook["public_key"]
    assert webhook["public_key"].startswith("whpk_")
    assert "whsk_" not in json.dumps([webhook, shown])
    assert b"whsk_" not in bytes(sealed)
    client.made(f"{path}/test", None, 202)
    hooks.deliver()
    (received,) = consumer.received
    assert verified(received, shown["public_key"])
    assert not verified(received, other["public_key"])


def test_two_keys_sign_while_the_consumer_changes_over(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    webhook = client.made("/v1/webhooks", {"url": consumer.url, "signing": "ed25519"})
    path = f"/v1/webhooks/{webhook['id']}"
    rotated = client.made(f"{path}/secret:rotate", None, 200)
    client.made(f"{path}/test", None, 202)

    hooks.deliver()
    (received,) = consumer.received
    assert rotated["public_key"] != webhook["public_key"]
    assert client.got(path)["public_key"] == rotated["public_key"]
    assert all(verified(received, key["public_key"]) for key in (webhook, rotated))
    (change,) = client.got(f"{path}/changes")
    assert (change["field"], change["new_value"]) == ("public_key", rotated["public_key"])


@pytest.mark.parametrize("body", [{"signing": "rsa"}, {"signing": None}])
def test_there_are_two_kinds(client: Client, hooks: Webhooks, body: dict[str, Any]) -> None:
    answer = client("POST", "/v1/webhooks", {"url": "http://127.0.0.1:9/", **body})

    assert (answer.status, answer.broken_paths) == (422, ["signing"])
