"""Why a person did something by hand: kept in the audit log beside what was done."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints


def _text(shortest: int, longest: int) -> StringConstraints:
    return StringConstraints(strict=True, strip_whitespace=True, min_length=shortest, max_length=longest)


# The bounds differ because each is part of its endpoint's contract.
Reason = Annotated[str, _text(1, 1000)]
"""Of incidents, actions and kill switches."""
SettingReason = Annotated[str, _text(1, 500)]
"""Of settings and of a run's state."""
OutboxReason = Annotated[str, _text(3, 500)]
"""Of replays, quotas and stale caches."""
