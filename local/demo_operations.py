"""The demonstration of operations: a worker's vendor fails, and the platform sees it, decides, acts and recovers.

On a local system of its own: the run gate (an outside service that each run asks first) answers 503. The runs fail,
one incident groups them, decisions are recorded, the vendor's breaker is opened, people are told by SNS, the runs are run
again; when the vendor is back, one probe closes the breaker, the runs succeed and the incident is resolved.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import httpx

from local import running
from local.aws import REGION
from local.demo import DemoError, data_of
from local.running import RunningSystem
from local.state import default_home, forget, is_running

T = TypeVar("T")

TENANT = "demo"
RUNS = 4
TOPIC = "sextant-notifications"
POLICY = {
    "vendor": {"base_seconds": 1, "cap_seconds": 5, "max_retries": 10},
    "review_at": 3,
    "escalate_at": 4,
}
_WITHIN = 180.0


class Vendor:
    """An outside service that works or does not, as it is told."""

    def __init__(self) -> None:
        self.works = False
        self.calls = 0
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                vendor.calls += 1
                self.send_response(204 if vendor.works else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/ask"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def failing_vendor() -> Iterator[Vendor]:
    vendor = Vendor()
    try:
        yield vendor
    finally:
        vendor.stop()


def main(home: Path | None = None) -> int:
    """Runs the demonstration; returns the exit status."""
    demo_home = (home or default_home()) / "demo-operations"
    if is_running(demo_home):
        print("a demonstration is already under way", file=sys.stderr)
        return 1
    began = time.monotonic()
    forget(demo_home)
    print("starting Postgres, local AWS, the functions and the gateway …", flush=True)
    with failing_vendor() as vendor:
        environment = {
            "SEXTANT_RUN_GATE_URL": vendor.url,
            "SEXTANT_RUN_GATE_TIMEOUT": "2",
            "SEXTANT_ALERT_TOPIC": f"arn:aws:sns:{REGION}:000000000000:{TOPIC}",
            "SEXTANT_OPERATIONS_POLICY": json.dumps(POLICY),
        }
        started = None
        try:
            started = running.start(demo_home, environment=environment)
            print(f"  serving at {started.url} after {time.monotonic() - began:.1f} s\n", flush=True)
            _show(started, vendor)
        except (DemoError, running.StartFailedError) as error:
            print(f"\n{error}\nlogs: {demo_home / 'logs'}", file=sys.stderr)
            return 1
        finally:
            if started is not None:
                started.stop()
    forget(demo_home)
    print(f"\ndone and stopped in {time.monotonic() - began:.1f} s")
    return 0


def _show(started: RunningSystem, vendor: Vendor) -> None:
    inbox = _subscribe(started)
    with started.client(TENANT, "admin") as client:
        guarded = data_of(
            client.post(
                "/v1/vendors",
                # Its own threshold is out of reach, so that it is the decision which opens the breaker.
                json={"name": "run-gate", "failure_threshold": 100, "reset_seconds": 4, "max_retries": 10},
            ),
            201,
        )
        (workflow,) = data_of(client.get("/v1/workflows"), 200)
        data_of(client.patch(f"/v1/workflows/{workflow['id']}", json={"max_retries": 10}), 200)

        _say(
            "1. A vendor fails. Each run first asks an outside service, the vendor `run-gate`, which now answers 503.",
            f"   {RUNS} runs are asked for; each has one attempt:",
        )
        scenarios = [_scenario(client, number) for number in range(1, RUNS + 1)]
        for scenario in scenarios:
            run = data_of(client.post(f"/v1/scenarios/{scenario}/run", json={"max_retries": 0}), 202)
            _say(f"     run {_short(run['id'])} is {run['state']}")

        incident = _until("an incident", lambda: next(iter(data_of(client.get("/v1/incidents"), 200)), None))
        identifier = incident["id"]
        _until("all failures", lambda: _incident(client, identifier)["event_count"] >= RUNS)
        grouped = _incident(client, identifier)
        _say(
            "",
            f"2. It is noticed. All failures are one incident, {grouped['severity']}, with {grouped['event_count']} events so far:",
            f"     {grouped['title']}",
        )

        decision = _until("a decision", lambda: _decided(client, identifier))
        _say("", "3. It is decided what to do, here by the rules:", f"     {decision}")

        _until("an open breaker", lambda: _standing(client, guarded["id"]) != "CLOSED")
        told = _until("an alert", lambda: _alert(started, inbox))
        _say(
            "",
            f"4. It is acted on. The vendor was called {vendor.calls} times; then its breaker was opened, and it is left alone.",
            f"   People were told by SNS: {told}",
            "   The retries wait for the vendor.",
        )

        vendor.works = True
        _say("", "5. The vendor is back. One retry goes first and closes the breaker, the others follow …")
        _until("the runs to succeed", lambda: all(_succeeded(client, scenario) for scenario in scenarios))
        _until("the incident to be resolved", lambda: _incident(client, identifier)["state"] == "RESOLVED")
        _until("word of every run", lambda: _told_of(client, identifier, "run.succeeded") == RUNS)
        resolved = _incident(client, identifier)
        _say(
            f"   All {RUNS} runs have succeeded. The incident of {resolved['event_count']} failures is {resolved['state']}, "
            f"the breaker {_standing(client, guarded['id'])}.",
            "",
            f"6. All of it can be read in one call, GET /v1/incidents/{identifier}/timeline:",
            "",
        )
        _print_timeline(client, identifier)


def _say(*lines: str) -> None:
    print("\n".join(lines), flush=True)


def _short(identifier: str) -> str:
    """The end of an id, which differs where its beginning, the time, does not."""
    return f"…{identifier[-6:]}"


def _decided(client: httpx.Client, incident: str) -> str | None:
    """What was decided about the breaker, and why."""
    for decision in data_of(client.get("/v1/decisions", params={"incident_id": incident, "limit": 100}), 200):
        if "its breaker is opened" in decision["reasoning"]:
            return str(decision["reasoning"])
    return None


def _told_of(client: httpx.Client, incident: str, event_type: str) -> int:
    query: dict[str, str | int] = {"incident_id": incident, "event_type": event_type, "limit": 100}
    return len(data_of(client.get("/v1/events", params=query), 200))


def _print_timeline(client: httpx.Client, incident: str) -> None:
    cursor: str | None = None
    first: datetime | None = None
    while True:
        query: dict[str, str | int] = {"limit": 100, **({"cursor": cursor} if cursor else {})}
        answer = client.get(f"/v1/incidents/{incident}/timeline", params=query)
        for entry in data_of(answer, 200):
            at = datetime.fromisoformat(entry["at"])
            first = first or at
            print(
                f"  {max(0.0, (at - first).total_seconds()):6.2f} s  {entry['kind'].lower():10}  {_line(entry)}"
            )
        cursor = answer.json()["meta"].get("next_cursor")
        if cursor is None:
            return


def _line(entry: dict[str, Any]) -> str:
    detail = entry["detail"]
    match entry["kind"]:
        case "EVENT":
            payload = detail["payload"]
            said = (payload.get("error") or {}).get("message") or payload.get("message") or ""
            run = f"run {_short(detail['run_id'])}  " if detail["run_id"] else ""
            return f"{entry['summary']:24}  {run}{said}".rstrip()
        case "TRANSITION":
            return f"{entry['summary']:24}  {detail['reason']}"
        case "DECISION":
            return f"{entry['summary']:24}  {detail['reasoning']}"
        case _:
            return f"{entry['summary']:24}  {_outcome(detail)}"


def _outcome(action: dict[str, Any]) -> str:
    """What became of an action: its state, on what, and what it waited for."""
    result = action["result"] or {}
    about: dict[str, Callable[[], str]] = {
        "run_id": lambda: f"run {_short(action['target'])} again, as run {_short(result['run_id'])}",
        "breaker": lambda: f"the breaker is {result['breaker']}",
        "message_id": lambda: "people were told",
        "reason": lambda: str(result["reason"]),
    }
    said = next((tell() for name, tell in about.items() if name in result), "")
    waited = (action["waits_for"] or {}).get("reason", "").replace("_", " ")
    after = f" (put off {action['postponed']} times for the {waited})" if action["postponed"] else ""
    return f"{action['state']:10} {said}{after}"


def _scenario(client: httpx.Client, number: int) -> str:
    body = {
        "name": f"Operations {number}",
        "parameters": {"start_year": 2026, "end_year": 2027, "attribution": False},
    }
    return str(data_of(client.post("/v1/scenarios", json=body), 201)["id"])


def _incident(client: httpx.Client, incident: str) -> Any:
    return data_of(client.get(f"/v1/incidents/{incident}"), 200)


def _standing(client: httpx.Client, vendor: str) -> str:
    return str(data_of(client.get(f"/v1/vendors/{vendor}/breaker"), 200)["breaker"])


def _succeeded(client: httpx.Client, scenario: str) -> bool:
    return any(
        run["state"] == "SUCCEEDED" for run in data_of(client.get(f"/v1/scenarios/{scenario}/runs"), 200)
    )


def _subscribe(started: RunningSystem) -> str:
    """A queue that gets what is published to the topic; its URL."""
    sns, sqs = started.aws_client("sns"), started.aws_client("sqs")
    topic = sns.create_topic(Name=TOPIC)["TopicArn"]
    inbox: str = sqs.create_queue(QueueName="demo-inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return inbox


def _alert(started: RunningSystem, inbox: str) -> str | None:
    messages = started.aws_client("sqs").receive_message(QueueUrl=inbox).get("Messages")
    return str(json.loads(messages[0]["Body"])["Subject"]) if messages else None


def _until(what: str, condition: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + _WITHIN
    while True:
        if found := condition():
            return found
        if time.monotonic() > deadline:
            raise DemoError(f"waited {_WITHIN:.0f} s for {what}")
        time.sleep(0.25)


if __name__ == "__main__":
    sys.exit(main())
