"""Runs that are asked for while the database is down: kept, carried out once it is back, once, or visibly refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sextant import bootstrap
from sextant.ids import TenantId, new_id
from sextant.journal import service as journal_service
from sextant.journal.model import KIND, JournalEntry, RunRequest
from sextant.settings.model import Change
from tests.environments import changed
from tests.integration.api.conftest import Client
from tests.integration.journal.conftest import ON, Place

Ask = Callable[..., Any]


def test_by_default_nothing_is_journaled(place: Place, asked: Ask) -> None:
    client = place.client()
    scenario = client.scenario()["id"]
    place.stop()
    answer = asked(client, scenario, "k")
    assert (answer.status, answer.code) == (503, "database_unavailable")
    assert place.waiting() == 0


def test_what_was_accepted_without_the_database_runs_once_it_is_back(place: Place, asked: Ask) -> None:
    client = place.allowed()
    scenario = client.scenario()["id"]
    place.stop()
    answer = asked(client, scenario, seed=7)
    assert answer.status == 202, answer.body
    assert (answer.data["accepted"], answer.data["scenario_id"]) == ("journaled", scenario)
    receipt = answer.headers["Location"]
    assert receipt == f"/v1/scenarios/{scenario}/receipts/{answer.data['receipt_id']}"
    assert client("GET", receipt).status == 503

    assert place.tick() == {}, "nothing is received while the database is away"
    place.start()
    unknown = client("GET", receipt)
    assert (unknown.status, unknown.code, unknown.headers["Retry-After"]) == (404, "receipt_not_found", "5")
    assert place.tick() == {"carried_out": 1, "failed": 0, "interrupted": False}

    settled = client("GET", receipt).data
    assert (settled["state"], settled["run_id"]) == ("CARRIED_OUT", answer.data["receipt_id"])
    run = client("GET", f"/v1/scenarios/{scenario}/runs/{settled['run_id']}").data
    assert (run["state"], run["seed"], run["created_by"]) == ("QUEUED", 7, "ana")
    assert place.tick()["carried_out"] == 0
    sent = place.sql(
        "SELECT headers::jsonb ->> 'correlation-id' FROM outbox_event WHERE tenant_id = %s AND topic = 'run.requested'",
        client.tenant,
    )
    assert sent == [(answer.headers["X-Correlation-ID"],)]


def test_an_outage_however_long_uses_up_no_delivery(place: Place, asked: Ask) -> None:
    client = place.allowed()
    scenario = client.scenario()["id"]
    place.stop()
    assert asked(client, scenario).status == 202
    for _ in range(12):
        place.tick()
    [message] = place.sqs.receive_message(
        QueueUrl=place.queue, MessageSystemAttributeNames=["ApproximateReceiveCount"], VisibilityTimeout=0
    )["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    place.start()
    assert place.tick()["carried_out"] == 1


def test_a_database_that_takes_no_writes_is_journaled_for_as_one_that_is_away(
    place: Place, asked: Ask
) -> None:
    client = place.allowed()
    scenario = client.scenario()["id"]
    place.tick()
    with place.read_only():
        place.renew()
        assert asked(client, scenario).status == 202
        for _ in range(12):
            place.tick()
        assert place.waiting() == 1, "no delivery was used up"
    place.tick()
    assert len(place.runs(client)) == 1


def test_a_breaker_that_is_open_journals_without_trying(place: Place, asked: Ask) -> None:
    client = place.allowed()
    scenario = client.scenario()["id"]
    place.stop()
    answers = [asked(client, scenario, seed=seed) for seed in range(7)]
    assert {answer.status for answer in answers} == {202}
    assert bootstrap.database()._source.breaker.state == "open"
    place.start()
    assert place.tick()["carried_out"] == 7
    assert sorted(place.runs(client)) == sorted(answer.data["receipt_id"] for answer in answers)


def test_a_key_that_comes_again_stands_for_one_run(place: Place, asked: Ask) -> None:
    """While the database is away the first answer, and afterwards the run: whether or not it was imported yet."""
    client = place.allowed()
    scenario = client.scenario()["id"]
    place.stop()
    first = asked(client, scenario, "k", seed=1)
    again = asked(client, scenario, "k", seed=1)
    assert (again.status, again.body) == (202, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = asked(client, scenario, "k", seed=2)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert place.waiting() == 1

    place.start()
    found = asked(client, scenario, "k", seed=1)
    assert (found.status, found.data["state"]) == (202, "QUEUED")
    assert place.tick()["carried_out"] == 1
    assert client("GET", first.headers["Location"]).data["run_id"] == found.data["id"]
    assert asked(client, scenario, "k", seed=1).data["id"] == found.data["id"]
    assert place.runs(client) == [found.data["id"]]


def test_without_the_records_two_entries_of_one_key_still_make_one_run(
    place: Place, asked: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = place.allowed()
    scenario = client.scenario()["id"]
    monkeypatch.setattr("functions.api.runs.once", lambda api, key, work, anew: work())
    place.stop()
    receipts = [asked(client, scenario, "k", seed=1).headers["Location"] for _ in range(2)]
    assert len(set(receipts)) == 2
    place.start()
    assert place.tick()["carried_out"] == 2
    [run] = place.runs(client)
    assert [client("GET", receipt).data["run_id"] for receipt in receipts] == [run, run]


def entry(client: Client, scenario: str, **body: Any) -> JournalEntry:
    request = RunRequest(UUID(scenario), body, None)  # type: ignore[arg-type]
    return JournalEntry(KIND, TenantId(client.tenant), new_id(), request.encode(), datetime.now(UTC), "ana")


def test_a_consumer_killed_before_its_acknowledgement_does_no_harm(place: Place) -> None:
    """The entry comes a second time, even at the same moment; and once more after its run has ended."""
    client = place.client()
    scenario = client.scenario()["id"]
    one = entry(client, scenario, seed=1)
    platform = bootstrap.platform_database()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: journal_service.carry_out(platform, one, "1.0.0"), range(4)))
    assert place.runs(client) == [str(one.id)]
    client("POST", f"/v1/scenarios/runs/{one.id}/cancel")
    journal_service.carry_out(platform, one, "1.0.0")
    assert place.runs(client) == [str(one.id)]


def test_a_request_that_was_stored_before_its_answer_was_lost_is_found(place: Place) -> None:
    """The commit's outcome was unknown, so the request was journaled; by now its run is over."""
    client = place.client()
    scenario = client.scenario()["id"]
    run = client.run(scenario, seed=1)["id"]
    client("POST", f"/v1/scenarios/runs/{run}/cancel")
    request = RunRequest(UUID(scenario), {"seed": 1}, None)  # type: ignore[arg-type]
    one = JournalEntry(KIND, TenantId(client.tenant), UUID(run), request.encode(), datetime.now(UTC), "ana")
    journal_service.carry_out(bootstrap.platform_database(), one, "1.0.0")
    assert place.runs(client) == [run]
    assert client("GET", f"/v1/scenarios/{scenario}/receipts/{run}").data["run_id"] == run


def test_a_request_that_cannot_be_carried_out_ends_visibly(place: Place, asked: Ask) -> None:
    client = place.allowed()
    scenario = client.scenario()["id"]
    client("DELETE", f"/v1/scenarios/{scenario}")
    place.stop()
    receipt = asked(client, scenario, "k").headers["Location"]
    place.start()
    # Every delivery at once, which takes the declared queue twenty minutes.
    place.sqs.set_queue_attributes(QueueUrl=place.queue, Attributes={"VisibilityTimeout": "0"})
    assert place.tick() == {"carried_out": 0, "failed": 10, "interrupted": False}

    told = client("GET", receipt)
    assert told.status == 200, told.body
    assert (told.data["state"], told.data["run_id"]) == ("REFUSED", None)
    assert told.data["error"]["code"] == "scenario_not_found"
    events = place.sql(
        "SELECT payload FROM outbox_event WHERE tenant_id = %s AND topic = 'run.refused'", client.tenant
    )
    assert [event[0]["error"]["code"] for event in events] == ["scenario_not_found"]
    [dead] = place.sqs.receive_message(
        QueueUrl=place.resources.dead_letter_urls["journal"], MessageAttributeNames=["All"]
    )["Messages"]
    attributes = {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}
    assert (attributes["tenant-id"], attributes["event-topic"]) == (client.tenant, "run.request")

    place.operate(told.data["receipt_id"], events[0][0])
    (incident,) = client("GET", "/v1/incidents").data
    assert incident["title"].startswith("run.refused: scenario_not_found")

    # Somebody brings the scenario back and has the entry delivered again.
    client("POST", f"/v1/scenarios/{scenario}/restore")
    place.sqs.send_message(QueueUrl=place.queue, MessageBody=dead["Body"])
    assert place.tick()["carried_out"] == 1
    mended = client("GET", receipt).data
    assert (mended["state"], mended["error"], place.runs(client)) == ("CARRIED_OUT", None, [mended["run_id"]])


@pytest.mark.parametrize(
    ("body", "code"), [({"seed": "x"}, "validation_failed"), ({"colour": "red"}, "validation_failed")]
)
def test_what_a_later_release_no_longer_takes_is_refused(
    place: Place, body: dict[str, Any], code: str
) -> None:
    client = place.client()
    scenario = client.scenario()["id"]
    one = entry(client, scenario, **body)
    # It will never be anything else, so it is done with and becomes no dead letter
    journal_service.carry_out(bootstrap.platform_database(), one, "1.0.0")
    error = client("GET", f"/v1/scenarios/{scenario}/receipts/{one.id}").data["error"]
    assert (error["code"], [broken["path"] for broken in error["errors"]]) == (code, list(body))
    assert "nput should" not in str(error)
    # Who sent it reads it there: it is an event, and nobody is called
    [(payload,)] = place.sql(
        "SELECT payload FROM outbox_event WHERE tenant_id = %s AND topic = 'run.refused'", client.tenant
    )
    place.operate(str(one.id), payload)
    assert [event["severity"] for event in client("GET", "/v1/events").data] == ["WARNING"]
    assert client("GET", "/v1/incidents").data == []


def test_what_needs_no_database_is_checked_before_anything_is_accepted(place: Place, asked: Ask) -> None:
    client = place.allowed()
    scenario = client.scenario()["id"]
    place.stop()
    broken = asked(client, scenario, seed=-1)
    assert (broken.status, broken.broken_paths) == (422, ["seed"])
    assert asked(client.as_("viewer"), scenario).status == 403
    assert client("POST", "/v1/scenarios/7/run", {}).status == 404
    assert place.waiting() == 0


def test_the_journal_has_a_limit_of_its_own_that_all_processes_share(place: Place, asked: Ask) -> None:
    client = place.allowed(per_minute=2)
    scenario = client.scenario()["id"]
    place.stop()
    # A window may end in between; two of them take four.
    answers = [asked(client, scenario, seed=seed) for seed in range(5)]
    place.renew()
    answers.append(asked(client, scenario, seed=5))
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert refused[0].code == "rate_limited"
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60
    assert place.waiting() == len([answer for answer in answers if answer.status == 202]) <= 4


def test_an_entry_is_no_other_tenants(place: Place, asked: Ask) -> None:
    mine, other = place.allowed(), place.client()
    scenario = mine.scenario()["id"]
    place.stop()
    receipt = asked(mine, scenario).headers["Location"]
    assert asked(other, scenario).status == 503, "each tenant has its own switch"
    place.start()
    place.tick()
    assert mine("GET", receipt).status == 200
    assert (other("GET", receipt).status, other("GET", receipt).code) == (404, "receipt_not_found")


class TestSwitch:
    """`config/journal`, and its copy outside the database."""

    def test_is_the_platforms_where_the_tenant_has_none(self, place: Place, asked: Ask) -> None:
        root, client = place.client("super_admin"), place.client()
        scenario = client.scenario()["id"]
        root("PUT", "/v1/admin/config/config/journal", ON, query={"platform": "true"})
        own = client("PUT", "/v1/admin/config/config/journal", {"value": {"enabled": False}, "reason": "no"})
        assert own.status == 200
        place.stop()
        assert asked(client, scenario).status == 503
        place.start()
        removed = client(
            "DELETE", "/v1/admin/config/config/journal", query={"reason": "as the platform has it"}
        )
        assert removed.status == 204, removed.body
        place.stop()
        assert asked(client, scenario).status == 202
        place.start()
        root("DELETE", "/v1/admin/config/config/journal", query={"platform": "true", "reason": "over"})
        place.stop()
        assert asked(client, scenario).status == 503

    def test_takes_only_what_it_knows(self, place: Place) -> None:
        answer = place.client()(
            "PUT", "/v1/admin/config/config/journal", {"value": {"enabled": "yes"}, "reason": "x"}
        )
        assert (answer.status, answer.broken_paths) == (422, ["value.enabled"])

    def test_a_copy_that_failed_is_made_up_for_by_the_schedule(self, place: Place, asked: Ask) -> None:
        with changed(SEXTANT_IDEMPOTENCY_TABLE="no-such-table"):
            client = place.allowed()
        scenario = client.scenario()["id"]
        place.tick()
        place.stop()
        assert asked(client, scenario).status == 202

    def test_a_later_change_is_not_undone_by_an_older_copy(self, place: Place) -> None:
        client = place.allowed()
        switch = bootstrap.journal_settings()
        assert switch is not None
        tenant = TenantId(client.tenant)

        def change(after: dict[str, Any] | None, seconds: float) -> Change:
            moment = datetime.now(UTC) + timedelta(seconds=seconds)
            return Change(tenant, new_id(), "config", "journal", None, after, "ana", "r", moment)

        switch.keep(change(None, seconds=10))
        switch.keep(change({"enabled": True}, seconds=5))
        assert switch.of(tenant) is None

    def test_a_value_of_another_release_allows_nothing(self, place: Place, asked: Ask) -> None:
        client = place.allowed()
        scenario = client.scenario()["id"]
        switch = bootstrap.journal_settings()
        assert switch is not None
        unknown = {"enabled": True, "until": "noon"}
        moment = datetime.now(UTC) + timedelta(seconds=1)
        switch.keep(
            Change(TenantId(client.tenant), new_id(), "config", "journal", None, unknown, "ana", "r", moment)
        )
        place.stop()
        assert asked(client, scenario).status == 503

    def test_where_it_cannot_be_read_nothing_is_accepted(self, place: Place, asked: Ask) -> None:
        client = place.allowed()
        scenario = client.scenario()["id"]
        place.stop()
        with changed(SEXTANT_IDEMPOTENCY_TABLE="no-such-table"):
            assert asked(client, scenario).status == 503


def test_the_documents_of_the_queue_can_be_read_by_people(place: Place, asked: Ask) -> None:
    client = place.allowed()
    scenario = client.scenario()["id"]
    place.stop()
    asked(client, scenario, "k", seed=3)
    [message] = place.sqs.receive_message(QueueUrl=place.queue)["Messages"]
    kept = json.loads(message["Body"])
    assert (kept["kind"], kept["tenant_id"], kept["actor"]) == ("run.request", client.tenant, "ana")
    assert kept["payload"] == {"scenario_id": scenario, "body": {"seed": 3}, "idempotency_key": "k"}
