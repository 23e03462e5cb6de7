"""Idempotency keys with their records in DynamoDB: the first answer again, a conflict, or the constraint behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.api.http import idempotency
from local.aws import LocalAws, Resources
from local.database import DatabaseUrls
from tests.environments import changed
from tests.integration.api.conftest import GUIDE, Client

KEY = {"idempotency-key": "k1"}


@pytest.fixture(autouse=True)
def table(
    served: DatabaseUrls, aws: LocalAws, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    for name, value in aws.variables().items():
        monkeypatch.setenv(name, value)
    with changed(SEXTANT_IDEMPOTENCY_TABLE=resources.idempotency_table):
        yield resources.idempotency_table


def test_the_first_answer_comes_back_whatever_became_of_the_run(client: Client) -> None:
    scenario = client.scenario()["id"]
    path = f"/v1/scenarios/{scenario}/run"
    first = client("POST", path, {"seed": 1}, headers=KEY)
    client("POST", f"/v1/scenarios/runs/{first.data['id']}/cancel")
    again = client("POST", path, {"seed": 1}, headers=KEY)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers


def test_a_scenario_is_created_once(client: Client) -> None:
    first = client("POST", "/v1/scenarios", GUIDE, headers=KEY)
    again = client("POST", "/v1/scenarios", dict(reversed(GUIDE.items())), headers=KEY)
    assert (again.status, again.body) == (201, first.body), "the order of a body's fields does not matter"
    assert again.headers["ETag"] == first.headers["ETag"]
    assert len(client("GET", "/v1/scenarios").data) == 1


def test_another_request_under_the_same_key_is_refused(client: Client) -> None:
    scenario = client.scenario()["id"]
    client("POST", f"/v1/scenarios/{scenario}/run", {"seed": 1}, headers=KEY)
    for path, body in (
        (f"/v1/scenarios/{scenario}/run", {"seed": 2}),
        (f"/v1/scenarios/{scenario}/runs:bulk", {"items": [{"seed": 1}]}),
        ("/v1/scenarios", {**GUIDE, "name": "other"}),
    ):
        answer = client("POST", path, body, headers=KEY)
        assert (answer.status, answer.code) == (422, "idempotency_key_reused"), path


def test_keys_belong_to_their_tenant(client: Client, new_client: Callable[..., Client]) -> None:
    other = new_client()
    mine = client("POST", "/v1/scenarios", GUIDE, headers=KEY)
    theirs = other("POST", "/v1/scenarios", GUIDE, headers=KEY)
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.data["id"] != theirs.data["id"]


def test_a_request_that_failed_may_be_tried_again(client: Client) -> None:
    taken = client.scenario(name="taken")
    assert client("POST", "/v1/scenarios", {**GUIDE, "name": "taken"}, headers=KEY).status == 409
    client("DELETE", f"/v1/scenarios/{taken['id']}")
    assert client("POST", "/v1/scenarios", {**GUIDE, "name": "taken"}, headers=KEY).status == 201


def test_an_equal_request_in_flight_is_waited_for_and_then_told(
    client: Client, aws: LocalAws, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a record that another environment has begun and not finished
    scenario = client.scenario()["id"]
    path = f"/v1/scenarios/{scenario}/run"
    first = client("POST", path, {"seed": 1}, headers=KEY)
    dynamodb = aws.client("dynamodb")
    (record,) = dynamodb.scan(TableName=table)["Items"]
    unfinished = {**record, "status": {"S": "INPROGRESS"}}
    dynamodb.put_item(TableName=table, Item=unfinished)
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.2)
    # When the same request comes, it is told that the other is at it
    told = client("POST", path, {"seed": 1}, headers=KEY)
    assert (told.status, told.code, told.headers["Retry-After"]) == (409, "idempotency_in_flight", "1")
    # And once the other is done, it gets its answer
    dynamodb.put_item(TableName=table, Item=record)
    assert client("POST", path, {"seed": 1}, headers=KEY).body == first.body


@pytest.mark.parametrize("damage", ["lost", "unreachable"])
def test_without_its_record_the_constraint_holds(
    client: Client, aws: LocalAws, table: str, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = client.scenario()["id"]
    path = f"/v1/scenarios/{scenario}/run"
    bulk = {"items": [{"seed": 8}, {"seed": 9}]}
    first = client("POST", path, {"seed": 1}, headers=KEY)
    many = client("POST", f"{path}s:bulk", bulk, headers={"idempotency-key": "k2"})
    if damage == "lost":
        dynamodb = aws.client("dynamodb")
        for record in dynamodb.scan(TableName=table)["Items"]:
            dynamodb.delete_item(TableName=table, Key={"id": record["id"]})
    with changed(SEXTANT_IDEMPOTENCY_TABLE=table if damage == "lost" else "no-such-table"):
        again = client("POST", path, {"seed": 1}, headers=KEY)
        assert (again.status, again.data["id"]) == (202, first.data["id"])
        assert client("POST", path, {"seed": 2}, headers=KEY).status == 422
        repeated = client("POST", f"{path}s:bulk", bulk, headers={"idempotency-key": "k2"})
    assert [i["run"]["id"] for i in repeated.data] == [i["run"]["id"] for i in many.data]
    runs: list[Any] = client("GET", f"{path}s").data
    assert len(runs) == 3
