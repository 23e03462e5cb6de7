"""The OpenAPI 3.1 document, made from the routes of every entry of the API, for programs that make clients of it.

The function serves the file that was written, so that no request pays for making it.
"""

from __future__ import annotations

from typing import Any

from functions.api import api, baselines_api, outputs_api
from functions.api.http.app import Api
from tools.docs.openapi import choices, descriptions, operations, problems, schemas

VERSION = "1"

DESCRIPTION = """What-if scenarios for electricity markets: define a scenario, run it, read its outputs.

Every answer is `{"data": …, "meta": {"request_id": …}}`; every error a problem document (RFC 9457) whose `type` is
a page of this API. Lists are paged by cursors; times are RFC 3339 in UTC; ids are UUIDs of version 7.

Within `/v1` fields and operations are added and none is removed or given another meaning: ignore what you do not know.
"""
_LICENSE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
_SERVERS = [{"url": "/", "description": "Where this document was read: each deployment serves its own."}]
_TAGS = {
    "Scenarios": "What is to be computed: assumptions over a baseline, and parameters. Each change is a version.",
    "Runs": "A scenario computed: asked for, followed, cancelled, repeated, and many at once.",
    "Outputs": "What runs computed: values with their bands, aggregates, comparisons, and the same as files.",
    "Baselines": "The market that scenarios change: the built-in one, or your own tables.",
    "Models": "What computes runs, and which drivers and parameters each takes, as JSON Schema.",
    "Tenants": "Who asks, and for whom.",
    "Workflows": "What events and failures are about, and how often it is tried.",
    "Vendors": "Services outside that runs or workflows need, each behind a breaker and a rate.",
    "Events": "What happened in a workflow; failures are counted into incidents.",
    "Incidents": "Failures of one signature, from the first to the end.",
    "Decisions": "What rules, an analyst model or a person decided on an incident, and why.",
    "Actions": "What was done about it, or is to be done by a person.",
    "Kill switches": "Stop the runs of a workflow, a vendor, a tenant or of all.",
    "Administration": "Settings, quotas and the outbox of a tenant, each change with its reason.",
    "Health": "Whether it serves, and its figures.",
    "Problems": "The pages of the problem types.",
}


def document() -> dict[str, Any]:
    """The whole document, JSON-able and in a fixed order."""
    entries = (api.whole_api(), outputs_api.api, baselines_api.api)
    descriptions.describe()
    made = [_of(entry) for entry in entries]
    paths: dict[str, dict[str, Any]] = {}
    for part in made:
        for path, item in part["paths"].items():
            # Of one path two entries may answer a method each.
            paths[path] = paths.get(path, {}) | item
    components = {
        name: choices.named(schema) for part in made for name, schema in part["components"]["schemas"].items()
    }
    descriptions.complete(components)
    endpoints = {
        (endpoint.method.lower(), endpoint.template): endpoint
        for entry in entries
        for endpoint in entry.endpoints.values()
    }
    for path, methods in paths.items():
        for method, operation in methods.items():
            operations.complete(operation, endpoints[method, path])
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Sextant", "version": VERSION, "description": DESCRIPTION, "license": _LICENSE},
        "servers": _SERVERS,
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": choices.named(dict(sorted(paths.items()))),
        "components": {
            "schemas": {**components, **choices.SCHEMAS, **problems.schemas()},
            "responses": operations.RESPONSES,
            "headers": operations.HEADERS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    tidy = schemas.tidy(whole)
    descriptions.check(tidy)
    return tidy


def _of(entry: Api) -> dict[str, Any]:
    schema = entry.get_openapi_schema(title="Sextant", version=VERSION)
    part: dict[str, Any] = schema.model_dump(mode="json", by_alias=True, exclude_none=True)
    return part
