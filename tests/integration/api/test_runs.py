"""Runs over HTTP: request, repeat, list, watch, cancel, bulk, replay, moves by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from local.database import DatabaseUrls
from sextant import bootstrap
from sextant.storage import Database, DatabaseSettings
from tests.integration.api.conftest import Client
from tests.integration.storage.wire import WireProxy, through

Sql = Callable[..., list[Any]]


def messages(sql: Sql, run: str) -> int:
    ((count,),) = sql(
        "SELECT count(*) FROM outbox_event WHERE topic = 'run.requested' AND payload ->> 'run_id' = %s", run
    )
    return int(count)


def test_a_run_is_accepted_with_its_message(client: Client, sql: Sql) -> None:
    scenario = client.scenario()["id"]
    answer = client("POST", f"/v1/scenarios/{scenario}/run", {"seed": 7, "priority": "high"})
    assert answer.status == 202, answer.body
    run = answer.data
    assert (run["state"], run["priority"], run["seed"], run["max_retries"]) == ("QUEUED", "HIGH", 7, 5)
    assert (run["scenario_id"], run["scenario_version"], run["progress_percent"]) == (scenario, 1, 0)
    assert answer.json["meta"]["existing"] is False
    live = client("GET", answer.headers["Location"]).data
    assert live.pop("waits_for")["kind"] == "TURN"
    assert live == run
    assert messages(sql, run["id"]) == 1


def test_an_empty_body_asks_for_the_defaults(client: Client) -> None:
    scenario = client.scenario()["id"]
    answer = client("POST", f"/v1/scenarios/{scenario}/run")
    assert (answer.status, answer.data["timeout_minutes"], answer.data["max_retries"]) == (202, 60, 3)


def test_an_equal_run_is_not_run_again_until_it_failed(client: Client, sql: Sql) -> None:
    scenario = client.scenario()["id"]
    first = client.run(scenario, seed=1)
    again = client("POST", f"/v1/scenarios/{scenario}/run", {"seed": 1, "priority": "LOW"})
    assert (again.status, again.data["id"], again.json["meta"]["existing"]) == (200, first["id"], True)
    assert client.run(scenario, seed=2)["id"] != first["id"]
    client("POST", f"/v1/scenarios/runs/{first['id']}/cancel")
    assert client.run(scenario, seed=1)["id"] != first["id"]


def test_an_idempotency_key_is_its_tenants_and_holds_without_any_record(
    client: Client, new_client: Callable[..., Client]
) -> None:
    # Given no table of records at all: the database's constraint alone
    scenario = client.scenario()["id"]
    path, key = f"/v1/scenarios/{scenario}/run", {"idempotency-key": "nightly"}
    first = client("POST", path, {"seed": 1}, headers=key)
    again = client("POST", path, {"seed": 1}, headers=key)
    assert (again.status, again.data["id"]) == (202, first.data["id"])
    other = client("POST", path, {"seed": 2}, headers=key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    in_body = client("POST", path, {"seed": 1, "idempotency_key": "nightly"})
    assert in_body.data["id"] == first.data["id"]
    contradiction = client("POST", path, {"seed": 1, "idempotency_key": "other"}, headers=key)
    assert contradiction.status == 400
    stranger = new_client()
    assert stranger.run(stranger.scenario()["id"], idempotency_key="nightly")["id"] != first.data["id"]


def test_runs_are_listed_by_state_and_paged(client: Client) -> None:
    scenario = client.scenario()["id"]
    made = [client.run(scenario, seed=seed)["id"] for seed in range(4)][::-1]
    client("POST", f"/v1/scenarios/runs/{made[0]}/cancel")
    path = f"/v1/scenarios/{scenario}/runs"
    assert [run["id"] for run in client("GET", path).data] == made
    assert [run["id"] for run in client("GET", path, query={"state": "cancelled"}).data] == made[:1]
    assert [run["id"] for run in client("GET", path, query={"state": "QUEUED,RUNNING"}).data] == made[1:]
    assert client("GET", path, query={"state": "ASLEEP"}).broken_paths == ["state"]
    page = client("GET", path, query={"limit": 3})
    rest = client("GET", path, query={"limit": 3, "cursor": page.json["meta"]["next_cursor"]})
    assert [run["id"] for run in page.data + rest.data] == made


def test_cancelling_is_idempotent_and_too_late_is_a_conflict(client: Client, sql: Sql) -> None:
    scenario = client.scenario()["id"]
    run = client.run(scenario)["id"]
    first = client("POST", f"/v1/scenarios/runs/{run}/cancel")
    assert (first.status, first.data["state"]) == (200, "CANCELLED")
    assert client("POST", f"/v1/scenarios/runs/{run}/cancel").data == first.data
    failed = client.run(scenario, seed=3)["id"]
    sql("UPDATE scenario_run SET state = 'FAILED', completed_at = now() WHERE id = %s", failed)
    late = client("POST", f"/v1/scenarios/runs/{failed}/cancel")
    assert (late.status, late.code, late.json["state"]) == (409, "run_already_ended", "FAILED")


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "TIMEOUT"])
def test_an_administrator_ends_a_run_by_hand(client: Client, state: str) -> None:
    run = client.run(client.scenario()["id"])["id"]
    path = f"/v1/scenarios/runs/{run}/state"
    answer = client("PUT", path, {"state": state.lower(), "reason": "stuck"})
    assert (answer.status, answer.data["state"]) == (200, state), answer.body
    assert answer.data["error"]["message"] == "stuck"
    assert client("PUT", path, {"state": state, "reason": "again"}).data == answer.data
    back = client("PUT", path, {"state": "QUEUED", "reason": "no"})
    assert (back.status, back.code) == (409, "illegal_state_transition")


@pytest.mark.parametrize("state", ["RUNNING", "SUCCEEDED"])
def test_what_only_a_worker_can_do_is_not_done_by_hand(client: Client, state: str) -> None:
    run = client.run(client.scenario()["id"])["id"]
    answer = client("PUT", f"/v1/scenarios/runs/{run}/state", {"state": state, "reason": "wish"})
    assert (answer.status, answer.code) == (409, "illegal_state_transition")


def test_the_database_itself_refuses_an_illegal_move(client: Client, sql: Sql) -> None:
    run = client.run(client.scenario()["id"])["id"]
    client("POST", f"/v1/scenarios/runs/{run}/cancel")
    with pytest.raises(Exception, match="cannot go from CANCELLED to RUNNING"):
        sql("UPDATE scenario_run SET state = 'RUNNING', completed_at = NULL WHERE id = %s", run)


def test_bulk_is_all_or_nothing_and_reports_duplicates(client: Client) -> None:
    scenario = client.scenario()["id"]
    path = f"/v1/scenarios/{scenario}/runs:bulk"
    there = client.run(scenario, seed=1)["id"]
    answer = client("POST", path, {"items": [{"seed": 1}, {"seed": 2}, {"seed": 2}, {"seed": 3}]})
    assert answer.status == 202, answer.body
    assert [item["outcome"] for item in answer.data] == ["EXISTING", "CREATED", "DUPLICATE", "CREATED"]
    assert answer.data[0]["run"]["id"] == there
    assert answer.data[1]["run"]["id"] == answer.data[2]["run"]["id"]
    bad = client("POST", path, {"items": [{"seed": 8}, {"seed": -1}]})
    assert (bad.status, bad.broken_paths) == (422, ["items[1].seed"])
    assert len(client("GET", f"/v1/scenarios/{scenario}/runs").data) == 3
    for size in (0, 101):
        assert client("POST", path, {"items": [{"seed": n} for n in range(size)]}).broken_paths == ["items"]


def test_one_key_covers_a_whole_bulk_request(client: Client) -> None:
    scenario = client.scenario()["id"]
    path, key = f"/v1/scenarios/{scenario}/runs:bulk", {"idempotency-key": "sweep"}
    items = {"items": [{"seed": 1}, {"seed": 2}]}
    first = client("POST", path, items, headers=key)
    again = client("POST", path, items, headers=key)
    assert [item["outcome"] for item in again.data] == ["REPLAYED", "REPLAYED"]
    assert [item["run"] for item in again.data] == [item["run"] for item in first.data]
    other = client("POST", path, {"items": [{"seed": 1}, {"seed": 9}]}, headers=key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert len(client("GET", f"/v1/scenarios/{scenario}/runs").data) == 2


def test_runs_are_cancelled_by_filter_after_a_preview(client: Client) -> None:
    scenario, other = client.scenario()["id"], client.scenario()["id"]
    client("POST", f"/v1/scenarios/{scenario}/runs:bulk", {"items": [{"seed": n} for n in range(5)]})
    spared = client.run(other)["id"]
    wanted = {"filter": {"scenario_id": scenario}, "limit": 3}
    preview = client("POST", "/v1/scenarios/runs:cancel", {**wanted, "preview": True})
    assert (preview.data["matching"], preview.data["changed"]) == (5, 0)
    assert client("GET", f"/v1/scenarios/{scenario}/runs", query={"state": "CANCELLED"}).data == []
    done = client("POST", "/v1/scenarios/runs:cancel", wanted)
    assert (done.data["matching"], done.data["changed"], len(done.data["run_ids"])) == (5, 3, 3)
    assert done.data["run_ids"] == preview.data["run_ids"]
    assert client("POST", "/v1/scenarios/runs:cancel", wanted).data["changed"] == 2
    assert client("GET", f"/v1/scenarios/{other}/runs/{spared}").data["state"] == "QUEUED"


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("path", ["/v1/scenarios/runs:cancel", "/v1/scenarios/runs:replay"])
def test_a_bulk_action_demands_a_filter_or_the_word_all(client: Client, path: str, preview: bool) -> None:
    run = client.run(client.scenario()["id"])
    location = f"/v1/scenarios/{run['scenario_id']}/runs/{run['id']}"
    mode = {"preview": preview}
    bodies: tuple[dict[str, Any], ...] = ({}, {"filter": {}}, {"filter": {"priority": None}}, {"all": False})
    for body in bodies:
        refused = client("POST", path, {**mode, **body})
        assert (refused.status, refused.broken_paths) == (422, ["filter"]), refused.body
        assert '"all": true' in refused.json["errors"][0]["message"]
    both = client("POST", path, {**mode, "all": True, "filter": {"priority": "LOW"}})
    assert (both.status, both.broken_paths) == (422, ["all"])
    for word in ("yes", "true", 1):
        loose = client("POST", path, {**mode, "all": word})
        assert (loose.status, loose.broken_paths[0]) == (422, "all")
    assert client("GET", location).data["state"] == "QUEUED"
    assert client("POST", path, {**mode, "all": True}).status == 200
    cancelled = not preview and path.endswith("cancel")
    assert client("GET", location).data["state"] == ("CANCELLED" if cancelled else "QUEUED")


def test_failed_runs_are_replayed_on_the_version_that_they_pinned(client: Client, sql: Sql) -> None:
    scenario = client.scenario()["id"]
    runs = [client.run(scenario, seed=n)["id"] for n in range(3)]
    sql("UPDATE scenario_run SET state = 'FAILED', completed_at = now() WHERE id = ANY(%s::uuid[])", runs[:2])
    client("PATCH", f"/v1/scenarios/{scenario}", {"description": "newer"})
    preview = client("POST", "/v1/scenarios/runs:replay", {"preview": True, "filter": {"states": ["failed"]}})
    assert (preview.data["matching"], preview.data["new_run_ids"]) == (2, [])
    done = client("POST", "/v1/scenarios/runs:replay", {"filter": {"states": ["FAILED"]}})
    assert (done.data["changed"], done.data["skipped"]) == (2, 0)
    assert done.data["run_ids"] == preview.data["run_ids"] == runs[:2]
    new = client("GET", f"/v1/scenarios/{scenario}/runs/{done.data['new_run_ids'][0]}").data
    assert (new["state"], new["scenario_version"], new["seed"], new["attempt"]) == ("QUEUED", 1, 0, 0)
    assert messages(sql, new["id"]) == 1
    again = client("POST", "/v1/scenarios/runs:replay", {"filter": {"states": ["FAILED"]}})
    assert (again.data["changed"], again.data["skipped"]) == (0, 2), "their equals live already"


def test_a_watcher_is_answered_when_the_run_changes(
    client: Client, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    latencies: list[float] = []
    monkeypatch.setattr(
        "functions.api.http.access_log.request_served", lambda *_, seconds, **__: latencies.append(seconds)
    )
    scenario = client.scenario()["id"]
    run = client.run(scenario)["id"]
    path = f"/v1/scenarios/{scenario}/runs/{run}"
    tag = client("GET", path).headers["ETag"]
    # When nothing happens, the answer is that nothing happened
    began = time.monotonic()
    quiet = client("GET", path, query={"wait": 1}, headers={"if-none-match": tag})
    assert (quiet.status, quiet.headers["ETag"]) == (304, tag)
    # And what it asked to wait, three quarters of a second, is not counted as latency
    assert latencies[-1] < time.monotonic() - began - 0.7
    # When it does, the answer comes at once
    timer = threading.Timer(
        0.3, sql, ["UPDATE scenario_run SET progress_percent = 40, state = 'RUNNING' WHERE id = %s", run]
    )
    timer.start()
    answer = client("GET", path, query={"wait": 20}, headers={"if-none-match": tag})
    timer.join()
    assert (answer.status, answer.data["progress_percent"]) == (200, 40)
    assert client("GET", path, query={"wait": 26}).status == 400


def test_a_watcher_without_a_tag_is_answered_when_the_run_has_ended(client: Client, sql: Sql) -> None:
    scenario = client.scenario()["id"]
    run = client.run(scenario)["id"]
    path = f"/v1/scenarios/{scenario}/runs/{run}"
    # While it goes on, the answer is the run as it is after the wait
    began = time.monotonic()
    going = client("GET", path, query={"wait": 1})
    assert (going.status, going.data["state"]) == (200, "QUEUED")
    assert time.monotonic() - began > 0.5
    # Its progress is no end; its end is told at once
    moved = "UPDATE scenario_run SET progress_percent = 40, state = 'RUNNING' WHERE id = %s"
    ended = "UPDATE scenario_run SET state = 'FAILED', completed_at = now() WHERE id = %s"
    timers = [threading.Timer(0.2, sql, [moved, run]), threading.Timer(0.9, sql, [ended, run])]
    for timer in timers:
        timer.start()
    answer = client("GET", path, query={"wait": 20})
    for timer in timers:
        timer.join()
    assert (answer.status, answer.data["state"]) == (200, "FAILED")
    # And of a run that has ended nobody waits for more, with its tag or without
    began = time.monotonic()
    assert client("GET", path, query={"wait": 20}).data["state"] == "FAILED"
    seen = {"if-none-match": answer.headers["ETag"]}
    assert client("GET", path, query={"wait": 20}, headers=seen).status == 304
    assert time.monotonic() - began < 10


def test_attempts_are_listed_with_their_errors(client: Client, sql: Sql) -> None:
    scenario = client.scenario()["id"]
    run = client.run(scenario)["id"]
    path = f"/v1/scenarios/{scenario}/runs/{run}/attempts"
    assert client("GET", path).data == []
    sql(
        "INSERT INTO run_attempt (tenant_id, run_id, attempt, fencing_token, worker, outcome, error, ended_at)"
        """ VALUES (%s, %s, 1, 1, 'w', 'FAILED', '{"code": "x"}', now())""",
        client.tenant,
        run,
    )
    (attempt,) = client("GET", path).data
    assert (attempt["attempt"], attempt["outcome"], attempt["error"]) == (1, "FAILED", {"code": "x"})
    assert client("GET", f"/v1/scenarios/{scenario}/runs/{uuid4()}/attempts").status == 404


def test_the_trace_travels_with_the_message(client: Client, sql: Sql) -> None:
    scenario = client.scenario()["id"]
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = client(
        "POST",
        f"/v1/scenarios/{scenario}/run",
        {},
        headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "x-correlation-id": "order-7"},
    )
    assert answer.headers["X-Correlation-ID"] == "order-7"
    ((headers,),) = sql("SELECT headers FROM outbox_event WHERE payload ->> 'run_id' = %s", answer.data["id"])
    assert headers["correlation-id"] == "order-7"
    version, carried, span, flags = headers["traceparent"].split("-")
    assert (version, carried, flags) == ("00", trace, "01")
    assert span != "00f067aa0ba902b7", "the request is a span of its own"


def test_a_parameter_that_no_one_knows_is_refused_before_there_is_a_run(client: Client) -> None:
    # Given a scenario for the built-in model and one for a plug-in
    built_in = client.scenario()["id"]
    plug_in = client.scenario(parameters={"model": "flat_price", "flat_price_eur": 40})["id"]
    # When a run of the first has a name of its own, it is told at once which names there are
    path = f"/v1/scenarios/{built_in}/run"
    for body, broken in (
        ({"parameters": {"flat_price_eur": 50}}, "parameters.flat_price_eur"),
        ({"sweep": {"flat_price_eur": [50, 60]}}, "sweep.flat_price_eur"),
        ({"parameters": {"draws": 0}}, "parameters.draws"),
    ):
        answer = client("POST", path, body)
        assert (answer.status, answer.code, answer.broken_paths) == (422, "validation_failed", [broken])
    assert "shock_bp" in client("POST", path, {"parameters": {"shok_bp": 1}}).json["errors"][0]["message"]
    bulk = client("POST", f"{path}s:bulk", {"items": [{}, {"parameters": {"shok_bp": 1}}]})
    assert (bulk.status, bulk.broken_paths) == (422, ["items[1].parameters.shok_bp"])
    assert client("GET", f"{path}s").data == []
    # Then the plug-in's go on to it, and a stranger learns nothing
    taken = client("POST", f"/v1/scenarios/{plug_in}/run", {"parameters": {"flat_price_eur": 50}})
    assert (taken.status, taken.data["parameters"]["flat_price_eur"]) == (202, 50)
    unknown = client("POST", f"/v1/scenarios/{uuid4()}/run", {"parameters": {"x": 1}})
    assert (unknown.status, unknown.code) == (404, "scenario_not_found")


def test_asking_for_a_run_is_one_round_trip_to_the_database(
    served: DatabaseUrls, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an API whose way to the database is recorded
    scenario = client.scenario()["id"]
    target = urlsplit(served.app)
    with WireProxy(str(target.hostname), int(target.port or 5432)) as proxy:
        database = Database.connect(DatabaseSettings(url=through(served.app, proxy)))
        monkeypatch.setattr(bootstrap, "database", lambda: database)
        client.run(scenario, seed=1)
        proxy.recording.clear()
        # When a run is asked for, with all there is to it: rate limit, switches, message, trail
        assert client("POST", f"/v1/scenarios/{scenario}/run", {"seed": 2}).status == 202
        # Then the database was asked once
        assert proxy.recording.round_trips == 1, proxy.recording.statements
        database.close()
