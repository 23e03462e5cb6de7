"""A request's body, from the event to a document: what must not even be parsed, and what cannot be kept.

Whatever is sent, checking takes time in proportion to its length, and ends in a document or in an error of the
caller's.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from sextant.errors import BadRequestError, FieldError, PayloadTooLargeError, SextantError, ValidationError

MAX_DEPTH = 32
MEDIA_TYPE = "application/json"
MERGE_PATCH = "application/merge-patch+json"

# A string to its end or the text's, so that there is no place at which it fails and is begun anew; or a bracket.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
# What may stand for a value that is valid JSON and yet can be neither stored nor computed with.
_SUSPICIOUS = re.compile(r"\\u0000|\\u[dD][89a-fA-F]|[eE]\+?0*[1-9]\d\d|\d{309}")
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?(?P<name>[^\s;\"]+)", re.IGNORECASE)


class InvalidJsonError(BadRequestError):
    """The body is not JSON."""

    code, title = "invalid_json", "Invalid JSON"
    remedy = "Send one JSON document in UTF-8: no comments, no trailing commas, each key once."


class TooDeepError(BadRequestError):
    """The body nests too deep."""

    code, title = "body_too_deep", "Body nests too deep"
    remedy = "Send a flatter document."


class UnsupportedMediaTypeError(SextantError):
    """The body must be application/json."""

    code, status, title = "unsupported_media_type", 415, "Unsupported media type"


def check(event: MutableMapping[str, Any], max_bytes: int) -> None:
    """Make the body of an API Gateway event text, where it came encoded, that can be parsed without harm.

    Raises `PayloadTooLargeError`, `TooDeepError`, or `InvalidJsonError` where it is not UTF-8.
    """
    body: str | None = event.get("body")
    if not body:
        return
    if event.get("isBase64Encoded"):
        # API Gateway encodes every body whose type it does not take for text, and every compressed one.
        if len(body) > 4 * (max_bytes // 3 + 1):
            raise _too_large(event, max_bytes)
        try:
            body = base64.b64decode(body).decode()
        except ValueError as error:
            raise InvalidJsonError("The body is not JSON: it is not UTF-8.") from error
        event["body"], event["isBase64Encoded"] = body, False
    if len(body) > max_bytes or (not body.isascii() and len(body.encode(errors="replace")) > max_bytes):
        raise _too_large(event, max_bytes)
    if body.count("[") + body.count("{") > MAX_DEPTH and too_deep(body):
        raise TooDeepError(f"The body must not nest deeper than {MAX_DEPTH} levels.")


def too_deep(text: str) -> bool:
    """Whether the arrays and objects of a JSON text nest deeper than may be; brackets in strings do not count."""
    level = 0
    for token in _TOKEN.finditer(text):
        bracket = token[0]
        if bracket in ("[", "{"):
            level += 1
            if level > MAX_DEPTH:
                return True
        elif bracket in ("]", "}"):
            level -= 1
    return False


def check_type(headers: MutableMapping[str, str], *, merges: bool = False) -> None:
    """Raise `UnsupportedMediaTypeError` unless the headers promise JSON in UTF-8, or promise nothing.

    Where the endpoint `merges` the body with what is stored, a JSON merge patch (RFC 7396) is welcome too.

    The type is left in the one spelling that the resolver knows.
    """
    given = headers.get("content-type", "")
    charset = _CHARSET.search(given)
    if given.partition(";")[0].strip().lower() not in ("", MEDIA_TYPE, *([MERGE_PATCH] if merges else [])):
        raise UnsupportedMediaTypeError(
            f"The body must be {MEDIA_TYPE} or {MERGE_PATCH}." if merges else None
        )
    if charset is not None and charset["name"].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaTypeError("The body must be in UTF-8.")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaTypeError("The body must not be compressed.")
    if given:
        headers["content-type"] = MEDIA_TYPE


def parsed(text: str) -> Any:
    """The document that a checked body spells.

    Raises `json.JSONDecodeError` or `InvalidJsonError` where it is none, `ValidationError` with the path of a value
    that no part of the system could keep.
    """
    try:
        document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_object)
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        raise InvalidJsonError("The body is not JSON: a number has too many digits.") from error
    if _SUSPICIOUS.search(text):
        errors = [FieldError(path, rule, message) for path, rule, message in _unstorable(document, "")]
        if errors:
            raise ValidationError(f"{errors[0].path or 'body'}: {errors[0].message}", errors=errors[:20])
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these members; of two values under one key readers keep the first, the last or both."""
    document = dict(pairs)
    if len(document) != len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise InvalidJsonError(
            f"An object of the body has the key {twice[:100]!r} twice.",
            errors=[FieldError("", "unique_key", f"an object must not have the key {twice[:100]!r} twice")],
        )
    return document


def _no_constant(name: str) -> None:
    raise InvalidJsonError(f"The body is not JSON: {name} is no number.")


def _unstorable(value: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, str):
        if fault := _wrong_text(value):
            yield path, *fault
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield path, "finite_number", "a number must be finite"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unstorable(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            if fault := _wrong_text(name):
                yield path, *fault
            else:
                yield from _unstorable(item, f"{path}.{name}" if path else name)


def _wrong_text(text: str) -> tuple[str, str] | None:
    if "\0" in text:
        return "no_nul", "a text must not contain the character U+0000"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "unicode", "a text must not contain half of a surrogate pair"
    return None


def _too_large(event: Mapping[str, Any], max_bytes: int) -> PayloadTooLargeError:
    detail = f"The body must not exceed {max_bytes} bytes."
    if (event.get("rawPath") or "").startswith("/v1/baselines"):
        detail += " Send large tables to a URL of POST /v1/baselines/uploads, and name them here by their upload_id."
    return PayloadTooLargeError(detail)
