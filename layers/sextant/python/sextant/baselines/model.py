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
    """Which version, from 1."""
    name: str
    """By which scenarios name it."""
    location: str
    digest: str
    """SHA-256 over its tables and options."""
    options: dict[str, Any]
    """What was said of it beside the tables."""
    summary: dict[str, Any]
    """What was read from the tables, and what was assumed."""
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
