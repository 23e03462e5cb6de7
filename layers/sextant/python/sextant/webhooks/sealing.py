"""Secrets and private keys of endpoints under the deployment's key: sealed where they are made, opened where they sign. boto3 is imported with the first use.

What is sealed is bound to its tenant and endpoint (the encryption context), so that a row moved to another one does not open.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from cachetools import LRUCache

from sextant.config import Settings, text
from sextant.ids import TenantId, WebhookId

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

PURPOSE = "webhook-secret"
_REMEMBERED = 10_000


@dataclass(frozen=True)
class SealingSettings(Settings):
    """Under what the secrets of webhooks lie."""

    key: str = text("SEXTANT_WEBHOOK_KEY", "The key at KMS that seals the secrets of webhooks")


class Sealing:
    """Seals and opens secrets by KMS; what was opened is remembered as long as the process lives. Thread-safe."""

    def __init__(self, key: str) -> None:
        self._key = key
        # By tenant, endpoint and what is sealed: what was opened for one is opened for no other.
        self._opened: LRUCache[tuple[TenantId, WebhookId, bytes], str] = LRUCache(_REMEMBERED)
        self._lock = Lock()

    @property
    def _client(self) -> KMSClient:
        # Making one is not thread-safe.
        with self._lock:
            return self._made

    @cached_property
    def _made(self) -> KMSClient:
        import boto3
        from botocore.config import Config

        return boto3.client("kms", config=Config(connect_timeout=2, read_timeout=5))

    def seal(self, tenant: TenantId, webhook: WebhookId, secret: str) -> bytes:
        context = _context(tenant, webhook)
        answer = self._client.encrypt(KeyId=self._key, Plaintext=secret.encode(), EncryptionContext=context)
        return answer["CiphertextBlob"]

    def open(self, tenant: TenantId, webhook: WebhookId, sealed: bytes) -> str:
        place = tenant, webhook, sealed
        with self._lock:
            secret = self._opened.get(place)
        if secret is None:
            answer = self._client.decrypt(
                KeyId=self._key, CiphertextBlob=sealed, EncryptionContext=_context(tenant, webhook)
            )
            secret = answer["Plaintext"].decode()
            with self._lock:
                self._opened[place] = secret
        return secret


def _context(tenant: TenantId, webhook: WebhookId) -> dict[str, str]:
    return {"purpose": PURPOSE, "tenant": tenant, "webhook": str(webhook)}
