"""What requests are signed with, as Standard Webhooks writes it: secrets of both sides, and pairs of ed25519 keys.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Signature scheme".
`cryptography` is imported with the first key.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import Final

from sextant.webhooks.model import Signing

_BYTES: Final = 32
PRIVATE: Final = "whsk_"
PUBLIC: Final = "whpk_"


@dataclass(frozen=True, slots=True)
class Key:
    """What an endpoint's requests are signed with, and what verifies them where that is another thing."""

    signs: str
    """`whsec_…` or `whsk_…`: 32 random bytes in base64, the private key's as its seed (RFC 8032)."""
    verifies: str = ""
    """`whpk_…`; empty where the secret itself verifies."""


def new_key(signing: Signing) -> Key:
    """A key that nobody has seen."""
    seed = secrets.token_bytes(_BYTES)
    if signing == "hmac":
        return Key("whsec_" + base64.b64encode(seed).decode())
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return Key(PRIVATE + base64.b64encode(seed).decode(), PUBLIC + base64.b64encode(public).decode())


def signed_by_ed25519(private: str, content: bytes) -> str:
    """The signature `v1a,…` by a private key `whsk_…`."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(private.removeprefix(PRIVATE)))
    return "v1a," + base64.b64encode(key.sign(content)).decode()
