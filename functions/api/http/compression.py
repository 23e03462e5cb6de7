"""Answers of text go compressed to who takes that: an HTTP API of API Gateway compresses none."""

from __future__ import annotations

import base64
import re
from collections.abc import MutableMapping
from typing import Any, Final

from aws_lambda_powertools.event_handler import ApiGatewayResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from zlib_ng import zlib_ng

from sextant.lake.errors import ResultTooLargeError

LEAST_BYTES: Final = 1024
# Takes 0.7 ms for a page of a quarter of a megabyte, and leaves a twentieth of it. The next level takes half as long again.
_LEVEL: Final = 4
_AS_GZIP: Final = 31
# A Lambda's answer of more than 6 MB, as JSON and its bytes in base64, is none; the rest is for headers.
MAX_SENT_BYTES: Final = 5_900_000
_OURS: Final = '-gzip"'
_TEXT: Final = re.compile(r"(?:text/|application/(?:json|problem\+json|javascript|yaml))")


def compress(app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Any:
    """Compress what the request's handler answers, where it is text of a kilobyte or more and the client takes gzip.

    Raises `ResultTooLargeError` for an answer of which more would be sent than can be.
    """
    answer: Response[Any] = next_middleware(app)
    if not isinstance(answer.body, str | bytes):
        return answer
    headers: MutableMapping[str, Any] = answer.headers
    body = answer.body.encode() if isinstance(answer.body, str) else answer.body
    if (
        len(body) >= LEAST_BYTES
        and _TEXT.match(str(headers.get("Content-Type", "")))
        and "Content-Encoding" not in headers
    ):
        headers["Vary"] = f"{headers['Vary']}, Accept-Encoding" if "Vary" in headers else "Accept-Encoding"
        if _takes_gzip(app.current_event.headers.get("accept-encoding") or ""):
            # Powertools encodes bytes itself, but not where they are said to be JSON.
            answer.body = base64.b64encode(zlib_ng.compress(body, _LEVEL, _AS_GZIP)).decode("ascii")
            answer.base64_encoded = True
            headers["Content-Encoding"] = "gzip"
            if tag := headers.get("ETag"):
                headers["ETag"] = tagged(str(tag))
    if _sent(answer.body) > MAX_SENT_BYTES:
        raise ResultTooLargeError
    return answer


def tagged(etag: str) -> str:
    """The ETag of the compressed answer: it has other bytes, so it is another representation of the same state."""
    return etag[:-1] + _OURS if etag.endswith('"') else etag


def untagged(headers: MutableMapping[str, str]) -> None:
    """Have a request's conditions name states, whichever answer the client had them from."""
    for name in ("if-match", "if-none-match"):
        if name in headers:
            headers[name] = headers[name].replace(_OURS, '"')


def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding allows gzip: by name or `*`, and not with a weight of nothing."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, options = part.strip().partition(";")
        weight = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", options)
        weights[name.strip()] = float(weight[1]) if weight else 1.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _sent(body: str | bytes) -> int:
    """The bytes that a body takes in the Lambda's answer: base64, or text whose quotes and line breaks are escaped."""
    if isinstance(body, bytes):
        return len(body) * 4 // 3
    return len(body.encode()) + body.count('"') + body.count("\\") + body.count("\n")
