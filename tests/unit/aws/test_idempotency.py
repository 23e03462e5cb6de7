"""Idempotency records in DynamoDB: the work is done once, its answer kept, and a lost table loses no request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from aws_lambda_powertools.event_handler import Response

from functions.api.http import idempotency
from functions.api.http.routing import Router
from sextant import bootstrap
from sextant.runs.errors import IdempotencyKeyReusedError

TABLE = "idempotency"


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    boto3.client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with bootstrap.installed({"SEXTANT_IDEMPOTENCY_TABLE": TABLE}):
        yield


class Service:
    """Counts its work, and answers with the count."""

    def __init__(self) -> None:
        self.times = 0

    def ask(self, key: str | None, body: dict[str, Any], *, tenant: str = "acme") -> Response[Any]:
        event = SimpleNamespace(
            http_method="POST", path="/v1/scenarios", body=json.dumps(body), json_body=body
        )
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)
        request = SimpleNamespace(
            caller=SimpleNamespace(tenant=tenant), current_event=event, lambda_context=context
        )
        return idempotency.once(cast(Router, request), key, self._work)

    def _work(self) -> Response[Any]:
        self.times += 1
        return Response(201, "application/json", json.dumps({"times": self.times}))


def records() -> list[dict[str, Any]]:
    return boto3.client("dynamodb").scan(TableName=TABLE)["Items"]


def test_a_repeat_gets_the_first_answer_and_says_so() -> None:
    service = Service()
    first, again = service.ask("k", {"a": 1}), service.ask("k", {"a": 1})

    assert (service.times, again.status_code, again.body) == (1, 201, first.body)
    assert idempotency.REPLAYED not in first.headers
    assert again.headers[idempotency.REPLAYED] == "true"
    (record,) = records()
    assert record["status"]["S"] == "COMPLETED"


def test_a_key_belongs_to_its_tenant_and_to_its_request() -> None:
    service = Service()
    service.ask("k", {"a": 1})
    service.ask("k", {"a": 1}, tenant="other")

    assert service.times == 2
    with pytest.raises(IdempotencyKeyReusedError):
        service.ask("k", {"a": 2})


def test_no_key_leaves_no_record() -> None:
    service = Service()
    service.ask(None, {"a": 1})
    service.ask(None, {"a": 1})

    assert (service.times, records()) == (2, [])


def test_without_its_table_the_request_is_served_all_the_same() -> None:
    boto3.client("dynamodb").delete_table(TableName=TABLE)
    service = Service()

    assert service.ask("k", {"a": 1}).status_code == 201
    assert service.times == 1
