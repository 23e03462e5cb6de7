"""The key in a link: whose report, which link, and 256 random bits of which the database keeps the digest alone.

So a copy of the database opens nothing, and there is no signing key to guard. Who tries keys learns nothing: whatever does not open
is answered alike, and the digests are compared in constant time.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from uuid import UUID

from sextant.ids import TenantId, tenant_id

_KEY = re.compile(r"([a-z0-9_-]{1,63})\.([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Key:
    """A key, taken apart."""

    tenant: TenantId
    link: UUID
    secret: str

    @classmethod
    def new(cls, tenant: TenantId, link: UUID) -> Key:
        return cls(tenant, link, secrets.token_urlsafe(32))

    @classmethod
    def of(cls, text: str) -> Key | None:
        """The key that `text` spells; None where it is none."""
        parts = _KEY.fullmatch(text)
        if parts is None:
            return None
        try:
            return cls(tenant_id(parts[1]), UUID(parts[2]), parts[3])
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.tenant}.{self.link.hex}.{self.secret}"

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.secret.encode()).digest()
