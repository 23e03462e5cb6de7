"""A comparison that is frozen stays as it was, and a link shows it, and nothing else, to somebody without an account."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, LiteralString

import psycopg
import pytest

from local.database import DatabaseUrls
from sextant.ids import RunId
from sextant.reports.keys import Key
from sextant.scenarios import service as scenarios
from tests.integration.main_job.conftest import TENANT
from tests.integration.outputs.conftest import OutputsApi
from tests.integration.outputs.test_comparison import pair, scenario_of

__all__ = ["pair"]

Pair = tuple[RunId, RunId]


def frozen(api: OutputsApi, pair: Pair, **more: Any) -> dict[str, Any]:
    body = {"title": "Gas", "notes": "For the board.", "baseline": str(pair[0]), "runs": [str(pair[1])]}
    answer = api.post("/v1/reports", {**body, **more})
    assert answer.status == 201, answer.json
    report: dict[str, Any] = answer.json["data"]
    return report


def owner(database: DatabaseUrls, statement: LiteralString, report: str) -> None:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute(statement, (report,))


def shared(api: OutputsApi, report: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(f"/v1/reports/{report['id']}/links", {"days": 1})
    assert answer.status == 201, answer.json
    link: dict[str, Any] = answer.json["data"]
    return link


def test_a_report_is_the_same_bytes_when_its_runs_and_their_rows_are_gone(
    outputs_api: OutputsApi, pair: Pair, database: DatabaseUrls
) -> None:
    # Given a comparison, frozen, of which somebody has a link
    compared = outputs_api.get("/v1/compare", baseline=pair[0], runs=pair[1], shape="series").json
    report = frozen(outputs_api, pair)
    before = outputs_api.get(f"/v1/reports/{report['id']}/content")
    assert before.json["comparison"] == compared["data"]
    assert (before.json["title"], before.json["notes"]) == ("Gas", "For the board.")
    assert (len(before.content), hashlib.sha256(before.content).hexdigest()) == (
        report["size"],
        report["sha256"],
    )
    key = shared(outputs_api, report)["key"]
    # When the scenario is deleted, and the lake no longer gives what was compared
    job, gone = outputs_api.main_job, scenario_of(outputs_api, pair[1])
    job.app.run(TENANT, lambda session: scenarios.delete(session, gone, None, job.caller()))
    assert outputs_api.get("/v1/compare", baseline=pair[0], runs=pair[1]).status == 404
    # Then both ways give the bytes of before
    assert outputs_api.get(f"/v1/reports/{report['id']}/content").content == before.content
    assert outputs_api.opened(key).content == before.content
    # And not even the database's owner could change them
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="frozen"):
        owner(database, "UPDATE report SET title = 'Coal' WHERE id = %s", report["id"])


EXPIRED = "UPDATE report_link SET expires_at = now() WHERE id = %s"


@pytest.mark.parametrize("end", ["expired", "revoked", "report deleted"])
def test_a_link_that_ended_looks_like_one_that_never_was(
    outputs_api: OutputsApi, pair: Pair, database: DatabaseUrls, end: str
) -> None:
    report = frozen(outputs_api, pair, metrics=["price"])
    link, other = shared(outputs_api, report), shared(outputs_api, report)
    path = f"/v1/reports/{report['id']}"
    ends: dict[str, Callable[[], object]] = {
        "expired": lambda: owner(database, EXPIRED, link["id"]),
        "revoked": lambda: outputs_api.delete(f"{path}/links/{link['id']}", roles="[analyst]"),
        "report deleted": lambda: outputs_api.delete(path, roles="[analyst]"),
    }
    assert outputs_api.opened(link["key"]).status == 200

    ends[end]()

    key, another = Key.of(link["key"]), Key.of(other["key"])
    assert key
    assert another
    never = [
        str(Key(key.tenant, key.link, another.secret)),
        str(Key.new(key.tenant, key.link)),
        "x",
        f"{link['key']}x",
    ]
    answers = [outputs_api.opened(text) for text in (link["key"], *never)]
    assert {(answer.status, answer.json["code"], answer.json["detail"]) for answer in answers} == {
        (404, "shared_report_not_found", answers[0].json["detail"])
    }
    assert outputs_api.opened(other["key"]).status == (404 if end == "report deleted" else 200)


def test_another_tenant_has_no_part_in_a_report(outputs_api: OutputsApi, pair: Pair) -> None:
    report = frozen(outputs_api, pair, metrics=["price"])
    link = shared(outputs_api, report)
    path = f"/v1/reports/{report['id']}"
    foreign = {"tenant": "beta", "roles": "[admin]"}

    assert outputs_api.get("/v1/reports", **foreign).json["data"] == []
    for method, there, body in (
        ("GET", path, None),
        ("GET", f"{path}/content", None),
        ("DELETE", path, None),
        ("POST", f"{path}/links", {}),
        ("DELETE", f"{path}/links/{link['id']}", None),
    ):
        answer = outputs_api.send(method, there, body=body, **foreign)
        assert (answer.status, answer.json["code"]) == (404, "report_not_found"), (method, there)
    # And a key that names it finds nothing there
    key = Key.of(link["key"])
    assert key
    assert outputs_api.opened(str(Key.new(key.tenant, key.link)).replace("acme", "beta")).status == 404
    assert outputs_api.opened(link["key"]).status == 200
    assert "key" not in outputs_api.get(path).json["data"]["links"][0]


def test_who_holds_a_link_reads_it_only_so_often(outputs_api: OutputsApi, pair: Pair) -> None:
    key = shared(outputs_api, frozen(outputs_api, pair, metrics=["price"]))["key"]
    outputs_api.main_job.sql(
        "UPDATE setting SET value = '{\"limit\": 2, \"window_seconds\": 60}' WHERE name = 'shared-report'"
    )

    assert [outputs_api.opened(key).status for _ in range(3)] == [200, 200, 429]
    assert outputs_api.get("/v1/reports").status == 200, "the tenant's own requests are counted apart"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"runs": []}, "runs"),
        ({"title": ""}, "title"),
        ({"years": "2030-2020"}, "years"),
        ({"metrics": ["nonsense"]}, "metric"),
    ],
)
def test_what_cannot_be_frozen_names_the_field_and_leaves_nothing(
    outputs_api: OutputsApi, pair: Pair, change: dict[str, Any], path: str
) -> None:
    before = outputs_api.get("/v1/reports").json["data"]
    body = {"title": "Gas", "baseline": str(pair[0]), "runs": [str(pair[1])], **change}
    answer = outputs_api.post("/v1/reports", body)
    assert answer.status in (400, 422), answer.json
    assert answer.json["errors"][0]["path"] == path
    assert outputs_api.get("/v1/reports").json["data"] == before
