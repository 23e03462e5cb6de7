"""What a baseline is: tables in object storage, and a row that says whose, which version and what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sextant.ids import TenantId

REQUIRED_TABLES = ("units", "load")
TABLES = (*REQUIRED_TABLES, "profiles", "prices", "storage")


@dataclass(frozen=True, slots=True)
class Baseline:
    """One version of a tenant's baseline. `location` is the folder of its tables, `digest` the SHA-256 over them."""

    tenant_id: TenantId
    id: UUID
    version: int
    name: str
    location: str
    digest: str
    options: dict[str, Any]
    summary: dict[str, Any]
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class BaselineReference:
    """The baseline that a run pins."""

    id: UUID
    version: int

    @classmethod
    def parse(cls, text: str) -> BaselineReference:
        """From `<id>@<version>`, as `pin_parameters` wrote it."""
        name, _, version = text.rpartition("@")
        return cls(UUID(name), int(version))
