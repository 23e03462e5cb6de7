"""The relay function, as Lambda calls it, with real SQS behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from functions.declaration import OUTBOX_RELAY
from functions.outbox_relay import handler as module
from local.aws import LocalAws, Resources
from sextant import bootstrap
from sextant.bus.events import parse
from tests.environments import changed
from tests.integration.bus.rigs import records_in
from tests.integration.outbox.conftest import ACME, BOLT, Outbox, payload


def sqs_event(client: Any, url: str, messages: int = 1) -> dict[str, Any]:
    """The event that an event source mapping makes of what waits in a queue."""
    records: list[dict[str, Any]] = []
    while len(records) < messages:
        more = records_in(client, url, wait=5)
        assert more, f"{len(records)} of {messages} messages came"
        records += more
    return {"Records": records}


@dataclass
class Context:
    function_name: str = "outbox-relay"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:000000000000:function:outbox-relay"
    aws_request_id: str = "request"

    def get_remaining_time_in_millis(self) -> int:
        return -7_200_000  # a process two hours ahead


@pytest.fixture
def environment(
    outbox: Outbox, aws: LocalAws, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Resources]:
    for name, value in {
        **aws.variables(),
        "POWERTOOLS_METRICS_NAMESPACE": "Sextant",
        "POWERTOOLS_SERVICE_NAME": "outbox-relay",
    }.items():
        monkeypatch.setenv(name, value)
    with bootstrap.installed(
        {
            "DATABASE_URL": outbox.urls.platform,
            "SEXTANT_QUEUE_URL_RUNS": resources.queue_urls["runs"],
            "SEXTANT_QUEUE_URL_EVENTS": resources.queue_urls["events"],
            "SEXTANT_RELAY_LINGER": "0",
        }
    ):
        yield resources


def invoke(event: dict[str, Any]) -> dict[str, float]:
    answer: dict[str, float] = module.handler(event, Context())
    return answer


def test_a_nudge_takes_each_topic_to_its_queue(outbox: Outbox, environment: Resources, aws: LocalAws) -> None:
    [run] = outbox.enqueue(ACME, 1, topic="run.requested", dedupe_key="run:1", headers={"custom": "é"})
    outbox.enqueue(BOLT, 2, topic="run.completed")
    assert invoke({"source": "sextant.nudge"})["sent"] == 2
    client = aws.client("sqs")
    [message] = parse(sqs_event(client, environment.queue_urls["runs"]))
    assert (message.body, message.tenant_id, message.event_id) == (payload(1), "acme", run)
    assert (message.topic, message.dedupe_key, message.headers["custom"]) == ("run.requested", "run:1", "é")
    [other] = parse(sqs_event(client, environment.queue_urls["events"]))
    assert other.topic == "run.completed"
    client.close()


def test_the_schedule_drains_tells_the_figures_and_forgets(
    outbox: Outbox, environment: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox.enqueue(ACME, 1)
    outbox.settle(outbox.claim(), "dead")
    outbox.admin.execute(
        "INSERT INTO outbox_usage VALUES ('acme', now() - interval '2 hours', gen_random_uuid(), 1)"
    )
    outbox.enqueue(ACME, 2)
    invoke({"detail-type": "Scheduled Event", "source": "aws.events"})
    blob = json.loads(
        next(line for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line)
    )
    assert (blob["OutboxPublished"], blob["OutboxDead"], blob["OutboxPending"]) == ([1.0], [1.0], [0.0])
    assert (
        outbox.scalar("SELECT count(*) FROM outbox_usage WHERE claimed_at < now() - interval '1 hour'") == 0
    )


def test_a_topic_without_a_queue_fails_alone(outbox: Outbox, environment: Resources) -> None:
    outbox.enqueue(ACME, 1, topic="run.completed")
    outbox.enqueue(ACME, 2, topic="run.requested")
    with changed(SEXTANT_QUEUE_URL_EVENTS="", SEXTANT_RELAY_MAX_ATTEMPTS="1"):
        answer = invoke({})
    assert (answer["sent"], answer["dead"]) == (1, 1)
    assert "no queue URL" in outbox.scalar("SELECT last_error FROM outbox_dead")


def test_with_no_time_left_it_takes_nothing(
    outbox: Outbox, environment: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.enqueue(ACME, 1)
    monkeypatch.setattr(module, "OUTBOX_RELAY", replace(OUTBOX_RELAY, timeout=3))
    assert invoke({})["claimed"] == 0
