"""What tests of operations ask of the API."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from tests.integration.invoking import Answer, Invoker

QUICK = {"start_year": 2026, "end_year": 2027, "attribution": False}


class Client(Invoker):
    """A tenant's user with what tests of operations do again and again."""

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
