"""The headers of answers as the OpenAPI document describes them; a route names those that its answer carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Headers = Mapping[str, Mapping[str, Any]]


def _header(name: str, description: str, *, required: bool = True, **schema: Any) -> Headers:
    return {name: {"description": description, "required": required, "schema": {"type": "string", **schema}}}


ETAG: Final = _header(
    "ETag", "What is shown, in the state in which it is shown: for `If-Match` and `If-None-Match`"
)
MAY_ETAG: Final = _header("ETag", "The same; not where what is shown cannot change", required=False)
LOCATION: Final = _header("Location", "Where it is", format="uri-reference")
RETRY_AFTER: Final = _header(
    "Retry-After", "Seconds after which the same request is worth repeating", type="integer"
)
MAY_RETRY: Final = _header(
    "Retry-After",
    "Seconds to stay away, where it cannot be answered better before",
    required=False,
    type="integer",
)
DISPOSITION: Final = _header(
    "Content-Disposition", "The name to save a file by; not with JSON", required=False
)
