"""What a request may not exceed: the size and depth of its body, and its tenant's rate limit."""

from __future__ import annotations

import re
from math import ceil

from sextant.errors import BadRequestError, PayloadTooLargeError
from sextant.settings.model import ALL_PATHS, Admission

MAX_DEPTH = 32
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PARAMETER = re.compile(r"<\w+>")


class TooDeepError(BadRequestError):
    """The body nests too deep."""

    code, title = "body_too_deep", "Body nests too deep"


def check_body(body: str | None, max_bytes: int) -> None:
    """Raise `PayloadTooLargeError` or `TooDeepError` for a body that must not even be parsed."""
    if not body:
        return
    if len(body) > max_bytes or (not body.isascii() and len(body.encode()) > max_bytes):
        raise PayloadTooLargeError(f"The body must not exceed {max_bytes} bytes.")
    if body.count("[") + body.count("{") > MAX_DEPTH and depth(body) > MAX_DEPTH:
        raise TooDeepError(f"The body must not nest deeper than {MAX_DEPTH} levels.")


def depth(text: str) -> int:
    """How deep the arrays and objects of a JSON text nest; brackets in strings do not count."""
    deepest = level = 0
    for character in _STRING.sub("", text):
        if character in "[{":
            level += 1
            deepest = max(deepest, level)
        elif character in "]}":
            level -= 1
    return deepest


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
    found = {
        "X-RateLimit-Limit": str(admission.allowed),
        "X-RateLimit-Remaining": str(admission.remaining),
        "X-RateLimit-Reset": str(ceil(admission.reset_seconds or 0)),
    }
    if admission.daily_cap is not None:
        found["X-RateLimit-Daily-Limit"] = str(admission.daily_cap)
        found["X-RateLimit-Daily-Remaining"] = str(admission.daily_remaining)
    return found
