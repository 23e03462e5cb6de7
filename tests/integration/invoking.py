"""The API's handler as API Gateway calls it: by an event of payload format 2.0, with the claims of a token."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode


class LambdaContext:
    """What the handlers read of Lambda's context."""

    aws_request_id = "request"
    memory_limit_in_mb = 1024

    def __init__(self, function: str = "api") -> None:
        self.function_name = function
        self.invoked_function_arn = f"arn:aws:lambda:eu-central-1:000000000000:function:{function}"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


@cache
def _documented() -> dict[str, Any]:
    """What the OpenAPI document says of problems."""
    document = json.loads((Path(__file__).parents[2] / "functions/api/openapi.json").read_text())
    problem: dict[str, Any] = document["components"]["schemas"]["Problem"]
    return problem


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def code(self) -> str:
        """The problem's code; fails unless the answer is a whole problem document."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        problem = self.json
        assert {"type", "title", "status", "detail", "instance", "code", "request_id"} <= problem.keys()
        assert problem.keys() <= _documented()["properties"].keys(), "an error declares its `members`"
        assert problem["status"] == self.status
        assert problem["type"] == f"/problems/{problem['code']}"
        return str(problem["code"])

    @property
    def broken_paths(self) -> list[str]:
        return [error["path"] for error in self.json["errors"]]


@dataclass
class Invoker:
    """One tenant's user; `roles` as an HTTP API's JWT authorizer writes them."""

    tenant: str
    roles: tuple[str, ...] = ("admin",)
    headers: dict[str, str] = field(default_factory=dict)

    def as_(self, *roles: str) -> Self:
        """The same tenant's user with other roles."""
        return type(self)(self.tenant, roles)

    def gateway_event(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: str | None = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        claims: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        text = raw if raw is not None else None if body is None else json.dumps(body)
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": urlencode(query or {}),
            "headers": {"content-type": "application/json", **self.headers, **(headers or {})},
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "domainName": "id.execute-api.us-east-1.amazonaws.com",
                "stage": "$default",
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "tests",
                },
                "authorizer": {
                    "jwt": {
                        "claims": {
                            "sub": "ana",
                            "tenant_id": self.tenant,
                            "roles": f"[{' '.join(self.roles)}]",
                        }
                        if claims is None
                        else claims
                    }
                },
            },
            "isBase64Encoded": False,
        }
        if query:
            event["queryStringParameters"] = {name: str(value) for name, value in query.items()}
        if text is not None:
            event["body"] = text
        return event

    def send(self, event: dict[str, Any]) -> Answer:
        from functions.api.api import handler

        answer = handler(event, LambdaContext())  # type: ignore[arg-type]
        return Answer(answer["statusCode"], answer["headers"], answer.get("body") or "")

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        return self.send(self.gateway_event(method, path, body, **more))
