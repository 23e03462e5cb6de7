"""A scenario's outputs as a user reads them: pages, filters, files, aggregates, comparisons."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
from collections import defaultdict
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.api.http import compression
from sextant.outputs import reading
from sextant.settings import service as settings
from tests.integration.main_job.conftest import TENANT
from tests.integration.main_job.test_scale_out import work_off
from tests.integration.outputs.conftest import OutputsApi


def test_pages_go_through_every_row_once_in_order_and_back_again(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    run = outputs_api.published(scenario)
    path = f"/v1/scenarios/{scenario}/outputs"
    whole = outputs_api.get(path, limit=1000).json
    assert "next_cursor" not in whole["meta"]

    pages, cursor = [], None
    while True:
        page = outputs_api.get(path, limit=37, **({"cursor": cursor} if cursor else {})).json
        pages.append(page)
        cursor = page["meta"].get("next_cursor")
        if cursor is None:
            break
    rows = [row for page in pages for row in page["data"]]
    assert rows == whole["data"]
    assert len(rows) == outputs_api.main_job.rows_by_run()[run]
    places = [(row["metric"], row["asof_date"]) for row in rows]
    assert places == sorted(places)

    back = outputs_api.get(path, limit=37, cursor=pages[-1]["meta"]["prev_cursor"]).json
    assert back["data"] == pages[-2]["data"]
    assert "prev_cursor" not in pages[0]["meta"]


def test_a_listing_goes_on_in_the_snapshot_it_began_in(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    first = outputs_api.published(scenario, seed=1)
    path = f"/v1/scenarios/{scenario}/outputs"
    page = outputs_api.get(path, limit=10).json
    second = outputs_api.published(scenario, seed=2)
    rest = outputs_api.get(path, limit=10, cursor=page["meta"]["next_cursor"]).json
    assert {row["run_id"] for row in rest["data"]} == {str(first)}
    # And a new listing sees the new run at once: no cache serves what is stale.
    fresh = outputs_api.get(path, limit=1000).json
    assert {row["run_id"] for row in fresh["data"]} == {str(first), str(second)}
    # While the old snapshot can still be read on purpose.
    pinned = outputs_api.get(path, limit=1000, snapshot_id=page["meta"]["snapshot_id"]).json
    assert {row["run_id"] for row in pinned["data"]} == {str(first)}


def test_filters_narrow_and_join(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    run = outputs_api.published(scenario)
    path = f"/v1/scenarios/{scenario}/outputs"
    solar = outputs_api.get(path, metric="generation", tags="technology:solar").json["data"]
    assert {(row["metric"], row["tags"]["technology"]) for row in solar} == {("generation", "solar")}
    late = outputs_api.get(path, metric="price", start="2027-01-01", end="2027-12-31", runs=str(run)).json
    assert [row["asof_date"] for row in late["data"]] == ["2027-01-01"]
    value = late["data"][0]["value"]
    assert (
        outputs_api.get(path, metric="price", min_value=value, max_value=value).json["data"] == late["data"]
    )
    # A metric that the scenario has and the other filters exclude is no mistake
    assert outputs_api.get(path, metric="price", end="1999-12-31").json["data"] == []


@pytest.mark.parametrize("form", ["", "aggregates", "csv"])
def test_a_filter_that_names_nothing_is_refused_with_what_there_is(
    outputs_api: OutputsApi, form: str
) -> None:
    # Given a scenario with a result, and another with a run of its own
    scenario, stranger = outputs_api.main_job.scenario(), outputs_api.main_job.scenario("other")
    run, foreign = outputs_api.published(scenario), outputs_api.published(stranger)
    path = f"/v1/scenarios/{scenario}/outputs"
    query: dict[str, Any] = {"format": "csv"} if form == "csv" else {}
    if form == "aggregates":
        path += f"/{form}"
    # When a filter has a slip, or a run of another scenario
    for wrong, field, there in (
        ({"metric": "nvp"}, "metric", "npv"),
        ({"tags": "tecnology:solar"}, "tags", "technology"),
        ({"tags": "technology:sollar"}, "tags", "solar"),
        ({"tags": "technology:nuclear,technology:solar"}, "tags", "once"),
        ({"runs": foreign}, "runs", str(foreign)),
        ({"runs": f"{run},{foreign}"}, "runs", str(foreign)),
    ):
        answer = outputs_api.get(path, **{**query, **wrong})
        # Then it is refused by its name
        assert (answer.status, answer.json["code"]) == (400, "invalid_parameter"), (
            wrong,
            answer.content[:300],
        )
        (error,) = answer.json["errors"]
        assert error["path"] == field
        assert there in error["message"]
    assert outputs_api.get(path, **query, metric="price").status == 200


def test_the_former_names_of_filters_are_still_taken(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    run = outputs_api.published(scenario)
    path = f"/v1/scenarios/{scenario}/outputs"
    for form in ("", "/aggregates"):
        new = outputs_api.get(path + form, metric="price", runs=run).json["data"]
        assert new == outputs_api.get(path + form, metric_name="price", run_id=run).json["data"] != []
        both = outputs_api.get(path + form, metric="price", metric_name="npv")
        assert (both.status, both.json["errors"][0]["path"]) == (400, "metric_name")


def test_a_scenario_without_results_answers_with_none(outputs_api: OutputsApi) -> None:
    path = f"/v1/scenarios/{outputs_api.main_job.scenario()}/outputs"
    assert outputs_api.get(path, metric="price", tags="technology:solar").json["data"] == []


def test_a_file_takes_no_limit_and_an_empty_parameter_is_refused(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    outputs_api.published(scenario)
    path = f"/v1/scenarios/{scenario}/outputs"
    for form in ("csv", "parquet", "arrow"):
        answer = outputs_api.get(path, format=form, limit=5)
        assert (answer.status, answer.json["errors"][0]["path"]) == (400, "limit")
    for wrong in ("1_000", "٣", "nan", "inf", ""):
        answer = outputs_api.get(path, min_value=wrong)
        assert (answer.status, answer.json["errors"][0]["path"]) == (400, "min_value"), wrong
    for wrong in ("5,,50", "1_0", "٣", "nan"):
        answer = outputs_api.get(f"{path}/aggregates", percentiles=wrong)
        assert (answer.status, answer.json["errors"][0]["path"]) == (400, "percentiles"), wrong
    empty = outputs_api.get(path, runs="")
    assert (empty.status, empty.json["errors"][0]["path"]) == (400, "runs")


def test_a_snapshot_that_never_was_is_not_there(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    outputs_api.published(scenario)
    path = f"/v1/scenarios/{scenario}/outputs"
    for form in ("", "/aggregates"):
        answer = outputs_api.get(path + form, snapshot_id=1)
        assert (answer.status, answer.json["code"]) == (404, "snapshot_not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"start": "2030-01-01", "end": "2029-01-01"}, "end"),
        ({"min_value": 2, "max_value": 1}, "max_value"),
        ({"tags": "solar"}, "tags"),
        ({"runs": "x"}, "runs"),
        ({"limit": 0}, "limit"),
        ({"start": "yesterday"}, "start"),
        ({"format": "xlsx"}, "format"),
        ({"cursor": "bm90IG9uZQ"}, None),
    ],
)
def test_a_question_that_breaks_a_rule_is_refused_by_name(
    outputs_api: OutputsApi, query: dict[str, Any], field: str | None
) -> None:
    scenario = outputs_api.main_job.scenario()
    answer = outputs_api.get(f"/v1/scenarios/{scenario}/outputs", **query)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    if field is not None:
        assert answer.json["errors"][0]["path"] == field


def test_a_cursor_of_other_filters_is_refused(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    outputs_api.published(scenario)
    path = f"/v1/scenarios/{scenario}/outputs"
    cursor = outputs_api.get(path, limit=5).json["meta"]["next_cursor"]
    assert outputs_api.get(path, limit=5, metric="price", cursor=cursor).status == 400


def test_another_tenants_outputs_are_not_there(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    run = outputs_api.published(scenario)
    for asked in ("outputs", "outputs/aggregates", f"outputs/compare?baseline={run}&runs={run}"):
        path, _, query = asked.partition("?")
        pairs = dict(part.split("=") for part in query.split("&")) if query else {}
        answer = outputs_api.get(f"/v1/scenarios/{scenario}/{path}", tenant="other", **pairs)
        assert (answer.status, answer.json["code"]) == (404, "scenario_not_found")


def test_every_format_holds_the_same_rows(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    outputs_api.published(scenario)
    path = f"/v1/scenarios/{scenario}/outputs"
    rows = outputs_api.get(path, limit=1000).json["data"]
    expected = sorted(
        (row["metric"], row["asof_date"], row["value"], json.dumps(row["tags"])) for row in rows
    )

    as_csv = outputs_api.get(path, format="csv")
    assert as_csv.headers["Content-Type"].startswith("text/csv")
    parsed = csv.DictReader(io.StringIO(as_csv.content.decode()))
    assert expected == sorted(
        (row["metric"], row["asof_date"], float(row["value"]), json.dumps(json.loads(row["tags"])))
        for row in parsed
    )
    as_parquet = pq.read_table(io.BytesIO(outputs_api.get(path, format="parquet").content))
    as_arrow = pa.ipc.open_stream(outputs_api.get(path, format="arrow").content).read_all()
    for table in (as_parquet, as_arrow):
        assert expected == sorted(
            (row["metric"], row["asof_date"].isoformat(), row["value"], json.dumps(dict(row["tags"])))
            for row in table.to_pylist()
        )


def test_a_result_too_large_for_an_answer_is_a_link(
    outputs_api: OutputsApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = outputs_api.main_job.scenario()
    outputs_api.published(scenario)
    path = f"/v1/scenarios/{scenario}/outputs"
    direct = outputs_api.get(path, format="csv").content
    monkeypatch.setattr(reading, "MAX_DIRECT_BYTES", 1000)
    _, cursor = outputs_api.changes()
    answer = outputs_api.get(path, format="csv")
    assert answer.status == 303
    link = answer.json["data"]
    assert (link["url"], link["bytes"]) == (answer.headers["Location"], len(direct))
    with urllib.request.urlopen(link["url"]) as download:
        assert download.read() == direct
    # Whoever watches is told of it, and finds the file
    (((kind, export, state),), _) = outputs_api.changes(cursor)
    assert (kind, state) == ("export", "SUCCEEDED")
    stored = outputs_api.get(f"/v1/scenarios/{scenario}/exports/{export}").json["data"]
    assert (stored["state"], stored["format"], stored["scanned_bytes"]) == ("SUCCEEDED", "csv", 0)
    assert [file["bytes"] for file in stored["files"]] == [len(direct)]
    with urllib.request.urlopen(stored["files"][0]["url"]) as download:
        assert download.read() == direct
    cancelled = outputs_api.delete(f"/v1/scenarios/{scenario}/exports/{export}")
    assert cancelled.json["data"]["state"] == "SUCCEEDED"
    other = outputs_api.main_job.scenario(name="another")
    assert outputs_api.get(f"/v1/scenarios/{other}/exports/{export}").status == 404


def test_aggregates_are_true_percentiles(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    runs = [
        outputs_api.published(scenario, seed=seed, parameters={"shock_bp": 1000 * seed}) for seed in range(3)
    ]
    answer = outputs_api.get(
        f"/v1/scenarios/{scenario}/outputs/aggregates",
        runs=",".join(map(str, runs)),
        metric="price",
        by="asof_date,metric",
        percentiles="0,50,100",
    )
    rows = outputs_api.get(f"/v1/scenarios/{scenario}/outputs", metric="price", limit=1000).json["data"]
    for group in answer.json["data"]:
        values = sorted(row["value"] for row in rows if row["asof_date"] == group["asof_date"])
        assert group["count"] == 3
        assert list(group["percentiles"].values()) == pytest.approx(values)


@pytest.mark.parametrize("by", ["asof_date", "metric", "tags", "run_id", "metric,asof_date,run_id,tags"])
def test_what_cannot_be_added_up_is_never_in_one_group(outputs_api: OutputsApi, by: str) -> None:
    # Given a scenario with two runs, of different years, and a sweep over two points
    scenario = outputs_api.main_job.scenario()
    outputs_api.published(scenario)
    outputs_api.published(scenario, parameters={"end_year": 2026})
    sweep = outputs_api.main_job.request(scenario, sweep={"shock_bp": [0, 1000]})
    work_off(outputs_api.main_job, sweep.id)
    assert outputs_api.main_job.commit() == 1
    # When its values are aggregated without choosing a run
    path = f"/v1/scenarios/{scenario}/outputs"
    groups = outputs_api.get(f"{path}/aggregates", by=by).json["data"]
    # Then each group is what Python says of the values of one unit, one run and one point
    by_hand: dict[str, list[float]] = defaultdict(list)
    rows = outputs_api.get(path, limit=1000).json["data"]
    for row in rows:
        tags = row["tags"] if "tags" in by else {k: v for k, v in row["tags"].items() if k[:6] == "sweep_"}
        key = {name: row[name] for name in by.split(",")} | {"unit": row["unit"], "run_id": row["run_id"]}
        by_hand[json.dumps(key | {"tags": tags}, sort_keys=True)].append(row["value"])
    assert len(groups) == len(by_hand)
    statistics = {"count", "min", "max", "mean", "percentiles"}
    for group in groups:
        key = {"tags": {}} | {name: value for name, value in group.items() if name not in statistics}
        values = by_hand[json.dumps(key, sort_keys=True)]
        assert (group["count"], group["min"], group["max"]) == (len(values), min(values), max(values))
        assert group["mean"] == pytest.approx(sum(values) / len(values))


def test_runs_are_compared_with_a_baseline(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    baseline = outputs_api.published(scenario)
    other = outputs_api.published(scenario, parameters={"shock_bp": 2000})
    answer = outputs_api.get(
        f"/v1/scenarios/{scenario}/outputs/compare", baseline=baseline, runs=other, metric="price"
    ).json
    assert len(answer["data"]) == 2
    for row in answer["data"]:
        (found,) = row["runs"]
        assert found["run_id"] == str(other)
        assert found["delta"] == pytest.approx(found["value"] - row["baseline"])
        assert found["delta"] > 0, "dearer fuel, dearer power"


def test_what_no_answer_can_hold_is_refused_and_not_lost_on_the_way(
    outputs_api: OutputsApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = outputs_api.main_job.scenario()
    run = outputs_api.published(scenario)
    monkeypatch.setattr(compression, "MAX_SENT_BYTES", 1000)
    for question in ("aggregates?by=metric,asof_date", f"compare?baseline={run}&runs={run}"):
        path, _, query = question.partition("?")
        asked = dict(pair.split("=") for pair in query.split("&"))
        answer = outputs_api.get(f"/v1/scenarios/{scenario}/outputs/{path}", "acme", "[viewer]", **asked)
        assert (answer.status, answer.json["code"]) == (413, "result_too_large")


def test_outputs_that_are_switched_off_answer_503(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    with outputs_api.main_job.app.autocommit(TENANT) as session:
        settings.put(
            session,
            TENANT,
            "flag",
            "outputs",
            {"enabled": False},
            "maintenance",
            outputs_api.main_job.caller(),
        )
    for path in ("outputs", "outputs/aggregates"):
        answer = outputs_api.get(f"/v1/scenarios/{scenario}/{path}")
        assert (answer.status, answer.json["code"]) == (503, "feature_disabled")
