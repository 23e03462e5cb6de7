"""The run gate: an outside service asked before each run, guarded as the tenant's vendor `run-gate`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from functions.worker import run_worker
from sextant import bootstrap
from sextant.config import ConfigurationError
from sextant.execution.gate import RunGate
from sextant.execution.settings import RunSettings
from sextant.vendors.errors import VendorBreakerOpenError, VendorCallError
from tests.environments import changed
from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client


class Gate:
    """The outside service: answers with `status`, remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 204
        self.asked: list[tuple[dict[str, Any], str]] = []
        self.targets: list[str] = []
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                gate.targets.append(self.path)
                gate.asked.append((json.loads(body), self.headers["X-Correlation-ID"]))
                self.send_response(gate.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_worker_asks_the_gate_of_its_environment_and_none_without_one(operations: Operations) -> None:
    with changed(SEXTANT_WAREHOUSE="file:///lake"):
        assert run_worker.worker().gate is None
    with changed(
        SEXTANT_WAREHOUSE="file:///lake", SEXTANT_RUN_GATE_URL="http://gate", SEXTANT_RUN_GATE_TIMEOUT="3"
    ):
        assert run_worker.worker().gate == RunGate("http://gate", 3.0)


def test_a_gate_is_asked_about_the_run_and_its_refusals_open_its_breaker(
    client: Client, operations: Operations, gate: Gate
) -> None:
    client.headers["x-correlation-id"] = "gate-thread"
    client.vendor(name="run-gate", failure_threshold=2)
    run = client.run()
    _, claimed = operations.claim(client.tenant, run["id"])
    database = bootstrap.platform_database()
    run_gate = RunGate(f"http://127.0.0.1:{gate.server.server_address[1]}/ask", timeout=10)
    run_gate.check(database, claimed.run, "w")
    asked, correlation_id = gate.asked[0]
    assert (asked["run_id"], asked["tenant_id"], correlation_id) == (run["id"], client.tenant, "gate-thread")

    gate.status = 503
    for _ in range(2):
        with pytest.raises(VendorCallError, match="answered 503"):
            run_gate.check(database, claimed.run, "w")
    with pytest.raises(VendorBreakerOpenError):
        run_gate.check(database, claimed.run, "w")
    assert len(gate.asked) == 3, "an open breaker keeps the call from being made"
    (event,) = client.got("/v1/events")
    assert (event["event_type"], event["correlation_id"]) == ("vendor.breaker_opened", "gate-thread")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("/check?key=a%2Fb&stage=live", "/check?key=a%2Fb&stage=live"),
        ("?key=k", "/?key=k"),
        ("", "/"),
        ("/check?key=k#part", "/check?key=k"),
    ],
)
def test_the_gate_is_asked_at_the_whole_of_its_url(
    client: Client, operations: Operations, gate: Gate, url: str, target: str
) -> None:
    _, claimed = operations.claim(client.tenant, client.run()["id"])
    with changed(
        SEXTANT_WAREHOUSE="file:///lake",
        SEXTANT_RUN_GATE_URL=f"http://127.0.0.1:{gate.server.server_address[1]}{url}",
    ):
        asked = run_worker.worker().gate
    assert asked is not None
    asked.check(bootstrap.platform_database(), claimed.run, "w")
    assert gate.targets == [target]


@pytest.mark.parametrize(
    "url",
    ["gate/check", "ftp://gate/", "http:///check?key=secret", "https://user:secret@gate/", "http://g:x/"],
)
def test_a_url_that_no_gate_can_have_fails_the_start_and_is_not_repeated(url: str) -> None:
    with (
        changed(SEXTANT_RUN_GATE_URL=url),
        pytest.raises(ConfigurationError, match="SEXTANT_RUN_GATE_URL") as refused,
    ):
        bootstrap.settings(RunSettings)
    assert "secret" not in str(refused.value)


def test_a_gate_that_does_not_answer_is_a_failing_vendor(client: Client, operations: Operations) -> None:
    _, claimed = operations.claim(client.tenant, client.run()["id"])
    with pytest.raises(VendorCallError, match="did not answer"):
        RunGate("http://127.0.0.1:9/ask", timeout=10).check(bootstrap.platform_database(), claimed.run, "w")
