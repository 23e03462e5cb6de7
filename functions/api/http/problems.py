"""The one place that turns errors into problem+json (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler import Response

from sextant.drivers.errors import field_path
from sextant.drivers.rules import rule_of
from sextant.errors import FieldError, SextantError

CONTENT_TYPE = "application/problem+json"

_LOCATIONS = frozenset({("body",), ("query",), ("path",), ("header",)})


def problem(error: SextantError, *, instance: str, request_id: str) -> dict[str, Any]:
    """The problem document that says what `error` means to the caller."""
    document: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
        "code": error.code,
        "request_id": request_id,
    }
    if error.errors:
        document["errors"] = [
            {"path": item.path, "rule": item.rule, "message": item.message} for item in error.errors
        ]
    return {**error.extra, **document}


def answer(error: SextantError, *, instance: str, request_id: str) -> Response[str]:
    """The answer that carries the problem document, and says when to come again where that is known."""
    headers: dict[str, str | list[str]] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    document = problem(error, instance=instance, request_id=request_id)
    return Response(
        status_code=error.status,
        content_type=CONTENT_TYPE,
        body=json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str),
        headers=headers,
    )


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """pydantic's errors as paths, rules and messages that a caller can act on."""
    return [
        FieldError(
            field_path(item["loc"][item["loc"][:1] in _LOCATIONS :], item.get("ctx")),
            *rule_of(item),
        )
        for item in errors
    ]
