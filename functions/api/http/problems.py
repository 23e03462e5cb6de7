"""The one place that turns errors into problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sextant.drivers.fields import DRIVER_TYPES, PARAMETER_TAGS
from sextant.errors import FieldError, SextantError

CONTENT_TYPE = "application/problem+json"

# Lists whose items are drivers: behind an index pydantic names the driver's type, which is no field.
_DRIVER_LISTS = frozenset({"assumptions", "components", "then", "otherwise"})
_LOCATIONS = frozenset({"body", "query", "path", "header"})


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


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """pydantic's errors as paths, rules and messages that a caller can act on."""
    return [FieldError(_path(item), str(item["type"]), str(item["msg"])) for item in errors]


def _path(item: Mapping[str, Any]) -> str:
    """`assumptions[0].payload.target` from pydantic's location and, for a rule of ours, the field it names."""
    parts: list[str | int] = list(item["loc"])
    if parts and parts[0] in _LOCATIONS:
        parts = parts[1:]
    path = ""
    for position, part in enumerate(parts):
        if isinstance(part, int):
            path += f"[{part}]"
        elif not _is_tag(parts, position):
            path += f".{part}" if path else part
    named = (item.get("ctx") or {}).get("field")
    if isinstance(named, str):
        path += named if named.startswith("[") or not path else f".{named}"
    return path


def _is_tag(parts: Sequence[str | int], position: int) -> bool:
    """Whether pydantic names a kind here, of drivers or of parameters, and no field."""
    if parts[position] in PARAMETER_TAGS:
        return True
    return (
        position >= 2
        and parts[position] in DRIVER_TYPES
        and isinstance(parts[position - 1], int)
        and parts[position - 2] in _DRIVER_LISTS
    )
