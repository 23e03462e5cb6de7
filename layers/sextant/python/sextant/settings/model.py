"""What can be set, by kind and name, and which values each takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from sextant.ids import TenantId

PLATFORM = TenantId("*")
"""The tenant under which the platform's defaults are kept; no slug, so no tenant can have it."""

Kind = Literal["flag", "rate-limit", "concurrency", "config"]
KINDS: tuple[Kind, ...] = ("flag", "rate-limit", "concurrency", "config")
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._:-]{0,99}$")]
Reason = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=500)]

OUTPUTS_FLAG = "outputs"
ALL_PATHS = "all"


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class FlagValue(_Value):
    """Whether a feature is on."""

    enabled: Annotated[bool, Field(strict=True)]


class RateLimitValue(_Value):
    """At most `limit` requests in `window_seconds`, and `daily_cap` a day (UTC)."""

    limit: Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
    window_seconds: Annotated[int, Field(strict=True, ge=1, le=3600)] = 60
    daily_cap: Annotated[int, Field(strict=True, ge=0, le=10**12)] | None = None


class ConcurrencyValue(_Value):
    """How many of the tenant's runs may be in work at once."""

    max_running: Annotated[int, Field(strict=True, ge=0, le=10_000)]


class LongPollValue(_Value):
    """The longest that a request may wait for a run to change."""

    seconds: Annotated[int, Field(strict=True, ge=0, le=25)]


class LogLevelValue(_Value):
    """What the API logs from this level on."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class JournalValue(_Value):
    """Whether runs may be asked for while the database is away, and how many a minute are taken then."""

    enabled: Annotated[bool, Field(strict=True)]
    per_minute: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 60


JOURNAL: tuple[Kind, str] = ("config", "journal")

# What may be named: a flag or a rate limit by any name, the others by the names that mean something.
VALUES: dict[tuple[Kind, str | None], type[_Value]] = {
    ("flag", None): FlagValue,
    ("rate-limit", None): RateLimitValue,
    ("concurrency", "runs"): ConcurrencyValue,
    ("config", "long-poll"): LongPollValue,
    ("config", "log-level"): LogLevelValue,
    JOURNAL: JournalValue,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that holds; `tenant_id` says whose it is, the tenant's own or the platform's."""

    tenant_id: str
    kind: Kind
    name: str
    value: dict[str, Any]
    updated_at: datetime
    updated_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the audit: `before` is None where nothing was set, `after` where it was removed."""

    tenant_id: str
    id: UUID
    kind: Kind
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    actor: str
    reason: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Admission:
    """What the rate limiter said of a request; `allowed` is None where nothing limits it."""

    admitted: bool
    rule: str | None
    allowed: int | None
    remaining: int | None
    reset_seconds: float | None
    daily_cap: int | None
    daily_remaining: int | None
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Usage:
    """How often a rate limit's rule was used since its window began, and today."""

    rule: str
    used: int
    used_today: int
