"""Moments and days: RFC 3339 with a zone, wherever one is given, and nothing that a library would take for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args, get_type_hints
from uuid import uuid4

import pydantic
import pytest

from functions.api import api, baselines_api, outputs_api
from functions.api.http.routing import Endpoint
from sextant import moments
from tests.integration.api.conftest import Client

Sql = Callable[..., list[Any]]

NO_MOMENTS = [
    "2026",
    "20271201",
    "1700000000",
    "-1",
    "1e9",
    "2027-12-01",
    "20271201T000000Z",
    "2027-12-01T00:00:00",
    "2027-12-01T00:00Z",
    "2027-12-01 00:00:00Z",
    "2027-12-01T00:00:00 01:00",
    "2027-12-01T00:00:00+0100",
    "2027-12-01T24:00:00Z",
    "2027-02-30T00:00:00Z",
    "٢٠٢٧-12-01T00:00:00Z",
    " 2027-12-01T00:00:00Z",
    "2027-12-01T00:00:00Z\n",
    "",
]
NO_DAYS = ["2026", "20271201", "1700000000", "0", "2027-W01-1", "2027-12-01T00:00:00Z", "2027-02-30", ""]

QUERIES = [
    ("/v1/scenarios", "created_after"),
    ("/v1/scenarios", "created_before"),
    ("/v1/scenarios/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", "as_of"),
    ("/v1/scenarios/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9/runs", "created_after"),
    ("/v1/events", "occurred_before"),
    ("/v1/admin/outbox", "created_after"),
    ("/v1/admin/outbox/summary", "since"),
]


@pytest.mark.parametrize("text", [text for text in NO_MOMENTS if text])
@pytest.mark.parametrize(("path", "name"), QUERIES)
def test_a_query_takes_no_other_spelling_of_a_moment(client: Client, path: str, name: str, text: str) -> None:
    answer = client("GET", path, query={name: text})
    assert (answer.status, answer.code) == (400, "invalid_parameter"), answer.body
    (error,) = answer.json["errors"]
    assert (error["path"], error["rule"]) == (name, "moment")
    assert "2027-12-01T00:00:00Z" in error["message"]
    assert "%2B" in error["message"]


@pytest.mark.parametrize("text", [*NO_MOMENTS, 20271201, 1700000000, 1.5, True, {}])
def test_a_body_takes_no_other_spelling_of_a_moment(client: Client, sql: Sql, text: object) -> None:
    # Given a live run and an event that waits
    run = client.run(client.scenario()["id"])
    event = {"event_type": "x", "workflow_id": str(uuid4()), "occurred_at": text}
    waiting = "SELECT count(*) FROM outbox_event WHERE tenant_id = %s"
    before = sql(waiting, client.tenant)
    # When each body that takes a moment gets another spelling
    for path, body, field in (
        ("/v1/scenarios/runs:cancel", {"filter": {"created_after": text}}, "filter.created_after"),
        ("/v1/scenarios/runs:replay", {"filter": {"created_before": text}}, "filter.created_before"),
        ("/v1/admin/outbox/replay", {"created_after": text, "reason": "again"}, "created_after"),
        ("/v1/events", event, "occurred_at"),
    ):
        answer = client("POST", path, body)
        # Then it is refused by its name
        assert (answer.status, answer.broken_paths) == (422, [field]), (path, answer.body)
        assert answer.json["errors"][0]["rule"] == "moment"
    # and nothing was done
    location = f"/v1/scenarios/{run['scenario_id']}/runs/{run['id']}"
    assert client("GET", location).data["state"] == "QUEUED"
    assert sql(waiting, client.tenant) == before


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-01T00:00:00Z",
        "2020-01-01t00:00:00z",
        "2020-01-01T00:00:00.5Z",
        "2020-01-01T00:00:00.123456789Z",
        "2020-01-01T01:00:00+01:00",
        "2020-01-01T00:00:00-00:00",
    ],
)
def test_rfc_3339_is_taken(client: Client, text: str) -> None:
    made = client.scenario()["id"]
    assert [item["id"] for item in client("GET", "/v1/scenarios", query={"created_after": text}).data] == [
        made
    ]
    assert moments.moment(text).tzinfo is not None


def test_a_window_that_can_hold_nothing_is_refused_everywhere(client: Client) -> None:
    early, late = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    events = client("GET", "/v1/events", query={"occurred_after": late, "occurred_before": early})
    assert (events.status, events.broken_paths) == (400, ["occurred_after"])
    window = {"created_after": late, "created_before": early}
    replay = client("POST", "/v1/admin/outbox/replay", {**window, "reason": "again"})
    assert (replay.status, replay.broken_paths) == (400, ["created_after"])


@pytest.mark.parametrize("text", NO_DAYS)
def test_a_day_is_a_day_of_the_calendar(text: str) -> None:
    with pytest.raises(pydantic.ValidationError, match="2027-12-01"):
        pydantic.TypeAdapter(moments.Day).validate_python(text)
    assert pydantic.TypeAdapter(moments.Day).validate_python("2024-02-29").day == 29


def _endpoints() -> list[Endpoint]:
    return [
        endpoint
        for resolver in (api.whole_api(), outputs_api.api, baselines_api.api)
        for endpoint in resolver.endpoints.values()
    ]


def _lenient(schema: Any) -> list[Any]:
    """The parts of a validator's schema that read a moment or a day, and stand in none of ours."""
    if isinstance(schema, list | tuple):
        return [found for part in schema for found in _lenient(part)]
    if not isinstance(schema, dict):
        return []
    if schema.get("type") == "function-wrap" and "sextant.moments" in str(
        schema["function"]["function"].__module__
    ):
        return []
    if schema.get("type") in ("datetime", "date", "time", "timedelta"):
        return [schema["type"]]
    return [found for key, part in schema.items() if key != "metadata" for found in _lenient(part)]


@pytest.mark.parametrize("endpoint", _endpoints(), ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_no_route_reads_a_moment_in_a_librarys_way(endpoint: Endpoint) -> None:
    hints = get_type_hints(endpoint.handler, include_extras=True)
    for name, hint in hints.items():
        if name == "return":
            continue
        for kind in (hint, *get_args(hint)[:1]):
            adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(kind)
            adapter.rebuild(force=True)
            assert _lenient(adapter.core_schema) == [], f"{name} is read with pydantic's own datetime or date"
