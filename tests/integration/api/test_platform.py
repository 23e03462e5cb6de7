"""What surrounds the nouns: health, metrics, documentation, logs, and what a cold start loads."""

from __future__ import annotations

import base64
import gzip
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.api.http.app import logger
from local.database import DatabaseUrls
from sextant import bootstrap
from tests.integration.api.conftest import Client

FORBIDDEN = (
    "pyarrow",
    "numpy",
    "pyiceberg",
    "boto3",
    "botocore.client",
    "sqlalchemy",
    "aws_xray_sdk",
    "scipy",
)


def values(text: str) -> dict[str, float]:
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if not line.startswith("#")
    }


def test_health_says_what_is_well(client: Client) -> None:
    assert client("GET", "/v1/health").json == {"status": "healthy"}
    ready = client("GET", "/v1/health/ready")
    assert ready.status == 200
    assert [check["name"] for check in ready.json["checks"]] == ["database", "queue"]


def test_metrics_are_the_tenants_own(client: Client, new_client: Callable[..., Client]) -> None:
    scenario = client.scenario()["id"]
    for seed in range(3):
        client.run(scenario, seed=seed)
    mine = client("GET", "/metrics")
    assert mine.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = values(mine.body)
    assert found['sextant_runs{state="QUEUED"}'] == 3
    assert found['sextant_outbox_events{state="pending"}'] == 3
    assert found['sextant_rate_limit_used{rule="all"}'] == 5
    stranger = values(new_client()("GET", "/metrics").body)
    assert stranger['sextant_runs{state="QUEUED"}'] == 0
    assert stranger['sextant_outbox_events{state="pending"}'] == 0
    everything = values(new_client("super_admin")("GET", "/metrics").body)
    assert everything['sextant_runs{state="QUEUED"}'] >= 3
    assert everything["sextant_breaker_state"] == 0


@pytest.fixture
def logged() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The API's log lines as CloudWatch would get them."""
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    lines = io.StringIO()
    before = handler.setStream(lines)
    level = logger.log_level
    logger.setLevel("INFO")
    yield lambda: [json.loads(line) for line in lines.getvalue().splitlines()]
    logger.setLevel(level)
    handler.setStream(before)


def test_a_request_is_one_log_line_that_is_metrics_too(
    client: Client, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    answer = client("GET", "/v1/scenarios/xyz", headers={"x-correlation-id": "c-1"})
    (line,) = logged()
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert (line["correlation_id"], line["tenant_id"], line["status"]) == ("c-1", client.tenant, 404)
    assert line["route"] == "GET /v1/scenarios/<scenario_id>", "the path's ids would be a metric each"
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Sextant"
    for metric in directive["Metrics"]:
        assert isinstance(line[metric["Name"]], (int, float))
    for dimensions in directive["Dimensions"]:
        assert all(isinstance(line[name], str) for name in dimensions)
    assert (line["ClientErrors"], line["ServerErrors"]) == (1, 0)
    assert len(line["trace_id"]) == 32


def test_neither_token_nor_body_is_ever_logged(
    client: Client, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    headers = {"authorization": "Bearer very.secret.token"}
    client("POST", "/v1/scenarios", {"name": "x", "description": "hush-hush"}, headers=headers)
    client("POST", "/v1/scenarios", raw='{"description": "hush-hush"', headers=headers)
    client("POST", "/v1/scenarios", {"name": 7, "description": "hush-hush"}, headers=headers)
    lines = logged()
    assert len(lines) == 3
    assert "very.secret" not in json.dumps(lines)
    assert "hush-hush" not in json.dumps(lines)


def test_the_document_is_served_and_names_every_route(client: Client) -> None:
    from functions.api.api import whole_api

    answer = client("GET", "/openapi.json")
    document = answer.json
    assert document["openapi"].startswith("3.1")
    served = {
        (method.upper(), path.replace("{", "<").replace("}", ">"))
        for path, operations in document["paths"].items()
        for method in operations
    }
    undocumented = {("GET", "/"), ("GET", "/openapi.json"), ("GET", "/docs"), ("GET", "/docs/<asset>")}
    endpoints = whole_api().endpoints.values()
    assert {(endpoint.method, endpoint.path) for endpoint in endpoints} - undocumented <= served
    packed = client("GET", "/openapi.json", headers={"accept-encoding": "gzip"})
    assert json.loads(gzip.decompress(base64.b64decode(packed.body))) == document


def test_swagger_ui_comes_from_here_alone(client: Client) -> None:
    page = client("GET", "/docs")
    assert page.status == 200
    assert "http://" not in page.body
    assert "https://" not in page.body
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for asset in ("swagger-ui-bundle.min.js", "swagger-ui.min.css"):
        assert asset in page.body
        assert client("GET", f"/docs/{asset}").status == 200
    assert client("GET", "/docs/secrets.txt").status == 404


def test_a_cold_start_loads_nothing_heavy(served: DatabaseUrls) -> None:
    # Given a fresh process that serves one request to run a scenario
    script = f"""
import json, sys
from functions.api.api import handler
class Context:
    function_name = "api"; memory_limit_in_mb = 1; invoked_function_arn = ""; aws_request_id = ""
event = {{"version": "2.0", "rawPath": "/v1/scenarios", "rawQueryString": "", "headers": {{}},
  "requestContext": {{"requestId": "r", "stage": "$default", "http": {{"method": "GET", "path": "/v1/scenarios"}},
  "authorizer": {{"jwt": {{"claims": {{"sub": "a", "tenant_id": "t", "roles": "[viewer]"}}}}}}}}}}
status = handler(event, Context())["statusCode"]
print(json.dumps([status, [name for name in {FORBIDDEN!r} if name in sys.modules]]))
"""
    # When it has answered, then none of these was imported
    env = {**os.environ, **bootstrap.application().environment}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=env)
    assert json.loads(done.stdout.splitlines()[-1]) == [200, []]
