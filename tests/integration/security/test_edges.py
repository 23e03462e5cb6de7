"""Small values in odd places: none is a server's error, none stays to break what is read later."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.conftest import Client


@pytest.mark.parametrize("version", ["²", "٣", "9" * 10, "9" * 5000, "-1", "1.0", ""])
def test_an_entity_tag_that_names_no_version_is_a_failed_precondition(client: Client, version: str) -> None:
    scenario = client.scenario()["id"]
    answer = client(
        "PATCH",
        f"/v1/scenarios/{scenario}",
        {"description": "x"},
        headers={"if-match": f'"{scenario}.{version}"'},
    )
    assert (answer.status, answer.code) == (412, "version_conflict"), answer.body
    assert client("GET", f"/v1/scenarios/{scenario}").data["version"] == 1


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "é",
        "=",
        encoded("[" * 1_400),
        encoded("null"),
        encoded("[]"),
        encoded('{"k":' + "9" * 1_400 + "}"),
    ],
)
def test_a_cursor_that_nobody_gave(client: Client, cursor: str) -> None:
    answer = client("GET", "/v1/scenarios", query={"cursor": cursor})
    assert (answer.status, answer.code) == (400, "bad_request"), answer.body


def test_a_cursor_longer_than_any(client: Client) -> None:
    answer = client("GET", "/v1/scenarios", query={"cursor": encoded("[" * 50_000)})
    assert (answer.status, answer.code) == (400, "invalid_parameter"), answer.body


def test_another_tenants_cursor_shows_ones_own(client: Client, new_client: Callable[..., Client]) -> None:
    other = new_client()
    for _ in range(3):
        other.scenario()
    cursor = other("GET", "/v1/scenarios", query={"limit": 1}).json["meta"]["next_cursor"]
    mine = client.scenario()["id"]
    found = client("GET", "/v1/scenarios", query={"cursor": cursor}).data
    assert {scenario["id"] for scenario in found} <= {mine}


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
    ],
)
def test_no_event_stays_that_could_not_be_read_again(client: Client, moment: str) -> None:
    workflow = client("POST", "/v1/workflows", {"name": "w"}).data["id"]
    event: dict[str, Any] = {"event_type": "x.failed", "workflow_id": workflow, "severity": "ERROR"}
    answer = client("POST", "/v1/events", {**event, "occurred_at": moment})
    assert (answer.status, answer.broken_paths) == (422, ["occurred_at"]), answer.body
    assert client("GET", "/v1/events").data == []
    assert client("GET", "/v1/incidents").data == []


@pytest.mark.parametrize("subject", ["", " ", "a\nb", "a\x00b", "x" * 256, "\u202eadmin"])
def test_a_subject_that_could_not_stand_in_a_trail_opens_nothing(client: Client, subject: str) -> None:
    claims = {"sub": subject, "tenant_id": client.tenant, "roles": "[admin]"}
    answer = client("GET", "/v1/scenarios", claims=claims)
    assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", **{f"k{number}": 1 for number in range(80_000)}},
        {"name": "x", "tags": [1] * 300_000},
        {
            "name": "x",
            "assumptions": [{"driver_type": "policy", "payload": {"k" * 60 + str(n): 1 for n in range(200)}}]
            * 50,
        },
    ],
    ids=["fields", "tags", "drivers"],
)
def test_a_body_that_breaks_a_rule_without_end_gets_an_answer_of_bearable_size(
    client: Client, body: dict[str, Any]
) -> None:
    answer = client("POST", "/v1/scenarios", body)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert 1 <= len(answer.json["errors"]) <= 100
    assert len(answer.body) < 100_000


def test_a_page_that_no_answer_could_hold_says_what_to_do(client: Client) -> None:
    workflow = client("POST", "/v1/workflows", {"name": "w"}).data["id"]
    event = {"event_type": "x", "workflow_id": workflow, "occurred_at": "2026-01-01T00:00:00Z"}
    for _ in range(7):
        assert client("POST", "/v1/events", {**event, "payload": {"a": "x" * 1_000_000}}).status == 201
    answer = client("GET", "/v1/events", query={"limit": 100})
    assert (answer.status, answer.code) == (400, "answer_too_large")
    page = client("GET", "/v1/events", query={"limit": 3})
    assert (page.status, len(page.data)) == (200, 3)
