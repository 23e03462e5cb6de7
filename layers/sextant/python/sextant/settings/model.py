"""What can be set, by kind and name; the values that each takes are in `values`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import StringConstraints

from sextant.ids import TenantId

PLATFORM = TenantId("*")
"""The tenant under which the platform's defaults are kept; no slug, so no tenant can have it."""

Kind = Literal["flag", "rate-limit", "concurrency", "config"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._:-]{0,99}$")]
Reason = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=500)]

OUTPUTS_FLAG = "outputs"
ALL_PATHS = "all"
JOURNAL: tuple[Kind, str] = ("config", "journal")
LONG_POLL: tuple[Kind, str] = ("config", "long-poll")

DEFAULTS: Mapping[tuple[Kind, str], Mapping[str, Any]] = {
    LONG_POLL: {"seconds": 20},
    JOURNAL: {"per_minute": 60},
}
"""What holds where neither the tenant nor the platform has a value."""
SHARES: Mapping[Kind, tuple[str, ...]] = {
    "flag": ("enabled",),
    "rate-limit": ("limit", "daily_cap"),
    "concurrency": ("max_running",),
    "config": ("seconds", "per_minute"),
}
"""The fields of which more is a larger share of the platform: a tenant's own people may take less than it allows, no more."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that holds; `tenant_id` says whose it is, the tenant's own or the platform's.

    `by_platform`: who manages tenants set it, and only they change it.
    """

    tenant_id: str
    kind: Kind
    """Of which kind."""
    name: str
    """Which one."""
    value: dict[str, Any]
    """Its members are those of its kind."""
    updated_at: datetime
    """When it was set."""
    updated_by: str
    """Who set it."""
    reason: str
    """Why."""
    by_platform: bool
    """Whether who manages tenants set it: then only they change it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the audit: `before` is None where nothing was set, `after` where it was removed."""

    tenant_id: str
    id: UUID
    kind: Kind
    """Of which kind."""
    name: str
    """Which one."""
    before: dict[str, Any] | None
    """What held; null where nothing was set."""
    after: dict[str, Any] | None
    """What holds; null where it was removed."""
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


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A rate limit that holds for a tenant, and what is used of it in the present window and today (UTC)."""

    rule: str
    """The words of the paths that fall under it, with dots: `scenarios.run`; `all` are all, `waits` are waiting requests."""
    limit: int
    """Requests in a window."""
    window_seconds: int
    """Seconds of a window."""
    used: int
    """Requests in the present window."""
    daily_cap: int | None
    """Requests a day; null where a day is not limited."""
    used_today: int
    """Requests today (UTC)."""
