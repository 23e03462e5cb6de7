"""The OpenAPI 3.1 document, made from the routes of both entries; `tools/docs/openapi.py` writes and checks it.

Only the tool imports this: the function serves the file that was written, so that no request pays for it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from functions.api import api, baselines_api, outputs_api
from functions.api.http.app import Api
from functions.api.http.bodies import MEDIA_TYPE, MERGE_PATCH
from functions.api.http.routing import PUBLIC, Endpoint
from sextant.errors import SextantError

VERSION = "1"

DESCRIPTION = """What-if scenarios for electricity markets: define a scenario, run it, read its outputs.

Every answer is `{"data": …, "meta": {"request_id": …}}`; every error a problem document (RFC 9457) whose `type` is
a page of this API. Lists are paged by cursors; times are RFC 3339 in UTC; ids are UUIDs of version 7.
"""

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "examples": ["/problems/validation_failed"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string", "examples": ["validation_failed"]},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "rule", "message"],
                "properties": {
                    "path": {"type": "string", "examples": ["assumptions[0].payload.target"]},
                    "rule": {"type": "string", "examples": ["maximum"]},
                    "message": {"type": "string"},
                },
            },
        },
    },
}

_GATEWAY_MESSAGE = {
    "type": "object",
    "required": ["message"],
    "properties": {"message": {"type": "string", "examples": ["Unauthorized"]}},
}

_MEANINGS = {
    400: "The request cannot be understood, or a parameter breaks a rule",
    401: "No valid credentials",
    403: "A permission is missing",
    404: "There is no such thing for this tenant",
    409: "In conflict with the present state",
    410: "The snapshot has expired; start again from the newest",
    412: "It was changed since it was read",
    413: "The body is too large",
    415: "The body is not application/json",
    422: "A field of the body breaks a rule",
    429: "A limit is reached; Retry-After says when to come again",
    500: "Something went wrong on our side",
    503: "Not available just now; Retry-After says when to come again",
}

_RPS = {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
_SCENARIO = {
    "name": "RPS sensitivity",
    "assumptions": [_RPS],
    "parameters": {"shock_bp": 25},
    "tags": ["demo", "sensitivity"],
}
_EXAMPLES: dict[tuple[str, str], Any] = {
    ("post", "/v1/scenarios"): _SCENARIO,
    ("post", "/v1/scenarios:validate"): _SCENARIO,
    ("put", "/v1/scenarios/{scenario_id}"): _SCENARIO,
    ("patch", "/v1/scenarios/{scenario_id}"): {"parameters": {"shock_bp": 50}},
    ("post", "/v1/scenarios/{scenario_id}/fork"): {"name": "RPS 80 %", "parameters": {"shock_bp": 0}},
    ("post", "/v1/scenarios/{scenario_id}/run"): {"priority": "HIGH", "seed": 7},
    ("post", "/v1/scenarios/{scenario_id}/runs:bulk"): {"items": [{"seed": 1}, {"seed": 2}]},
    ("post", "/v1/scenarios/runs:cancel"): {"filter": {"priority": "LOW"}, "preview": True},
    ("post", "/v1/scenarios/runs:replay"): {"filter": {"states": ["FAILED"]}, "preview": True},
    ("put", "/v1/scenarios/runs/{run_id}/state"): {"state": "FAILED", "reason": "stuck since Tuesday"},
    ("put", "/v1/admin/config/{kind}/{name}"): {
        "value": {"limit": 600, "window_seconds": 60},
        "reason": "contract of January",
    },
}


# The parameters that name runs: one may not be there, or have no result to read.
_NAMING_RUNS = ("run_id", "runs", "baseline")


def document() -> dict[str, Any]:
    """The whole document, JSON-able and in a fixed order."""
    made = _of(api.whole_api())
    for other in (outputs_api.api, baselines_api.api):
        extra = _of(other)
        made["paths"].update(extra["paths"])
        made["components"]["schemas"].update(extra["components"]["schemas"])
    endpoints = _endpoints()
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, path, endpoints[method, path])
    schemas = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    made["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    made["components"]["schemas"] = dict(sorted(schemas.items()))
    made["paths"] = dict(sorted(made["paths"].items()))
    return made


def _of(api: Api) -> dict[str, Any]:
    schema = api.get_openapi_schema(title="Sextant", version=VERSION, description=DESCRIPTION)
    document: dict[str, Any] = schema.model_dump(mode="json", by_alias=True, exclude_none=True)
    document.pop("servers", None)
    return document


def _endpoints() -> dict[tuple[str, str], Endpoint]:
    return {
        (endpoint.method.lower(), endpoint.template): endpoint
        for resolver in (api.whole_api(), outputs_api.api, baselines_api.api)
        for endpoint in resolver.endpoints.values()
    }


def _complete(operation: dict[str, Any], method: str, path: str, endpoint: Endpoint) -> None:
    """Say of an operation what its route cannot: who may call it, what can go wrong, an example."""
    responses = operation["responses"]
    declared = {code for code in responses if code.startswith("2")}
    # Powertools writes a 200 for every route, and its own shape of a 422.
    kept = {
        code: body
        for code, body in responses.items()
        if code != "422" and (code != "200" or "content" in body)
    }
    if kept.get("200", {}).get("description") == "Successful Response" and len(declared) > 1:
        kept.pop("200")
    statuses = {500, 503}
    if endpoint.needs == PUBLIC:
        operation["security"] = []
    else:
        operation["security"] = [{"bearer": []}]
        operation["x-required-permission"] = endpoint.needs
        statuses |= {400, 401, 403, 429}
    if "{" in path:
        statuses.add(404)
    if "requestBody" in operation:
        statuses |= {400, 413, 415, 422}
        _complete_body(operation["requestBody"]["content"], _EXAMPLES.get((method, path)), endpoint)
    if method != "get":
        statuses |= {404, 409}
    headers = {
        parameter["name"].lower()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "header"
    }
    names = {parameter["name"] for parameter in operation.get("parameters", [])}
    if endpoint.needs == "outputs:read" and not names.isdisjoint(_NAMING_RUNS):
        statuses |= {404, 409}
    if "snapshot_id" in names:
        statuses.add(410)
    if "if-match" in headers:
        statuses.add(412)
    if "if-none-match" in headers:
        kept["304"] = {"description": "Not changed"}
    for status in sorted(statuses):
        kept.setdefault(
            str(status),
            {
                "description": _MEANINGS[status],
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
    _as_sent(kept)
    operation["responses"] = dict(sorted(kept.items()))


def _complete_body(content: dict[str, Any], example: Any, endpoint: Endpoint) -> None:
    if example is not None:
        for kind in content.values():
            kind["example"] = example
    if endpoint.merges:
        content[MERGE_PATCH] = content[MEDIA_TYPE]


def _as_sent(responses: dict[str, Any]) -> None:
    """What the gateway answers by itself, and what has no body."""
    for status in ("401", "413"):
        # The gateway lets nobody without a valid token through, and no event over 6 MB, and has words of its own.
        if status in responses:
            responses[status]["content"]["application/json"] = {"schema": _GATEWAY_MESSAGE}
    for status in ("204", "304"):
        if status in responses:
            responses[status].pop("content", None)


def problems() -> dict[str, dict[str, str | int]]:
    """Every problem type of the whole system, by code: its title, its status and what it means."""
    for package in ("sextant", "functions.api"):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    return {
        kind.code: {
            "title": kind.title,
            "status": kind.status,
            "meaning": " ".join((kind.__doc__ or kind.title).split()),
        }
        for kind in sorted(_kinds(), key=lambda kind: (kind.code, -len(kind.__mro__)))
    }


def _kinds(base: type[SextantError] = SextantError) -> Iterator[type[SextantError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)
