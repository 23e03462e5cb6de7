"""Runs side by side over HTTP: which is better, by how much, and what differs in what they were computed from."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
from typing import Any

import pyarrow.parquet as pq
import pytest

from functions.api.http import compression
from sextant.ids import RunId, ScenarioId, TenantId, new_id
from sextant.lake.read import compare
from sextant.outputs import reading
from sextant.scenarios import service as scenarios
from sextant.scenarios.documents import ScenarioDocument
from tests.integration.main_job.conftest import QUICK, TENANT
from tests.integration.outputs.conftest import OutputsApi

GAS = {"driver_type": "fuel_curve", "payload": {"fuel": "gas", "multiplier": 2}}


NOISE = {
    "driver_type": "stochastic",
    "payload": {"quantity": "LOAD", "distribution": "UNIFORM", "low": 0.9, "high": 1.1},
}


def stored(api: OutputsApi, name: str, *assumptions: dict[str, Any]) -> ScenarioId:
    """A scenario with these assumptions."""
    document = ScenarioDocument.model_validate(
        {"name": name, "parameters": QUICK, "assumptions": list(assumptions)}
    )
    job = api.main_job
    return job.app.run(TENANT, lambda s: scenarios.create(s, document, job.caller())).id


def scenario_of(api: OutputsApi, run: RunId) -> ScenarioId:
    ((scenario,),) = api.main_job.sql("SELECT scenario_id FROM scenario_run WHERE id = %s", run)
    return ScenarioId(scenario)


@pytest.fixture
def pair(outputs_api: OutputsApi) -> tuple[RunId, RunId]:
    """A run, and one of another scenario in which gas costs twice as much."""
    first = outputs_api.published(outputs_api.main_job.scenario())
    return first, outputs_api.published(stored(outputs_api, "dearer gas", GAS), seed=7)


def test_runs_of_two_scenarios_are_compared_in_one_answer(
    outputs_api: OutputsApi, pair: tuple[RunId, RunId]
) -> None:
    baseline, other = pair
    answer = outputs_api.get("/v1/compare", baseline=baseline, runs=other, metric="price,npv").json
    compared = answer["data"]
    # Which is better, and by how much
    assert {row["metric"] for row in compared["rows"]} == {"price", "npv"}
    prices = [row for row in compared["rows"] if row["metric"] == "price"]
    assert [row["asof_date"] for row in prices] == ["2026-01-01", "2027-01-01"]
    for row in prices:
        (run,) = row["runs"]
        assert run["run_id"] == str(other)
        assert run["delta"] == run["value"] - row["baseline"] > 0, "dearer fuel, dearer power"
        assert run["relative"] == run["delta"] / row["baseline"]
        assert "null_because" not in run
        assert "band_lower" not in run
    # And why
    (run,) = compared["runs"]
    assert compared["baseline"]["run_id"] == str(baseline)
    assert (run["run_id"], run["scenario_name"], run["model"]) == (str(other), "dearer gas", "merit_order")
    assert [(item["path"], item["change"]) for item in run["differences"]] == [
        ("assumptions[0]", "ADDED"),
        ("seed", "CHANGED"),
    ]
    assert run["differences"][0]["after"] == GAS
    assert answer["meta"]["snapshot_id"]


def test_filters_narrow_a_comparison(outputs_api: OutputsApi, pair: tuple[RunId, RunId]) -> None:
    baseline, other = pair
    of: dict[str, Any] = {"baseline": baseline, "runs": other}

    def rows(**query: Any) -> list[dict[str, Any]]:
        answer = outputs_api.get("/v1/compare", **of, **query)
        assert answer.status == 200, answer.content
        found: list[dict[str, Any]] = answer.json["data"]["rows"]
        return found

    solar = rows(metric="generation", technology="solar")
    assert {(row["metric"], row["tags"]["technology"]) for row in solar} == {("generation", "solar")}
    assert solar == rows(metric="generation", tags="technology:solar")
    assert [row["asof_date"] for row in rows(metric="price", years="2027")] == ["2027-01-01"]
    assert [row["asof_date"] for row in rows(metric="price", years="2026-2027")] == [
        "2026-01-01",
        "2027-01-01",
    ]
    wrongs: tuple[tuple[dict[str, Any], str], ...] = (
        ({"metric": "price,nvp"}, "metric"),
        ({"technology": "sollar"}, "tags"),
        ({"technology": "solar", "tags": "technology:wind"}, "technology"),
        ({"years": "2030-2026"}, "years"),
        ({"years": "soon"}, "years"),
        ({"runs": f"{other},{other}"}, "runs"),
        ({"runs": "x"}, "runs"),
        ({"runs": ",".join(str(new_id()) for _ in range(21))}, "runs"),
        ({"format": "arrow"}, "format"),
    )
    for wrong, field in wrongs:
        answer = outputs_api.get("/v1/compare", **{**of, **wrong})
        assert (answer.status, answer.json["errors"][0]["path"]) == (400, field), wrong


def test_a_run_that_cannot_be_compared_is_named(outputs_api: OutputsApi, pair: tuple[RunId, RunId]) -> None:
    # Given runs of another tenant, of nobody, and one that has not ended
    job, other = outputs_api.main_job, TenantId("other")
    foreign = job.request(job.scenario(tenant=other), tenant=other).id
    own = scenario_of(outputs_api, pair[0])
    bad = (foreign, new_id(), job.request(own, seed=9).id)
    forms: tuple[tuple[str, dict[str, str]], ...] = (
        ("/v1/compare", {}),
        ("/v1/compare", {"format": "csv"}),
        ("/v1/compare", {"shape": "series"}),
        (f"/v1/scenarios/{own}/outputs/compare", {}),
        (f"/v1/scenarios/{own}/outputs/compare", {"format": "parquet"}),
    )
    for path, form in forms:
        for place in ("baseline", "runs[0]", "runs[1]"):
            told = []
            for run in bad:
                # When one of them is named in any place
                named = {"baseline": pair[0], "runs[0]": pair[1], "runs[1]": pair[0], place: run}
                runs = f"{named['runs[0]']},{named['runs[1]']}"
                answer = outputs_api.get(path, baseline=named["baseline"], runs=runs, **form)
                # Then the answer names it and its place
                (error,) = answer.json["errors"]
                assert error["path"] == place
                assert str(run) in error["message"]
                detail = answer.json["detail"].replace(str(run), "…")
                told.append((answer.status, answer.json["code"], detail))
            assert [code for _, code, _ in told] == ["run_not_found", "run_not_found", "run_without_result"]
            assert [status for status, _, _ in told] == [404, 404, 409]
            assert told[0] == told[1], "another tenant's run looks like nobody's"
    # And so does one beside its scenario, and that scenario in the path
    theirs = scenario_of(outputs_api, foreign)
    for scenario, run in ((theirs, foreign), (new_id(), new_id()), (theirs, pair[1])):
        answer = outputs_api.get("/v1/compare", baseline=pair[0], runs=f"{scenario}:{run}")
        assert (answer.status, answer.json["errors"][0]["path"]) == (404, "runs[0]")
    for scenario in (theirs, new_id()):
        answer = outputs_api.get(f"/v1/scenarios/{scenario}/outputs/compare", baseline=pair[0], runs=pair[1])
        assert (answer.status, answer.json["code"]) == (404, "scenario_not_found")


def test_what_is_null_says_why(outputs_api: OutputsApi) -> None:
    # Given runs of different years
    scenario = outputs_api.main_job.scenario()
    long = outputs_api.published(scenario)
    short = outputs_api.published(scenario, parameters={"end_year": 2026})
    # When each is the baseline of the other
    for baseline, run, reason in ((long, short, "not_in_run"), (short, long, "not_in_baseline")):
        rows = outputs_api.get(
            "/v1/compare", baseline=baseline, runs=run, metric="price,unserved_energy"
        ).json["data"]["rows"]
        told = {(row["metric"], row["asof_date"][:4]): row["runs"][0] for row in rows}
        # Then no null is without its reason
        assert told["price", "2027"]["null_because"] == reason
        assert "null_because" not in told["price", "2026"]
        for row in rows:
            for delta in row["runs"]:
                assert (None in (delta["delta"], delta["relative"])) == ("null_because" in delta)
                if row["baseline"] == 0 and delta["value"] is not None:
                    assert (delta["delta"], delta["null_because"]) == (delta["value"], "baseline_is_zero")


def test_bands_are_compared_where_both_have_them(outputs_api: OutputsApi) -> None:
    # Given two runs of uncertain load, and one in which nothing is random
    uncertain = stored(outputs_api, "uncertain load", NOISE)
    plain = outputs_api.published(outputs_api.main_job.scenario())
    baseline, other = (
        outputs_api.published(uncertain, seed=seed, parameters={"draws": 4}) for seed in (1, 2)
    )
    # When they are compared
    query: dict[str, Any] = {"baseline": baseline, "runs": f"{other},{plain}", "metric": "price"}
    for row in outputs_api.get("/v1/compare", **query).json["data"]["rows"]:
        first, second = row["runs"]
        # Then bands are where both have them
        for edge in ("lower", "upper"):
            difference = first[f"band_{edge}"] - row[f"baseline_band_{edge}"]
            assert first[f"band_{edge}_delta"] == difference
        assert not any(name.startswith("band") for name in second)


def test_series_of_a_comparison_hold_every_value_of_its_rows(outputs_api: OutputsApi) -> None:
    # Given a run of uncertain load, one of another seed and fewer years, and one in which nothing is random
    uncertain = stored(outputs_api, "uncertain load", NOISE)
    base = outputs_api.published(uncertain, parameters={"draws": 4})
    short = outputs_api.published(uncertain, seed=1, parameters={"draws": 4, "end_year": 2026})
    plain = outputs_api.published(outputs_api.main_job.scenario())
    query: dict[str, Any] = {"baseline": base, "runs": f"{short},{plain}"}
    rows = outputs_api.get("/v1/compare", **query).json["data"]["rows"]
    # When the comparison is asked for as series, by either route
    compared = outputs_api.get("/v1/compare", **query, shape="series").json["data"]
    own = outputs_api.get(
        f"/v1/scenarios/{scenario_of(outputs_api, base)}/outputs/compare", **query, shape="series"
    )
    assert own.json["data"] == compared["series"]
    assert compared["rows"] == []
    # Then the series are the rows' values, each list in the order of the dates
    again = []
    for series in compared["series"]:
        lists = [series["baseline"], *series["runs"]]
        for number, day in enumerate(series["t"]):
            values = [
                {name: of[number] for name, of in one.items() if name != "run_id" and of[number] is not None}
                for one in lists
            ]
            again.append((series["metric"], day, series["tags"], series["unit"], values))
    names = {
        "value": "v",
        "band_lower": "lo",
        "band_upper": "hi",
        "band_lower_delta": "lo_delta",
        "band_upper_delta": "hi_delta",
    }
    expected = []
    for row in rows:
        first = {
            "v": row["baseline"],
            "lo": row.get("baseline_band_lower"),
            "hi": row.get("baseline_band_upper"),
        }
        runs = [
            {names.get(key, key): of for key, of in run.items() if key != "run_id"} for run in row["runs"]
        ]
        values = [{key: value for key, value in one.items() if value is not None} for one in (first, *runs)]
        expected.append((row["metric"], row["asof_date"], row["tags"], row["unit"], values))
    in_order = [sorted(items, key=json.dumps) for items in (again, expected)]
    assert in_order[0] == in_order[1]
    assert all(
        [run["run_id"] for run in one["runs"]] == [str(short), str(plain)] for one in compared["series"]
    )
    # And a file has no shape
    refused = outputs_api.get("/v1/compare", **query, shape="series", format="csv")
    assert (refused.status, refused.json["errors"][0]["path"]) == (400, "shape")


def test_a_comparison_is_a_file_of_the_same_values(
    outputs_api: OutputsApi, pair: tuple[RunId, RunId], monkeypatch: pytest.MonkeyPatch
) -> None:
    query: dict[str, Any] = {"baseline": pair[0], "runs": f"{pair[1]},{pair[0]}"}
    expected = [
        (
            row["metric"],
            row["asof_date"],
            row["tags"],
            row["baseline"],
            run["run_id"],
            run["value"],
            run["delta"],
        )
        for row in outputs_api.get("/v1/compare", **query).json["data"]["rows"]
        for run in row["runs"]
    ]
    # A file is made by one statement: it needs no rows of ours, of which there may be too many
    with monkeypatch.context() as few:
        few.setattr(compare, "_MOST_PAIRS", 3)
        assert outputs_api.get("/v1/compare", **query).json["code"] == "result_too_large"
        files = {
            form: outputs_api.get("/v1/compare", **query, format=form).content for form in ("csv", "parquet")
        }
        wrong = outputs_api.get("/v1/compare", **query, format="csv", metric="price,nvp")
        assert (wrong.status, wrong.json["errors"][0]["path"]) == (400, "metric")
    of_csv: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(files["csv"].decode())))
    for row in of_csv:
        row["tags"] = json.loads(row["tags"])
        for name in ("baseline", "value", "delta"):
            row[name] = float(row[name]) if row[name] else None
    of_parquet = pq.read_table(io.BytesIO(files["parquet"])).to_pylist()
    for row in of_parquet:
        row["tags"], row["asof_date"] = dict(row["tags"]), row["asof_date"].isoformat()
    columns = ("metric", "asof_date", "tags", "baseline", "run_id", "value", "delta")
    for rows in (of_csv, of_parquet):
        assert [tuple(row[name] for name in columns) for row in rows] == expected
    # And where it is too large it is a link
    monkeypatch.setattr(reading, "MAX_DIRECT_BYTES", 1000)
    for form, content in files.items():
        link = outputs_api.get("/v1/compare", **query, format=form)
        assert link.status == 303
        with urllib.request.urlopen(link.json["data"]["url"]) as download:
            assert download.read() == content


def test_a_scenarios_own_comparison_has_the_same_rows(
    outputs_api: OutputsApi, pair: tuple[RunId, RunId], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, others = (scenario_of(outputs_api, run) for run in pair)
    path = f"/v1/scenarios/{own}/outputs/compare"
    whole = outputs_api.get("/v1/compare", baseline=pair[0], runs=pair[1]).json["data"]["rows"]
    assert outputs_api.get(path, baseline=pair[0], runs=pair[1]).json["data"] == whole
    assert outputs_api.get(path, baseline=pair[0], runs=f"{others}:{pair[1]}").json["data"] == whole
    # A baseline of another scenario is one too
    turned = outputs_api.get(path, baseline=pair[1], runs=pair[0], metric="price").json["data"]
    assert all(row["baseline"] is not None for row in turned)
    # And a scenario that the run is not of is refused
    wrong = outputs_api.get(path, baseline=pair[0], runs=f"{own}:{pair[1]}")
    assert (wrong.status, wrong.json["errors"][0]["path"]) == (404, "runs[0]")
    monkeypatch.setattr(compression, "MAX_SENT_BYTES", 1000)
    assert outputs_api.get("/v1/compare", baseline=pair[0], runs=pair[1]).status == 413


def test_csv_has_the_separator_decimals_and_mark_that_are_asked_for(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    runs = [outputs_api.published(scenario, seed=seed) for seed in range(2)]
    outputs = f"/v1/scenarios/{scenario}/outputs"
    comparison: dict[str, Any] = {"baseline": runs[0], "runs": runs[1]}
    style: dict[str, Any] = {"format": "csv", "separator": "semicolon", "decimal": "comma", "bom": "true"}
    routes: tuple[tuple[str, dict[str, Any]], ...] = (
        (outputs, {}),
        (f"{outputs}/compare", comparison),
        ("/v1/compare", comparison),
    )
    for path, query in routes:
        plain = outputs_api.get(path, **query, format="csv").content.decode()
        asked = outputs_api.get(path, **query, **style).content
        assert asked.startswith(b"\xef\xbb\xbf"), path
        expected = list(csv.DictReader(io.StringIO(plain)))
        rows = list(csv.DictReader(io.StringIO(asked.decode("utf-8-sig")), delimiter=";"))
        assert len(rows) == len(expected) > 0
        numbers = ("value", "band_lower", "band_upper", "baseline", "delta", "relative")
        for row, other in zip(rows, expected, strict=True):
            assert {
                name: text.replace(",", ".") if name in numbers else text for name, text in row.items()
            } == other
        assert any("," in row["value"] for row in rows)
        refused = outputs_api.get(path, **query, bom="true")
        assert (refused.status, refused.json["errors"][0]["path"]) == (400, "bom")
        both = outputs_api.get(path, **query, format="csv", decimal="comma")
        assert (both.status, both.json["errors"][0]["path"]) == (400, "decimal")
