"""Each handler takes the events as AWS sends them, with every field that its documentation shows.

`samples/` are the shapes of AWS's documentation and of Powertools' test events, with what ours carry in them: of API Gateway
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html, of SQS, MSK and
EventBridge the pages of Lambda's guide on each. A field may be null, absent or unknown to us.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from functions.declaration import (
    API,
    COMMITTER,
    EVENTS_QUEUE,
    FUNCTIONS,
    OPERATIONS,
    OUTBOX_RELAY,
    OUTPUTS_API,
    RUN_WORKER,
    Function,
    ScheduleTrigger,
)
from local import database as databases
from local import place
from local.aws import LocalAws, Resources
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant import bootstrap
from tests.integration.invoking import LambdaContext

SAMPLES = Path(__file__).parent / "samples"
UNREADABLE = "059f36b4-87a3-44ab-83d2-661975830a7d"
SCENARIO = {"name": "Größe", "assumptions": [], "tags": ["ü"]}


def sample(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return read


@pytest.fixture(scope="module")
def urls(postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    made = databases.clone(postgres, template, "aws_events")
    yield made
    databases.drop(postgres, made.name)


@pytest.fixture
def within(
    urls: DatabaseUrls, aws: LocalAws, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Function], AbstractContextManager[object]]:
    """The function's own environment, as its declaration gives it."""
    here = place.local_place("sqs", resources, urls, None)

    def of(function: Function) -> AbstractContextManager[object]:
        variables = {
            **place.configured(function, here),
            **place.of_this_machine(function, aws, urls, "http://127.0.0.1:1"),
            # Nobody stands there to be nudged, and a nudge that fails fails nobody.
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        }
        for name, value in variables.items():
            if name.startswith("AWS_"):
                monkeypatch.setenv(name, value)
        return bootstrap.installed(variables)

    return of


def call(function: Function, event: Mapping[str, Any]) -> Any:
    module, _, name = function.handler.rpartition(".")
    return getattr(import_module(module), name)(event, LambdaContext(function.name))


# API Gateway --------------------------------------------------------------------------------------


def http(method: str, path: str, query: str = "", **fields: Any) -> dict[str, Any]:
    """The sample for another request. API Gateway joins the values of a repeated parameter or header by commas."""
    event = sample("http")
    event |= {"rawPath": path, "rawQueryString": query, **fields}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    if query:
        names = [part.partition("=")[0] for part in query.split("&")]
        values = {
            name: ",".join(part.partition("=")[2] for part in query.split("&") if part.startswith(f"{name}="))
            for name in names
        }
        event["queryStringParameters"] = values
    return event


def test_a_request_with_cookies_and_a_query_is_answered(within: Callable[..., Any]) -> None:
    with within(API):
        answer = call(API, http("GET", "/v1/scenarios", "limit=5&tag=a"))

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["data"] == []


def test_a_body_in_base64_is_the_body(within: Callable[..., Any]) -> None:
    """API Gateway encodes what its content type does not call text, and what is compressed."""
    body = base64.b64encode(json.dumps(SCENARIO, ensure_ascii=False).encode()).decode()
    with within(API):
        made = call(API, http("POST", "/v1/scenarios", body=body, isBase64Encoded=True))
        broken = call(API, http("POST", "/v1/scenarios", body="{", isBase64Encoded=True))

    assert (made["statusCode"], json.loads(made["body"])["data"]["name"]) == (201, "Größe")
    assert 400 <= broken["statusCode"] < 500
    assert json.loads(broken["body"])["code"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/scenarios/",
        "//v1//scenarios",
        "/v1/scenarios/../scenarios",
        "/v1/scenarios/%2e%2e",
        f"/v1/scenarios/{quote('Größe')}",
        "/v1/scenarios/Größe",
        "/v1/scenarios/a b",
        "/v1/scenarios/%",
        "/v1/scenarios/\u0000",
        "/favicon.ico",
        "/",
    ],
)
def test_an_odd_path_is_a_problem_of_the_callers_and_no_error_of_ours(
    within: Callable[..., Any], path: str
) -> None:
    with within(API):
        answer = call(API, http("GET", path))

    assert answer["statusCode"] in (200, 400, 404), answer["body"]
    if answer["statusCode"] != 200:
        assert json.loads(answer["body"])["status"] == answer["statusCode"]


def test_a_repeated_parameter_is_refused_and_not_read_as_one(within: Callable[..., Any]) -> None:
    with within(API):
        answer = call(API, http("GET", "/v1/scenarios", "limit=5&limit=6"))

    assert answer["statusCode"] == 400
    assert "limit" in answer["body"]


def test_a_browsers_question_needs_no_token_and_is_answered_for_every_path(
    within: Callable[..., Any],
) -> None:
    event = http("OPTIONS", "/v1/scenarios/1/outputs", routeKey="OPTIONS /{proxy+}")
    del event["requestContext"]["authorizer"]
    event["headers"] |= {"origin": "https://console.example", "access-control-request-method": "GET"}
    with within(API):
        answer = call(API, event)

    assert (answer["statusCode"], answer.get("body")) == (204, None)


def test_a_request_for_outputs_is_answered_by_their_own_function(within: Callable[..., Any]) -> None:
    path = "/v1/scenarios/0190b6f0-0000-7000-8000-000000000002/outputs"
    event = http("GET", path, "metric_name=price", routeKey="GET /v1/scenarios/{scenario_id}/outputs")
    event["pathParameters"] = {"scenario_id": path.split("/")[3]}
    with within(OUTPUTS_API):
        answer = call(OUTPUTS_API, event)

    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "scenario_not_found")


# Queues and topics --------------------------------------------------------------------------------


def test_of_a_batch_of_messages_the_one_that_cannot_be_read_fails_alone(within: Callable[..., Any]) -> None:
    with within(RUN_WORKER):
        answer = call(RUN_WORKER, sample("sqs"))

    assert answer == {"batchItemFailures": [{"itemIdentifier": UNREADABLE}]}


def test_of_a_batch_of_records_the_one_without_content_is_set_aside(
    within: Callable[..., Any], aws: LocalAws, resources: Resources
) -> None:
    with within(RUN_WORKER):
        answer = call(RUN_WORKER, sample("msk"))

    assert answer == {"batchItemFailures": []}
    client = aws.client("sqs")
    [letter] = client.receive_message(QueueUrl=resources.dead_letter_urls["runs"])["Messages"]
    assert json.loads(letter["Body"])["record"] == {"partition": "sextant-dev.runs-0", "offset": 16}


def test_the_committer_takes_any_message_for_a_sign_that_files_wait(within: Callable[..., Any]) -> None:
    with within(COMMITTER):
        answer = call(COMMITTER, sample("sqs"))

    assert answer["batchItemFailures"] == []


@pytest.mark.parametrize("bus", ["sqs", "msk"])
def test_operations_leave_events_that_are_not_theirs(within: Callable[..., Any], bus: str) -> None:
    with within(OPERATIONS):
        assert call(OPERATIONS, sample(bus)) == {"batchItemFailures": []}


# EventBridge --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [one for one in FUNCTIONS if any(isinstance(trigger, ScheduleTrigger) for trigger in one.triggers)],
    ids=lambda one: one.name,
)
def test_a_tick_is_taken_by_every_function_that_has_one(
    within: Callable[..., Any], function: Function
) -> None:
    with within(function):
        call(function, sample("scheduled"))


def test_the_relay_takes_a_nudge(within: Callable[..., Any]) -> None:
    with within(OUTBOX_RELAY):
        assert call(OUTBOX_RELAY, {"source": "sextant.nudge"})["dead"] == 0


def test_dead_records_of_kafka_become_an_incident_once(within: Callable[..., Any]) -> None:
    with within(OPERATIONS):
        told = [call(OPERATIONS, sample("object_created")) for _ in range(2)]

    assert told == [{"dead_letters": 1}, {"dead_letters": 0}]
    assert EVENTS_QUEUE in OPERATIONS.watches
