"""Exports that Athena makes.

Proven here: what is sent to Athena's API and what becomes of its answers, against MiniStack's Athena over HTTP, whose
query engine only pretends; and that the statement itself, run over the table by an engine that does not, answers with
what our reader says. No real Athena is reachable from a test; `make check-engines` has Trino, which Athena is built from,
parse the statement and run it over the same rows.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from botocore.stub import Stubber

from functions.api import output_query, outputs
from local.aws import LocalAws
from sextant.exports import service
from sextant.exports.athena import AthenaSettings, watch
from sextant.ids import tenant_id
from tests.environments import changed
from tests.integration.lake.conftest import lake, lake_settings
from tests.integration.outputs.conftest import Answer, OutputsApi
from tests.waiting import until

__all__ = ["lake", "lake_settings"]

# ------------------------------------------------------------------------------------------- the API


class Athena:
    """The outputs function with Athena configured, and what it sent there."""

    def __init__(self, outputs_api: OutputsApi) -> None:
        self.outputs_api = outputs_api
        self.sent: list[tuple[str, dict[str, Any]]] = []
        exports = output_query.reader().exports
        assert exports is not None
        assert exports.athena is not None
        self.exports, self.queries = exports, exports.athena
        self.queries.client.meta.events.register("provide-client-params.athena", self._note)

    def _note(self, params: dict[str, Any], model: Any, **_: object) -> None:
        self.sent.append((model.name, params))

    def named(self, operation: str) -> list[dict[str, Any]]:
        return [params for name, params in self.sent if name == operation]

    def get(self, path: str, tenant: str = "acme", **query: str) -> Answer:
        return self.outputs_api.get(path, tenant, "[viewer]", **query)

    def finished(self, location: str, state: str = "SUCCEEDED") -> dict[str, Any]:
        """The export once it is over."""
        found: list[dict[str, Any]] = []

        def over() -> bool:
            found[:] = [self.get(location).json["data"]]
            return found[0]["state"] not in ("QUEUED", "RUNNING")

        until(over)
        assert found[0]["state"] == state
        return found[0]


@pytest.fixture
def athena(outputs_api: OutputsApi, aws: LocalAws) -> Iterator[Athena]:
    """Every export of a row or more is Athena's; its workgroup keeps results under the exports."""
    workgroup = f"exports-{uuid4()}"
    warehouse = outputs_api.main_job.lake.warehouse
    aws.client("athena").create_work_group(
        Name=workgroup,
        Configuration={"ResultConfiguration": {"OutputLocation": f"{warehouse}/exports/athena/"}},
    )
    with changed(
        SEXTANT_EXPORT_ENGINE="athena", SEXTANT_ATHENA_WORKGROUP=workgroup, SEXTANT_EXPORT_ATHENA_ROWS="1"
    ):
        yield Athena(outputs_api)


def outputs_of(athena: Athena) -> tuple[UUID, str]:
    scenario = athena.outputs_api.main_job.scenario()
    athena.outputs_api.published(scenario)
    return scenario, f"/v1/scenarios/{scenario}/outputs"


def test_a_large_export_is_begun_and_not_waited_for_then_fetched(
    athena: Athena, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a scenario with results, and for the sake of its quote a tag that none of them has
    scenario, path = outputs_of(athena)
    monkeypatch.setattr(outputs, "check_names", lambda *_: None)

    # When it is exported
    begun = athena.get(path, format="csv", metric="price", tags="zone:o'neill")

    # Then the answer comes at once and says where to look
    assert (begun.status, begun.headers["Retry-After"]) == (202, "2")
    location = begun.headers["Location"]
    export = begun.json["data"]
    assert location == f"/v1/scenarios/{scenario}/exports/{export['id']}"
    assert (export["state"], export["format"], export["files"], export["error"]) == (
        "QUEUED",
        "csv",
        [],
        None,
    )

    # And Athena was asked for the tenant's rows of that scenario at that snapshot, all bound
    (asked,) = athena.named("StartQueryExecution")
    assert asked["ExecutionParameters"] == ["'acme'", f"'{scenario}'", "'price'", "'zone'", "'o''neill'"]
    assert asked["QueryString"].count("?") == 5
    assert (
        f"FOR VERSION AS OF {export['snapshot_id']} WHERE tenant_id = ? AND scenario_id = ?"
        in asked["QueryString"]
    )
    assert "acme" not in asked["QueryString"]
    assert "neill" not in asked["QueryString"]

    # And once it is over there is a link to the file that Athena wrote
    done = athena.finished(location)
    (file,) = done["files"]
    with urllib.request.urlopen(file["url"]) as download:
        content = download.read()
    assert len(content) == file["bytes"] > 0
    assert "attachment" in file["url"]

    # Asked again, the same question is the same export: nothing is run, and the answer is the link
    again = athena.get(path, format="csv", metric="price", tags="zone:o'neill")
    assert again.status == 303
    assert again.headers["Location"].partition("?")[0] == file["url"].partition("?")[0]
    assert len(athena.named("StartQueryExecution")) == 1

    # Another question is another
    other = athena.get(path, format="csv", metric="npv")
    assert other.json["data"]["id"] != export["id"]
    athena.finished(other.headers["Location"])


def test_parquet_is_unloaded_to_the_exports_own_place(athena: Athena) -> None:
    scenario, path = outputs_of(athena)
    begun = athena.get(path, format="parquet")
    export = begun.json["data"]["id"]
    (asked,) = athena.named("StartQueryExecution")
    place = f"{athena.exports.warehouse}/exports/acme/{export}/1/"
    assert asked["QueryString"].startswith("UNLOAD (SELECT ")
    assert f"TO '{place}' WITH (format = 'PARQUET'" in asked["QueryString"]

    # MiniStack's Athena unloads nothing; what Athena would have written is every file of the result
    for number in range(2):
        athena.exports.store.put(f"{place}part-{number}", bytes(10 + number))
    done = athena.finished(begun.headers["Location"])
    assert [file["bytes"] for file in done["files"]] == [10, 11]
    assert f"{scenario}-{done['snapshot_id']}-0001.parquet" in urllib.request.unquote(done["files"][1]["url"])  # type: ignore[attr-defined]
    # Several files are no single link: asked again, the export itself is the answer
    again = athena.get(path, format="parquet")
    assert (again.status, len(again.json["data"]["files"])) == (200, 2)


def test_small_ones_and_arrow_are_made_here(athena: Athena) -> None:
    _, path = outputs_of(athena)
    assert athena.get(path, format="arrow").status == 200
    with changed(SEXTANT_EXPORT_ATHENA_ROWS="1000000"):
        assert athena.get(path, format="csv").status == 200
        assert not athena.sent


def test_an_export_is_its_tenants_and_its_scenarios_alone(athena: Athena) -> None:
    _, path = outputs_of(athena)
    location = athena.get(path, format="csv").headers["Location"]
    export = location.rpartition("/")[2]
    other = athena.outputs_api.main_job.scenario(name="another")
    theirs = athena.outputs_api.main_job.scenario(tenant=tenant_id("beta"))
    for where, tenant in (
        (f"/v1/scenarios/{other}/exports/{export}", "acme"),
        (f"/v1/scenarios/{theirs}/exports/{export}", "beta"),
        (f"/v1/scenarios/{other}/exports/{uuid4()}", "acme"),
    ):
        answer = athena.get(where, tenant)
        assert (answer.status, answer.json["code"]) == (404, "export_not_found")
    answer = athena.get(location, "beta")
    assert (answer.status, answer.json["code"]) == (404, "scenario_not_found")


def test_a_cancelled_export_says_so_and_is_made_anew_when_asked_again(athena: Athena) -> None:
    _, path = outputs_of(athena)
    begun = athena.get(path, format="csv")
    location = begun.headers["Location"]
    # Given one that Athena still runs (its stand-in is done at once)
    with Stubber(athena.queries.client) as stub:
        query = _running(athena)
        stub.add_response(
            "get_query_execution", {"QueryExecution": {**query, "Status": {"State": "RUNNING"}}}
        )
        stub.add_response("stop_query_execution", {})
        stub.add_response(
            "get_query_execution", {"QueryExecution": {**query, "Status": {"State": "CANCELLED"}}}
        )
        cancelled = athena.outputs_api.delete(location)
        stub.assert_no_pending_responses()
    assert (cancelled.status, cancelled.json["data"]["state"]) == (202, "CANCELLED")
    assert cancelled.json["data"]["error"]["code"] == "export_cancelled"

    # When it is asked for again
    with Stubber(athena.queries.client) as stub:
        stub.add_response(
            "get_query_execution", {"QueryExecution": {**query, "Status": {"State": "CANCELLED"}}}
        )
        stub.add_response("start_query_execution", {"QueryExecutionId": str(uuid4())})
        again = athena.get(path, format="csv")
        stub.assert_no_pending_responses()

    # Then it is the same export in another attempt, under another token
    assert (again.status, again.json["data"]["id"]) == (202, begun.json["data"]["id"])
    first, second = athena.named("StartQueryExecution")
    assert first["QueryString"] == second["QueryString"]
    assert first["ClientRequestToken"] != second["ClientRequestToken"]


def test_whoever_watches_is_told_of_an_export_though_nobody_asks_for_it_again(athena: Athena) -> None:
    # Given two exports that were asked for, and a watcher
    api = athena.outputs_api
    _, cursor = api.changes()
    _, path = outputs_of(athena)
    done, failed = (
        athena.get(path, format="csv", metric=metric).json["data"]["id"] for metric in ("price", "npv")
    )
    begun, cursor = api.changes(cursor)
    assert [change for change in begun if change[0] == "export"] == [
        ("export", done, "QUEUED"),
        ("export", failed, "QUEUED"),
    ]
    # When the schedule has looked after them, which Athena still runs, and which end
    states = iter(("RUNNING", "QUEUED", "SUCCEEDED", "FAILED"))
    with Stubber(athena.queries.client) as stub:
        for state in states:
            stub.add_response(
                "get_query_execution", {"QueryExecution": {**_running(athena), "Status": {"State": state}}}
            )
        platform = api.main_job.platform
        assert watch(platform, athena.queries, lambda: True) == 1
        assert watch(platform, athena.queries, lambda: False) == 0
        assert watch(platform, athena.queries, lambda: True) == 2
        assert watch(platform, athena.queries, lambda: True) == 0, "what is over is not looked at"
        stub.assert_no_pending_responses()
    # Then each of their states is told, once
    assert api.changes(cursor)[0] == [
        ("export", done, "RUNNING"),
        ("export", done, "SUCCEEDED"),
        ("export", failed, "FAILED"),
    ]


@pytest.mark.parametrize(
    ("reason", "error", "code", "retryable"),
    [
        ("Query cancelled! : Bytes scanned limit was exceeded", {}, "export_too_large", False),
        ("ICEBERG_INVALID_METADATA: Iceberg snapshot ID does not exists: 1", {}, "snapshot_expired", True),
        (
            "GENERIC_INTERNAL_ERROR: s3://secret/place",
            {"ErrorCategory": 1, "Retryable": True},
            "export_failed",
            True,
        ),
        ("SYNTAX_ERROR", {"ErrorCategory": 2, "Retryable": False}, "export_failed", False),
    ],
)
def test_a_failed_export_says_why_in_our_words(
    athena: Athena, reason: str, error: dict[str, Any], code: str, retryable: bool
) -> None:
    _, path = outputs_of(athena)
    location = athena.get(path, format="csv").headers["Location"]
    status = {
        "State": "CANCELLED" if "cancelled" in reason else "FAILED",
        "StateChangeReason": reason,
        "AthenaError": error,
    }
    with Stubber(athena.queries.client) as stub:
        failed = {"QueryExecution": {**_running(athena), "Status": status}}
        stub.add_response("get_query_execution", failed)
        found = athena.get(location).json["data"]
        assert (found["error"]["code"], found["error"]["retryable"]) == (code, retryable)
        assert "secret" not in json.dumps(found)
        if not retryable:
            # It is not tried again and again for everyone who asks
            stub.add_response("get_query_execution", failed)
            again = athena.get(path, format="csv")
            assert again.status == (413 if code == "export_too_large" else 200)
        stub.assert_no_pending_responses()


def _running(athena: Athena) -> dict[str, Any]:
    return {"QueryExecutionId": str(uuid4()), "WorkGroup": athena.queries.settings.workgroup}


def test_killed_before_the_export_was_noted_the_same_query_is_started_under_the_same_token(
    athena: Athena, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = outputs_of(athena)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(service, "begin", dies)
        with pytest.raises(KeyboardInterrupt):
            athena.get(path, format="csv")
    athena.finished(athena.get(path, format="csv").headers["Location"])
    first, second = athena.named("StartQueryExecution")
    assert first == second
    assert len(first["ClientRequestToken"]) >= 32


def test_an_athena_that_refuses_or_cannot_be_reached_is_a_503(athena: Athena) -> None:
    _, path = outputs_of(athena)
    with Stubber(athena.queries.client) as stub:
        stub.add_client_error("start_query_execution", "TooManyRequestsException", "Rate exceeded", 400)
        answer = athena.get(path, format="csv")
    assert (answer.status, answer.json["code"]) == (503, "exports_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    # A query that Athena has forgotten is an export that is not there
    location = athena.get(path, format="csv").headers["Location"]
    with Stubber(athena.queries.client) as stub:
        stub.add_client_error("get_query_execution", "InvalidRequestException", "was not found", 400)
        assert athena.get(location).status == 404


def test_the_configuration_names_what_is_missing() -> None:
    assert AthenaSettings.from_env({}).engine == "own"
    for env, message in (
        ({"SEXTANT_EXPORT_ENGINE": "presto"}, "SEXTANT_EXPORT_ENGINE must be own or athena, not 'presto'"),
        ({"SEXTANT_EXPORT_ENGINE": "athena"}, "SEXTANT_ATHENA_WORKGROUP is not set"),
        (
            {
                "SEXTANT_EXPORT_ENGINE": "athena",
                "SEXTANT_ATHENA_WORKGROUP": "w",
                "SEXTANT_EXPORT_ATHENA_ROWS": "-1",
            },
            "SEXTANT_EXPORT_ATHENA_ROWS must be a whole number of at least 0, not '-1'",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            AthenaSettings.from_env(env)


def test_where_athena_is_not_configured_there_are_no_such_exports(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    answer = outputs_api.get(f"/v1/scenarios/{scenario}/exports/{uuid4()}")
    assert (answer.status, answer.json["code"]) == (404, "export_not_found")
