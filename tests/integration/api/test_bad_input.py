"""Whatever is sent, the answer is a problem document that names the field and its rule, and nothing is stored."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from functions.api.http.problem_pages import known
from tests.integration.api.conftest import GUIDE, Client


def driver(kind: str, **payload: Any) -> dict[str, Any]:
    return {"name": "x", "assumptions": [{"driver_type": kind, "payload": payload}]}


RPS = {"policy_name": "RPS", "start_year": 2030}
BAD_SCENARIOS: dict[str, tuple[Any, str]] = {
    "unknown driver": (driver("wishful_thinking"), "assumptions[0].driver_type"),
    "driver of a wrong type": (
        {"name": "x", "assumptions": [{"driver_type": 7}]},
        "assumptions[0].driver_type",
    ),
    "target of 1.7": (driver("policy", **RPS, target=1.7), "assumptions[0].payload.target"),
    "end before start": (
        driver("policy", **RPS, target=0.5, end_year=2029),
        "assumptions[0].payload.end_year",
    ),
    "negative capacity": (
        driver("fleet_change", action="ADD", year=2030, technology="solar", capacity_mw=-5),
        "assumptions[0].payload.capacity_mw",
    ),
    "wrong type": (
        driver("load_growth", annual_rate="fast"),
        "assumptions[0].payload.annual_rate",
    ),
    "number as text": (driver("load_growth", annual_rate="0.1"), "assumptions[0].payload.annual_rate"),
    "field that does not exist": (
        driver("load_growth", annual_rate=0.1, colour="red"),
        "assumptions[0].payload.colour",
    ),
    "a driver inside a driver": (
        driver(
            "composite",
            mode="ADDITIVE",
            components=[{"driver_type": "load_growth", "payload": {"annual_rate": 9}}],
        ),
        "assumptions[0].payload.components[0].payload.annual_rate",
    ),
    "points out of order": (
        driver("fuel_curve", fuel="gas", points=[{"year": 2031, "price": 1}, {"year": 2030, "price": 1}]),
        "assumptions[0].payload.points",
    ),
    "a condition on a value out of range": (
        driver(
            "conditional",
            logic="ANY",
            conditions=[{"metric": "YEAR", "operator": "GT", "value": 1e301}],
            then=[{"driver_type": "load_growth", "payload": {"annual_rate": 0.1}}],
        ),
        "assumptions[0].payload.conditions[0].value",
    ),
    "a correlation with nobody": (
        driver(
            "stochastic",
            quantity="LOAD",
            distribution="UNIFORM",
            low=0,
            high=1,
            correlations=[{"name": "nobody", "coefficient": 0.5}],
        ),
        "assumptions[0].payload.correlations[0].name",
    ),
    "no name": ({"assumptions": []}, "name"),
    "empty name": ({"name": "  "}, "name"),
    "name of a megabyte": ({"name": "n" * 1_000_000}, "name"),
    "null for a list": ({"name": "x", "tags": None}, "tags"),
    "too many tags": ({"name": "x", "tags": [str(n) for n in range(21)]}, "tags"),
    "too many assumptions": ({**GUIDE, "assumptions": [*GUIDE["assumptions"]] * 51}, "assumptions"),
    "parameter that is a list": ({"name": "x", "parameters": {"mine": [1]}}, "parameters.mine"),
    "parameter out of range": ({"name": "x", "parameters": {"discount_rate": 2}}, "parameters.discount_rate"),
    "integer that JSON loses": ({"name": "x", "parameters": {"n": 2**60}}, "parameters.n"),
    "unknown status": ({"name": "x", "status": "ASLEEP"}, "status"),
    "unknown field": ({"name": "x", "owner": "me"}, "owner"),
}


@pytest.mark.parametrize("case", BAD_SCENARIOS)
def test_a_bad_scenario_is_refused_by_field_and_rule(client: Client, case: str) -> None:
    body, path = BAD_SCENARIOS[case]
    answer = client("POST", "/v1/scenarios", body)
    assert (answer.status, answer.code) == (422, "validation_failed"), answer.body[:300]
    assert path in answer.broken_paths, answer.body[:500]
    assert all(error["rule"] and error["message"] for error in answer.json["errors"])
    assert client("GET", "/v1/scenarios").data == []
    assert len(answer.body) < 10_000, "what was sent is not sent back"


@pytest.mark.parametrize("raw", ["{nope", "", "not json", '{"a":', "\x00", '{"name": NaN}'])
def test_a_body_that_is_not_json_is_said_to_be_none(client: Client, raw: str) -> None:
    answer = client("POST", "/v1/scenarios", raw=raw)
    assert answer.status in (400, 422), answer.body
    assert answer.code in ("invalid_json", "validation_failed", "bad_request")


@pytest.mark.parametrize("raw", ["[1,2]", '"text"', "7", "null", "true"])
def test_json_that_is_no_object_is_refused(client: Client, raw: str) -> None:
    assert client("POST", "/v1/scenarios", raw=raw).status == 422


def test_a_nul_character_is_refused_and_not_an_accident(client: Client) -> None:
    answer = client("POST", "/v1/scenarios", {"name": "a\x00b"})
    assert answer.status == 422


def test_a_body_over_a_megabyte_is_not_even_parsed(client: Client) -> None:
    answer = client("POST", "/v1/scenarios", {"name": "n" * 1_100_000})
    assert (answer.status, answer.code) == (413, "payload_too_large")
    assert "uploads" not in answer.json["detail"]
    wide = client("POST", "/v1/scenarios", raw='{"name": "' + "é" * 600_000 + '"}')
    assert wide.status == 413, "bytes count, not characters"


@pytest.mark.parametrize("path", ["/v1/baselines", "/v1/baselines/validate"])
def test_a_baseline_over_a_megabyte_is_told_where_large_tables_go(client: Client, path: str) -> None:
    answer = client("POST", path, {"name": "n" * 1_100_000})
    assert (answer.status, answer.code) == (413, "payload_too_large")
    assert "POST /v1/baselines/uploads" in answer.json["detail"]


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_body_of_endless_depth_is_refused(client: Client, opening: str) -> None:
    answer = client("POST", "/v1/scenarios", raw=opening * 100_000)
    assert (answer.status, answer.code) == (400, "body_too_deep")
    harmless = client("POST", "/v1/scenarios", {"name": "[[[[" * 40})
    assert harmless.status == 201, "brackets in a text are no depth"


def test_drivers_nest_at_most_three_deep(client: Client) -> None:
    inner: dict[str, Any] = {"driver_type": "load_growth", "payload": {"annual_rate": 0.01}}
    for _ in range(3):
        inner = {"driver_type": "composite", "payload": {"mode": "ADDITIVE", "components": [inner]}}
    answer = client("POST", "/v1/scenarios", {"name": "x", "assumptions": [inner]})
    assert (answer.status, answer.json["errors"][0]["rule"]) == (422, "too_deep")


def test_ids_that_are_none_and_ids_unknown_are_not_found(client: Client) -> None:
    scenario = client.scenario()["id"]
    for path in (
        "/v1/scenarios/xyz",
        f"/v1/scenarios/{uuid4()}",
        f"/v1/scenarios/{scenario}/runs/xyz",
        f"/v1/scenarios/{scenario}/runs/{uuid4()}",
        f"/v1/scenarios/{scenario}/versions/zero",
    ):
        answer = client("GET", path)
        assert answer.status == 404, path
        assert answer.code.endswith("not_found")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "many"},
        {"created_after": "yesterday"},
        {"created_after": "2026-01-01T00:00:00"},
        {"created_after": "2026-01-02T00:00:00Z", "created_before": "2026-01-01T00:00:00Z"},
        {"status": "ASLEEP"},
        {"name": "n" * 201},
    ],
)
def test_bad_query_parameters_are_400_and_named(client: Client, query: dict[str, Any]) -> None:
    answer = client("GET", "/v1/scenarios", query=query)
    assert answer.status == 400, answer.body
    assert answer.code == "invalid_parameter"
    assert answer.broken_paths[0] in query


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/scenarios"), ("POST", "/v1/scenarios/runs:cancel"), ("GET", "/v1/admin/outbox")],
)
def test_a_slip_in_a_parameters_name_filters_nothing_silently(client: Client, method: str, path: str) -> None:
    body: dict[str, Any] | None = {} if method == "POST" else None
    answer = client(method, path, body, query={"created_befor": "2026-01-01T00:00:00Z"})
    assert (answer.status, answer.code) == (400, "invalid_parameter")
    assert answer.broken_paths == ["created_befor"]
    assert "created_before" in answer.json["detail"] or "there are: none" in answer.json["detail"]


@pytest.mark.parametrize(
    ("path", "query", "rule"),
    [
        ("/v1/scenarios", {"name": ""}, "empty"),
        ("/v1/scenarios", {"tag": " "}, "empty"),
        ("/v1/scenarios", {"cursor": ""}, "empty"),
        ("/v1/events", {"event_type": ""}, "empty"),
        ("/v1/admin/outbox", {"topic": ""}, "empty"),
        ("/v1/scenarios", {"limit": "1_0"}, "whole_number"),
        ("/v1/scenarios", {"limit": "10.0"}, "whole_number"),
        ("/v1/scenarios", {"limit": " 10 "}, "whole_number"),
        ("/v1/scenarios", {"limit": "+10"}, "whole_number"),
        ("/v1/scenarios", {"limit": "٣"}, "whole_number"),
        ("/v1/kill-switches", {"active": "yes"}, "boolean"),
        ("/v1/kill-switches", {"active": "1"}, "boolean"),
    ],
)
def test_no_value_of_a_parameter_is_ignored_or_read_in_a_librarys_way(
    client: Client, path: str, query: dict[str, str], rule: str
) -> None:
    answer = client("GET", path, query=query)
    assert (answer.status, answer.code) == (400, "invalid_parameter"), answer.body
    assert [(error["path"], error["rule"]) for error in answer.json["errors"]] == [(*query, rule)]


@pytest.mark.parametrize("name", ["limit", "name"])
def test_a_parameter_that_stands_twice_is_told_as_such(client: Client, name: str) -> None:
    event = client.gateway_event("GET", "/v1/scenarios")
    # As API Gateway sends it: what was written, and the values in one text.
    event |= {"rawQueryString": f"{name}=5&{name}=6", "queryStringParameters": {name: "5,6"}}
    answer = client.send(event)
    assert (answer.status, [(error["path"], error["rule"]) for error in answer.json["errors"]]) == (
        400,
        [(name, "once")],
    )


@pytest.mark.parametrize(
    "raw",
    [
        '{"preview":true,"preview":false,"all":true}',
        '{"all":true,"filter":{"priority":"LOW","priority":"HIGH"}}',
        '{"all":true,"\\u0061ll":true}',
    ],
)
def test_a_key_that_stands_twice_in_an_object_is_refused(client: Client, raw: str) -> None:
    run = client.run(client.scenario()["id"])
    answer = client("POST", "/v1/scenarios/runs:cancel", raw=raw)
    assert (answer.status, answer.code) == (400, "invalid_json"), answer.body
    assert answer.json["errors"][0]["rule"] == "unique_key"
    location = f"/v1/scenarios/{run['scenario_id']}/runs/{run['id']}"
    assert client("GET", location).data["state"] == "QUEUED"


@pytest.mark.parametrize(
    ("body", "path", "rule", "words"),
    [
        ({}, "name", "required", "must be given"),
        ({"name": "a", "nmae": 1}, "nmae", "unknown_field", "there is no field 'nmae' here"),
        ({"name": 1}, "name", "text", "must be a text"),
        ({"name": ""}, "name", "too_short", "must not be empty"),
        ({"name": "a", "tags": "x"}, "tags", "list", "must be a list"),
        ({"name": "a", "parameters": []}, "parameters", "object", "must be a JSON object"),
        (
            {
                "name": "a",
                "assumptions": [{"driver_type": "policy", "payload": {"policy_name": "RPS", "target": 60}}],
            },
            "assumptions[0].payload.target",
            "maximum",
            "must be at most 1; it is a share, 60 % is 0.6",
        ),
    ],
)
def test_rules_have_names_and_words_of_ours(
    client: Client, body: dict[str, Any], path: str, rule: str, words: str
) -> None:
    answer = client("POST", "/v1/scenarios", body)
    assert answer.status == 422
    assert (path, rule, words) in [
        (error["path"], error["rule"], error["message"]) for error in answer.json["errors"]
    ]
    assert "Input should" not in answer.body


def test_a_whole_body_that_is_no_object_is_named_so(client: Client) -> None:
    answer = client("POST", "/v1/scenarios", [1])
    assert (answer.status, answer.json["errors"][0]["message"]) == (422, "must be a JSON object")


def test_a_problems_page_says_what_to_do_and_a_list_has_them_all(client: Client) -> None:
    page = client("GET", "/problems/run_not_found").body
    assert "Check the id" in page
    everything = client("GET", "/problems")
    assert everything.status == 200
    for code in known():
        assert f'href="/problems/{code}"' in everything.body


def test_paths_and_methods_that_do_not_exist(client: Client) -> None:
    missing = client("GET", "/v1/nothing/here")
    assert (missing.status, missing.code) == (404, "route_not_found")
    wrong = client("DELETE", "/v1/scenarios")
    assert (wrong.status, wrong.code, wrong.headers["Allow"]) == (405, "method_not_allowed", "GET, POST")


def test_a_body_of_another_type_is_415(client: Client) -> None:
    answer = client("POST", "/v1/scenarios", GUIDE, headers={"content-type": "text/xml"})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


def test_a_crash_tells_the_caller_nothing_but_its_id(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from sextant.scenarios import service

    def broken(*_: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(service, "get", broken)
    answer = client("GET", f"/v1/scenarios/{uuid4()}")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert "hunter2" not in answer.body
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


def test_every_problem_type_has_its_page_in_a_process_that_has_seen_none(client: Client) -> None:
    # Given a fresh process that is asked for the page of each code that any part of the system has
    script = """
import json, sys
from functions.api.api import handler
from functions.api.http.problem_pages import known
class Context:
    function_name = "api"; memory_limit_in_mb = 1; invoked_function_arn = ""; aws_request_id = ""
def page(code):
    path = f"/problems/{code}"
    http = {"method": "GET", "path": path}
    context = {"requestId": "r", "stage": "$default", "http": http}
    answer = handler({"version": "2.0", "rawPath": path, "rawQueryString": "", "headers": {}, "requestContext": context}, Context())
    return answer["statusCode"], answer["headers"]["Content-Type"].startswith("text/html"), code in answer["body"]
print(json.dumps({code: page(code) for code in known()}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    pages = json.loads(done.stdout.splitlines()[-1])
    # Then each has one, those of the worker and of the lake among them
    assert {"run_not_found", "outbox_backpressure", "kill_switch_active", "internal_error"} <= pages.keys()
    assert len(pages) > 40
    assert set(map(tuple, pages.values())) == {(200, True, True)}
    assert client("GET", "/problems/<script>").status == 404


def test_a_body_cannot_choose_its_tenant(client: Client, new_client: Callable[..., Client]) -> None:
    other = new_client().tenant
    scenario = client.scenario()["id"]
    run = client.run(scenario, seed=77)["id"]
    bodies: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("POST", "/v1/scenarios", GUIDE),
        ("POST", "/v1/scenarios:validate", GUIDE),
        ("PUT", f"/v1/scenarios/{scenario}", GUIDE),
        ("PATCH", f"/v1/scenarios/{scenario}", {"tags": ["x"]}),
        ("POST", f"/v1/scenarios/{scenario}/fork", {"name": "forked"}),
        ("POST", f"/v1/scenarios/{scenario}/run", {}),
        ("POST", f"/v1/scenarios/{scenario}/runs:bulk", {"items": [{}]}),
        ("POST", "/v1/scenarios/runs:cancel", {"preview": True, "all": True}),
        ("POST", "/v1/scenarios/runs:replay", {"preview": True, "all": True}),
        ("PUT", f"/v1/scenarios/runs/{run}/state", {"state": "FAILED", "reason": "x"}),
    )
    for method, path, body in bodies:
        answer = client(method, path, {**body, "tenant_id": other})
        assert (answer.status, answer.broken_paths) == (403, ["tenant_id"]), path
    items = client("POST", f"/v1/scenarios/{scenario}/runs:bulk", {"items": [{"tenant_id": other}]})
    assert items.status == 403
    # Its own it may repeat, wherever there is a body
    for method, path, body in bodies[1:]:
        own = client(method, path, {**body, "tenant_id": client.tenant})
        assert own.status in (200, 201, 202), (path, own.body)
