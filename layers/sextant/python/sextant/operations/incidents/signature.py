"""The signature of a failure: equal for failures that are the same but for ids, times, numbers and addresses.

The algorithm is versioned: an incident keeps the version it was made with, and a change of the rules below raises
`ALGORITHM`, so that old and new signatures never meet.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

ALGORITHM = 1
MAX_LENGTH = 400
MAX_READ = 4_000
"""How much of a message is read: some of the patterns below look at each place from each place before it."""

# In this order: what is part of something larger (the numbers of a timestamp) must not be folded before it.
_FOLDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.ASCII), token)
    for pattern, token in (
        (r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", "<url>"),
        (r"\barn:[a-z0-9-]*:[^\s\"'<>]+", "<id>"),
        (r"[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", "<email>"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<id>"),
        (
            r"\b\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?: ?(?:z|utc|[+-]\d\d:?\d\d))?\b",
            "<time>",
        ),
        (r"(?<![\w:])\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?![\w:])", "<time>"),
        (r"\b0x[0-9a-f]+\b", "<address>"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", "<address>"),
        (r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", "<address>"),
        (r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b", "<id>"),
        (r"(?<![a-z<])[+-]?\d+(?:[.,_]\d+)*(?:e[+-]?\d+)?", "<n>"),
        (r"\d+", "<n>"),
        (r"(?:<n>[\s,]*){2,}", "<n> "),
    )
)
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=256)
def normalise(text: str) -> str:
    """`text` in lower case with everything folded that differs from one occurrence to the next.

    Applying it twice is the same as once. At most `MAX_LENGTH` characters, of the first `MAX_READ`.
    """
    folded = text[:MAX_READ]
    # Folding one thing may complete another (`a 1@b.c` has an address once); two rounds have always been enough.
    for _ in range(8):
        before = folded
        folded = _SPACE.sub(" ", folded.lower()).strip()
        for pattern, token in _FOLDS:
            folded = pattern.sub(token, folded)
        folded = _SPACE.sub(" ", folded).strip()[:MAX_LENGTH].strip()
        if folded == before:
            break
    return folded


def of_failure(tenant: str, workflow: str, event_type: str, payload: Mapping[str, Any]) -> str:
    """The signature of a failure of `tenant`, from its type, its workflow, and its error's code and message."""
    code, message = error_of(payload)
    return _digest(tenant, "failure", workflow, event_type, code.lower(), normalise(message))


def of_fingerprint(tenant: str, fingerprint: str) -> str:
    """The signature that an explicit fingerprint stands for; `fingerprint_signature` is the same in SQL."""
    return _digest(tenant, "fingerprint", fingerprint)


def error_of(payload: Mapping[str, Any]) -> tuple[str, str]:
    """Code and message of the error in `payload`: in its `error`, or at its top."""
    inner = payload.get("error")
    if isinstance(inner, str):
        return _text(payload.get("code")), inner
    source: Mapping[str, Any] = inner if isinstance(inner, Mapping) else payload
    code = source.get("code") or source.get("error_code") or source.get("type") or source.get("error_type")
    message = source.get("message") or source.get("detail") or source.get("reason")
    return _text(code), _text(message)


def title_of(event_type: str, payload: Mapping[str, Any]) -> str:
    """One line for people: the type, the code, the message as it was folded."""
    code, message = error_of(payload)
    return ": ".join(filter(None, (event_type, code, normalise(message))))[:300]


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _digest(*parts: str) -> str:
    # The parts but the last hold no line break (slug, word, id, type, code), so that no two lists have one text.
    cleaned = [part.replace("\n", " ") for part in parts[:-1]] + [parts[-1]]
    return hashlib.sha256("\n".join((str(ALGORITHM), *cleaned)).encode("utf-8", "surrogatepass")).hexdigest()
