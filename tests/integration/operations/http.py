"""The API as a client sees it, and what tests of operations ask of it."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

QUICK = {"start_year": 2026, "end_year": 2027, "attribution": False}


class LambdaContext:
    """What the handlers read of Lambda's context."""

    function_name = "operations"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:operations"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


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
        return str(self.json["code"])


@dataclass
class Client:
    """One tenant's user."""

    tenant: str
    roles: tuple[str, ...] = ("admin",)
    headers: dict[str, str] = field(default_factory=dict)

    def as_(self, *roles: str) -> Client:
        return Client(self.tenant, roles)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        from functions.api.handler import handler

        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": urlencode(query or {}),
            "headers": {"content-type": "application/json", **self.headers, **(headers or {})},
            "requestContext": {
                "requestId": str(uuid.uuid4()),
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
                    }
                },
            },
            "isBase64Encoded": False,
        }
        if query:
            event["queryStringParameters"] = {name: str(value) for name, value in query.items()}
        if body is not None:
            event["body"] = json.dumps(body)
        answer = handler(event, LambdaContext())  # type: ignore[arg-type]
        return Answer(answer["statusCode"], answer["headers"], answer.get("body") or "")

    def made(self, path: str, body: Any, status: int = 201) -> Any:
        answer = self("POST", path, body)
        assert answer.status == status, answer.body
        return answer.data

    def got(self, path: str, **query: Any) -> Any:
        answer = self("GET", path, query=query)
        assert answer.status == 200, answer.body
        return answer.data

    def workflow(self, **fields: Any) -> str:
        return str(self.made("/v1/workflows", {"name": f"w {uuid.uuid4()}", **fields})["id"])

    def vendor(self, **fields: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.made("/v1/vendors", {"name": f"v-{uuid.uuid4().hex[:8]}", **fields})
        return made

    def event(self, workflow: str, **fields: Any) -> Answer:
        body = {
            "event_type": "import.failed",
            "workflow_id": workflow,
            "occurred_at": datetime.now(UTC).isoformat(),
            "payload": {"error": {"code": "boom", "message": "it broke"}},
            **fields,
        }
        return self("POST", "/v1/events", body)

    def scenario(self) -> str:
        return str(self.made("/v1/scenarios", {"name": f"s {uuid.uuid4()}", "parameters": QUICK})["id"])

    def run(self, scenario: str | None = None, **options: Any) -> dict[str, Any]:
        answer = self("POST", f"/v1/scenarios/{scenario or self.scenario()}/run", options)
        assert answer.status in (200, 202), answer.body
        made: dict[str, Any] = answer.data
        return made

    def incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.got("/v1/incidents")
        return found
