"""Which values each setting takes. Only who changes one loads this."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sextant.settings.model import DEFAULTS, JOURNAL, LONG_POLL, OUTPUTS_FLAG, Kind


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
    """How many of the tenant's runs may be in work at once. None at all is a kill switch, which says so and why."""

    max_running: Annotated[int, Field(strict=True, ge=1, le=10_000)]


class LongPollValue(_Value):
    """The longest that a request may wait for a run to change."""

    seconds: Annotated[int, Field(strict=True, ge=0, le=25)]


class JournalValue(_Value):
    """Whether runs may be asked for while the database is away, and how many a minute are taken then."""

    enabled: Annotated[bool, Field(strict=True)]
    per_minute: Annotated[int, Field(strict=True, ge=1, le=10_000)] = DEFAULTS[JOURNAL]["per_minute"]


# What may be named: a rate limit by any name, the others by the names that mean something.
VALUES: dict[tuple[Kind, str | None], type[_Value]] = {
    ("flag", OUTPUTS_FLAG): FlagValue,
    ("rate-limit", None): RateLimitValue,
    ("concurrency", "runs"): ConcurrencyValue,
    LONG_POLL: LongPollValue,
    JOURNAL: JournalValue,
}
