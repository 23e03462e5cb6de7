"""The problem types of the whole system, from the error classes themselves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any

from functions.api.http.problem_pages import remedy_of
from sextant.errors import SextantError


@cache
def problems() -> dict[str, dict[str, str | int]]:
    """Every problem type, by code: its title, its status and what it means."""
    for package in ("sextant", "functions.api"):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    return {
        kind.code: {
            "title": kind.title,
            "status": kind.status,
            "meaning": " ".join((kind.__doc__ or kind.title).split()),
            "remedy": kind.remedy or remedy_of(kind.status),
        }
        for kind in sorted(_kinds(), key=lambda kind: (kind.code, -len(kind.__mro__)))
    }


def schemas() -> dict[str, Any]:
    """The components that answers of errors are made of."""
    codes: dict[str, dict[str, list[str]]] = {}
    for code, name, meaning in _members():
        codes.setdefault(name, {}).setdefault(meaning, []).append(f"`{code}`")
    members = {
        name: {
            "description": " ".join(f"Of {', '.join(of)}: {meaning}" for meaning, of in meanings.items()),
            **_member_type(name),
        }
        for name, meanings in codes.items()
    }
    return {
        "Problem": {
            "description": "What went wrong (RFC 9457).",
            "type": "object",
            "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
            "properties": {
                "type": {
                    "description": "The page that says what `code` means.",
                    "type": "string",
                    "examples": ["/problems/validation_failed"],
                },
                "title": {"description": "What `code` means, in words.", "type": "string"},
                "status": {"description": "The HTTP status.", "type": "integer"},
                "detail": {"description": "What went wrong this time; may be shown.", "type": "string"},
                "instance": {"description": "The path that was asked for.", "type": "string"},
                "code": {
                    "description": "To branch on; a later version may have more of them.",
                    "anyOf": [{"$ref": "#/components/schemas/ProblemCode"}, {"type": "string"}],
                    "examples": ["validation_failed"],
                },
                "request_id": {"description": "To report it by.", "type": "string"},
                "errors": {
                    "description": "The rules that the request breaks.",
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/FieldProblem"},
                },
                **dict(sorted(members.items())),
            },
        },
        "ProblemCode": {
            "description": "The problem types; the page `/problems` says of each what it means and what to do.",
            "type": "string",
            "enum": list(problems()),
        },
        "FieldProblem": {
            "description": "One broken rule.",
            "type": "object",
            "required": ["path", "rule", "message"],
            "properties": {
                "path": {
                    "description": "The field or parameter; empty where it is the body itself.",
                    "type": "string",
                    "examples": ["assumptions[0].payload.target"],
                },
                "rule": {"description": "Which rule.", "type": "string", "examples": ["maximum"]},
                "message": {"description": "What it must be.", "type": "string"},
            },
        },
        "GatewayMessage": {
            "description": "What the gateway before the API says by itself.",
            "type": "object",
            "required": ["message"],
            "properties": {
                "message": {
                    "description": "In its own words.",
                    "type": "string",
                    "examples": ["Unauthorized"],
                }
            },
        },
    }


def _members() -> list[tuple[str, str, str]]:
    """What the problems of each code may have besides: code, name, meaning."""
    problems()
    return sorted({(kind.code, name, meaning) for kind in _kinds() for name, meaning in kind.members.items()})


def _member_type(name: str) -> dict[str, str]:
    if name == "version":
        return {"type": "integer"}
    return {"type": "string", "format": "uuid"} if name.endswith("_id") else {"type": "string"}


def _kinds(base: type[SextantError] = SextantError) -> Iterator[type[SextantError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)
