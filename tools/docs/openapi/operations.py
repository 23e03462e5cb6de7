"""What an operation's route cannot say of it: who may call it, what can go wrong, what comes in the headers, an example."""

from __future__ import annotations

import inspect
from http import HTTPStatus
from typing import Any

from functions.api.http.bodies import MEDIA_TYPE, MERGE_PATCH
from functions.api.http.routing import PUBLIC, Endpoint
from tools.docs.openapi.descriptions import of_id
from tools.docs.openapi.examples import BODIES
from tools.docs.openapi.schemas import without_null

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
# The gateway lets nobody without a valid token through, no event over 6 MB and no more requests than it bears, tells of a
# function that died, and has words of its own.
_ALSO_OF_THE_GATEWAY = (401, 413, 429, 500, 503)

# The parameters that name runs: one may not be there, or have no result to read.
_NAMING_RUNS = ("run_id", "runs", "baseline")
_NAMING_A_THING = ("x-report-key",)

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_ALWAYS = ("X-Request-ID", "X-Correlation-ID")
_OF_THE_LIMIT = (
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-RateLimit-Daily-Limit",
    "X-RateLimit-Daily-Remaining",
)
HEADERS: dict[str, Any] = {
    "X-Request-ID": {"description": "The request's id, to report it by", "schema": _TEXT},
    "X-Correlation-ID": {
        "description": "The `X-Correlation-ID` that was sent, else the request's id; events and messages carry it",
        "schema": _TEXT,
    },
    "X-RateLimit-Limit": {
        "description": "Requests in a window; like the others of its kind only where something is limited",
        "schema": _COUNT,
    },
    "X-RateLimit-Remaining": {"description": "Requests left in this window", "schema": _COUNT},
    "X-RateLimit-Reset": {"description": "Seconds until the next window", "schema": _COUNT},
    "X-RateLimit-Daily-Limit": {"description": "Requests a day (UTC)", "schema": _COUNT},
    "X-RateLimit-Daily-Remaining": {"description": "Requests left today (UTC)", "schema": _COUNT},
    "Idempotency-Replayed": {
        "description": "`true` where this is the first answer to the `Idempotency-Key`, again",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {
        "description": "Seconds after which the same request is worth repeating, where it is",
        "schema": {"type": "integer", "minimum": 1},
    },
}
_TELLING_WHEN = (404, 409, 429, 503)


def _named(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem(status: int) -> dict[str, Any]:
    problem: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    content = {"application/problem+json": problem}
    if status in _ALSO_OF_THE_GATEWAY:
        # Programs that look at the first type alone read both.
        either = {"anyOf": [problem["schema"], {"$ref": "#/components/schemas/GatewayMessage"}]}
        content = {
            "application/problem+json": {"schema": either},
            "application/json": {"schema": {"$ref": "#/components/schemas/GatewayMessage"}},
        }
    headers = _named(
        *_ALWAYS,
        *(("Retry-After",) if status in _TELLING_WHEN else ()),
        *(_OF_THE_LIMIT if status == HTTPStatus.TOO_MANY_REQUESTS else ()),
    )
    return {"description": _MEANINGS[status], "headers": headers, "content": content}


RESPONSES: dict[str, Any] = {f"Problem{status}": _problem(status) for status in _MEANINGS}


def complete(operation: dict[str, Any], endpoint: Endpoint) -> None:
    """Say the rest of an operation, in place."""
    if "description" not in operation and endpoint.handler.__doc__:
        operation["description"] = inspect.cleandoc(endpoint.handler.__doc__)
    if endpoint.needs == PUBLIC:
        operation["security"] = []
    else:
        operation["security"] = [{"bearer": []}]
        operation["x-required-permission"] = endpoint.needs
    if "parameters" in operation:
        operation["parameters"] = [
            _completed(item) for item in operation["parameters"] if item["name"].lower() != "accept"
        ]
    if "requestBody" in operation:
        _complete_body(operation["requestBody"]["content"], operation["operationId"], endpoint)
    responses = _own_responses(operation["responses"])
    for status, response in responses.items():
        response["headers"] = _headers(operation, endpoint, int(status)) | response.get("headers", {})
    for problem in _problems_of(operation, endpoint):
        responses.setdefault(str(problem), {"$ref": f"#/components/responses/Problem{problem}"})
    if "if-none-match" in _headers_of(operation):
        tag = responses["200"]["headers"]["ETag"]
        responses["304"] = {"description": "Not changed", "headers": {**_named(*_ALWAYS), "ETag": tag}}
    for empty in ("204", "304"):
        if empty in responses:
            responses[empty].pop("content", None)
    operation["responses"] = dict(sorted(responses.items()))


def _headers(operation: dict[str, Any], endpoint: Endpoint, status: int) -> dict[str, Any]:
    """The headers that the API adds to what the handler answers."""
    names = list(_ALWAYS)
    if endpoint.needs != PUBLIC:
        names += _OF_THE_LIMIT
    if "idempotency-key" in _headers_of(operation) and status < HTTPStatus.BAD_REQUEST:
        names.append("Idempotency-Replayed")
    return _named(*names)


def _own_responses(responses: dict[str, Any]) -> dict[str, Any]:
    """What the route declares: Powertools writes a 200 for every route, and its own shape of a 422."""
    declared = [code for code in responses if code.startswith("2")]
    own = {
        code: body
        for code, body in responses.items()
        if code != "422" and (code != "200" or "content" in body)
    }
    if own.get("200", {}).get("description") == "Successful Response" and len(declared) > 1:
        own.pop("200")
    return own


def _problems_of(operation: dict[str, Any], endpoint: Endpoint) -> list[int]:
    """The statuses of the errors that the operation may answer."""
    statuses = {429, 500, 503}
    if endpoint.needs != PUBLIC:
        statuses |= {400, 401, 403}
    if "{" in endpoint.template or not _headers_of(operation).isdisjoint(_NAMING_A_THING):
        statuses.add(404)
    if "requestBody" in operation:
        statuses |= {400, 413, 415, 422}
    if endpoint.method != "GET":
        statuses |= {404, 409}
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    if endpoint.needs == "outputs:read" and not names.isdisjoint(_NAMING_RUNS):
        statuses |= {404, 409}
    if "snapshot_id" in names:
        statuses.add(410)
    if "if-match" in _headers_of(operation):
        statuses.add(412)
    return sorted(statuses)


def _headers_of(operation: dict[str, Any]) -> set[str]:
    return {item["name"].lower() for item in operation.get("parameters", ()) if item["in"] == "header"}


def _completed(parameter: dict[str, Any]) -> dict[str, Any]:
    """The parameter in the spelling of headers, with what its path says of an id; media types stand for `Accept`."""
    name: str = parameter["name"]
    schema = without_null(parameter["schema"])
    description = parameter.get("description") or schema.pop("description", None)
    if parameter["in"] == "header":
        name = "-".join(word.capitalize() for word in name.split("-"))
    elif description is None:
        description = of_id(name)
    schema.pop("description", None)
    described = {} if description is None else {"description": description}
    return {**parameter, "name": name, **described, "schema": schema}


def _complete_body(content: dict[str, Any], operation: str, endpoint: Endpoint) -> None:
    for kind in content.values():
        kind["schema"] = without_null(kind["schema"])
    if operation in BODIES:
        for kind in content.values():
            kind["example"] = BODIES[operation]
    if endpoint.merges:
        content[MERGE_PATCH] = content[MEDIA_TYPE]
