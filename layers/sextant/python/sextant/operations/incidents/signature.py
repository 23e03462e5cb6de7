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

ALGORITHM = 2
FINGERPRINT_ALGORITHM = 1
"""That of explicit fingerprints, which are not folded; `fingerprint_signature` has it in SQL."""
MAX_LENGTH = 400
MAX_READ = 4_000
"""How much of a message is read: some of the patterns below look at each place from each place before it."""


def _folds(*rules: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.ASCII | re.IGNORECASE), token) for pattern, token in rules)


# In this order: what is part of something larger (the numbers of a timestamp) must not be folded before it.
_WHOLE = _folds(
    (r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", "<url>"),
    (r"\barn:[a-z0-9-]*:[^\s\"'<>]+", "<id>"),
    (r"[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", "<email>"),
    (r"\beyj[a-z0-9_-]{8,}(?:\.[a-z0-9_-]+){0,2}", "<id>"),  # a JSON Web Token, or its header
    (r"\btmp(?=[a-z_]*\d)[a-z0-9_]{8}\b", "<id>"),  # a temporary file of Python's
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<id>"),
    (r"\b\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?: ?(?:z|utc|[+-]\d\d:?\d\d))?\b", "<time>"),
    (r"(?<![\w:])\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?![\w:])", "<time>"),
    (r"\b0x[0-9a-f]+\b", "<address>"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", "<address>"),
    (r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", "<address>"),
)
_NUMBERS = _folds(
    (r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,}\b", "<id>"),
    (r"(?<![a-z<])[+-]?\d+(?:[.,_]\d+)*(?:e[+-]?\d+)?", "<n>"),
    (r"\d+", "<n>"),
    (r"(?:<n>[\s,]*){2,}", "<n> "),
)
_SPACE = re.compile(r"\s+")

# A number that says what went wrong, after a word that says so: HTTP 404 is not HTTP 503.
_BETWEEN = r"[\s_:=\-\[(#\"']{0,4}"
_SAID = (
    rf"(?:{_BETWEEN}(?:status|code|error|errno|response|returned|was|is|with (?=code|status|exit)))" + "{0,3}"
)
_CODES = (
    re.compile(
        rf"(?<![a-z])(?:http(?:s|status|error|statuserror|code)?|status|statuscode)(?![a-z])(?:/(?:<n>|[\d.]{{1,4}})(?=\s))?{_SAID}{_BETWEEN}(?P<code>\d{{1,3}})(?![\w.%]|\s?%)",
        re.ASCII,
    ),
    re.compile(
        rf"(?<![a-z])(?:exit|exited|exitcode|errno|winerror|signal)(?![a-z]){_SAID}{_BETWEEN}(?P<code>\d{{1,5}})(?!\w)",
        re.ASCII,
    ),
    re.compile(
        rf"(?:(?<![a-z])(?:response|rc|(?:return|error|result|reason)?code)|(?<![a-z])[a-z]*error)(?![a-z]){_BETWEEN}(?P<code>\d{{1,5}})"
        r"(?![\w.%,]|\s?%|\s(?:of\s[\d<]|(?:ms|s|sec|seconds|bytes|rows|times)\b))",
        re.ASCII,
    ),
    re.compile(rf"(?<![a-z])sqlstate(?![a-z]){_SAID}{_BETWEEN}(?P<code>[0-9a-z]{{5}})(?!\w)", re.ASCII),
    re.compile(r"(?<![a-z])ora-(?P<code>\d{5})(?!\w)", re.ASCII),
)
_KEPT = {ord("0") + digit: 0xE000 + digit for digit in range(10)}
"""The digits of a code stand outside the folds' reach meanwhile, in Unicode's private area."""
_GIVEN_BACK = {kept: digit for digit, kept in _KEPT.items()}

_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{6,}(?:={1,2}(?![\w=]))?", re.ASCII)
_PARTS = re.compile(r"([+/_-]+)")
_CHANGE = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])", re.IGNORECASE)
_WORDLIKE = re.compile(
    r"[a-z]+\d+|\d+[a-z]+|[a-z]{2,}\d{1,3}[a-z]{2,}\d{0,2}|\d+e\d+|0x[0-9a-f]+", re.IGNORECASE
)
_A_WORD = re.compile(r"(?<![A-Za-z0-9])[A-Z]?[a-z]{3,}(?![A-Za-z0-9])")
_SUFFIX = re.compile(r"[bcdfghjklmnpqrstvwxz0-9]{5}", re.IGNORECASE)


@lru_cache(maxsize=256)
def normalise(text: str) -> str:
    """`text` in lower case with everything folded that differs from one occurrence to the next.

    Ids of letters and digits are folded too; a code after `http`, `status`, `exit` or `errno` stays. Applying it twice is
    the same as once. At most `MAX_LENGTH` characters, of the first `MAX_READ`.
    """
    folded = text[:MAX_READ]
    # Folding one thing may complete another (`a 1@b.c` has an address once); two rounds have always been enough.
    for _ in range(8):
        before = folded
        folded = _SPACE.sub(" ", folded).strip()
        for pattern, token in _WHOLE:
            folded = pattern.sub(token, folded)
        # Before the case is lost: it tells base64 from words.
        folded = _TOKEN.sub(_fold_token, folded).lower()
        for code in _CODES:
            folded = code.sub(_keep_code, folded)
        for pattern, token in _NUMBERS:
            folded = pattern.sub(token, folded)
        folded = _SPACE.sub(" ", folded.translate(_GIVEN_BACK)).strip()[:MAX_LENGTH].strip()
        if folded == before:
            break
    return folded


def _keep_code(match: re.Match[str]) -> str:
    start = match.start("code") - match.start()
    return match[0][:start] + match["code"].translate(_KEPT)


def _fold_token(match: re.Match[str]) -> str:
    """`<id>` for base64 and for what letters and digits alternate in; a word, also with its number, stays."""
    token = match[0]
    cases = token != token.lower() and token != token.upper()
    changes = len(_CHANGE.findall(token))
    if cases and len(token) >= 12 and token.endswith("=") and len(token) % 4 == 0:
        return "<id>"
    if cases and len(token) >= 16 and changes >= 3 and not _A_WORD.search(token):
        return "<id>"
    parts: list[str] = []
    for part in _PARTS.split(token.rstrip("=")):
        after_id = len(parts) >= 2 and parts[-2] == "<id>"
        parts.append("<id>" if _is_id(part) or (after_id and _SUFFIX.fullmatch(part)) else part)
    return "".join(parts) + token[len(token.rstrip("=")) :]


def _is_id(part: str) -> bool:
    changes = len(_CHANGE.findall(part))
    mixed = (len(part) >= 7 and changes >= 2) or (len(part) >= 5 and changes >= 4)
    return mixed and not _WORDLIKE.fullmatch(part)


def of_failure(tenant: str, workflow: str, event_type: str, payload: Mapping[str, Any]) -> str:
    """The signature of a failure of `tenant`, from its type, its workflow, and its error's code and message."""
    code, message = error_of(payload)
    return _digest(ALGORITHM, tenant, "failure", workflow, event_type, code.lower(), normalise(message))


def of_fingerprint(tenant: str, fingerprint: str) -> str:
    """The signature that an explicit fingerprint stands for; `fingerprint_signature` is the same in SQL."""
    return _digest(FINGERPRINT_ALGORITHM, tenant, "fingerprint", fingerprint)


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
    parts = (" ".join(part.split()) for part in (event_type, code, normalise(message)))
    return ": ".join(filter(None, parts))[:300]


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _digest(algorithm: int, *parts: str) -> str:
    # The parts but the last hold no line break (slug, word, id, type, code), so that no two lists have one text.
    cleaned = [part.replace("\n", " ") for part in parts[:-1]] + [parts[-1]]
    return hashlib.sha256("\n".join((str(algorithm), *cleaned)).encode("utf-8", "surrogatepass")).hexdigest()
