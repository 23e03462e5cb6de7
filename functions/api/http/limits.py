"""Which rate limits a request falls under, and what its answer says of them."""

from __future__ import annotations

import re
from math import ceil

from sextant.settings.model import ALL_PATHS, Admission

_PARAMETER = re.compile(r"<\w+>")


def rules_of(path: str) -> list[str]:
    """The rate limits that a route may fall under, longest first, by the words of its path.

    `/v1/scenarios/<scenario_id>/run` falls under `scenarios.run`, `scenarios` and `all`.
    """
    words = [word for word in path.split("/") if word and not _PARAMETER.fullmatch(word)]
    if words and words[0] == "v1":
        words = words[1:]
    return [".".join(words[:length]) for length in range(len(words), 0, -1)] + [ALL_PATHS]


def headers(admission: Admission) -> dict[str, str]:
    """`X-RateLimit-*`: what is allowed in the window, what is left of it, and in how many seconds it ends."""
    if admission.allowed is None:
        return {}
    values = {
        "X-RateLimit-Limit": str(admission.allowed),
        "X-RateLimit-Remaining": str(admission.remaining),
        "X-RateLimit-Reset": str(ceil(admission.reset_seconds or 0)),
    }
    if admission.daily_cap is not None:
        values["X-RateLimit-Daily-Limit"] = str(admission.daily_cap)
        values["X-RateLimit-Daily-Remaining"] = str(admission.daily_remaining)
    return values
