"""Hourly results over HTTP: the routes of outputs, with `resolution=hour`."""

from __future__ import annotations

import csv
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sextant.errors import ValidationError
from sextant.ids import RunId, ScenarioId
from tests.integration.main_job.conftest import QUICK
from tests.integration.outputs.conftest import OutputsApi

HOURS = {**QUICK, "end_year": 2026, "hourly": "price,generation"}


def place(scenario: ScenarioId) -> str:
    return f"/v1/scenarios/{scenario}/outputs"


def hourly_run(api: OutputsApi, **parameters: object) -> tuple[ScenarioId, RunId]:
    scenario = api.main_job.scenario()
    return scenario, api.published(scenario, parameters={**HOURS, **parameters})


def all_rows(api: OutputsApi, scenario: ScenarioId, limit: int, **query: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    more: dict[str, Any] = dict(query)
    while True:
        page = api.get(place(scenario), **{"resolution": "hour", "limit": limit, **more}).json
        rows += page["data"]
        if "next_cursor" not in page["meta"]:
            return rows
        more["cursor"] = page["meta"]["next_cursor"]


def test_the_hours_of_a_run_are_read_by_the_routes_of_outputs(outputs_api: OutputsApi) -> None:
    scenario, run = hourly_run(outputs_api)

    # Pages: every hour once, in order, forth and back
    rows = all_rows(outputs_api, scenario, 500, metric="price")
    keys = [(row["asof_date"], row["run_id"], row["hour"]) for row in rows]
    assert keys == sorted(keys)
    assert [row["hour"] for row in sorted(rows, key=lambda row: int(row["hour"]))] == list(range(1, 865))
    assert sum(row["weight"] for row in rows) == pytest.approx(8760, rel=1e-3)
    second = outputs_api.get(place(scenario), resolution="hour", metric="price", limit=500)
    onward = outputs_api.get(
        place(scenario),
        resolution="hour",
        metric="price",
        limit=500,
        cursor=second.json["meta"]["next_cursor"],
    )
    back = outputs_api.get(
        place(scenario),
        resolution="hour",
        metric="price",
        limit=500,
        cursor=onward.json["meta"]["prev_cursor"],
    )
    assert back.json["data"] == second.json["data"]
    assert onward.json["data"] == rows[500:]

    # They are the hours of the yearly value
    (year,) = outputs_api.get(place(scenario), metric="time_weighted_price").json["data"]
    weighted = sum(row["value"] * row["weight"] for row in rows) / sum(row["weight"] for row in rows)
    assert weighted == pytest.approx(year["value"], rel=1e-8)
    assert "hour" not in year

    # Filters, series and aggregates
    march = all_rows(outputs_api, scenario, 1000, metric="price", start="2026-03-01", end="2026-03-31")
    assert len(march) == 72
    series = outputs_api.get(place(scenario), resolution="hour", shape="series", metric="price").json["data"]
    assert [(one["run_id"], one["h"], one["v"]) for one in series] == [
        (str(run), [row["hour"] for row in rows], [row["value"] for row in rows])
    ]
    (group,) = outputs_api.get(f"{place(scenario)}/aggregates", resolution="hour", metric="price").json[
        "data"
    ]
    assert group["count"] == 864
    by_hour = outputs_api.get(
        f"{place(scenario)}/aggregates",
        resolution="hour",
        metric="price",
        by="asof_date,hour",
        percentiles="50",
    ).json["data"]
    assert len(by_hour) == 864
    assert by_hour[0] == {**by_hour[0], "asof_date": "2026-01-01", "hour": 1, "mean": rows[0]["value"]}


def test_files_hold_the_hour_and_its_weight(outputs_api: OutputsApi) -> None:
    scenario, _ = hourly_run(outputs_api)
    query = {"resolution": "hour", "tags": "technology:solar"}
    written = csv.DictReader(
        io.StringIO(outputs_api.get(place(scenario), format="csv", **query).content.decode())
    )
    texts = [
        (row["asof_date"], int(row["hour"]), float(row["weight"]), float(row["value"])) for row in written
    ]
    assert len(texts) == 864
    tables = [
        pq.read_table(pa.BufferReader(outputs_api.get(place(scenario), format="parquet", **query).content)),
        pa.ipc.open_stream(outputs_api.get(place(scenario), format="arrow", **query).content).read_all(),
    ]
    for table in tables:
        columns = table.select(["asof_date", "hour", "weight", "value"]).to_pydict()
        assert list(zip(map(str, columns["asof_date"]), *list(columns.values())[1:], strict=True)) == texts
    empty = outputs_api.get(place(outputs_api.main_job.scenario("empty")), resolution="hour", format="csv")
    assert empty.content.decode().strip().endswith('"computed_ts","hour","weight"')


def test_one_tenants_hours_are_no_others_and_names_are_checked(outputs_api: OutputsApi) -> None:
    scenario, _ = hourly_run(outputs_api)
    assert outputs_api.get(place(scenario), tenant="globex", resolution="hour").status == 404
    unknown = outputs_api.get(place(scenario), resolution="hour", metric="emissions")
    assert unknown.status == 400
    assert "generation, price" in unknown.json["errors"][0]["message"]
    assert outputs_api.get(f"{place(scenario)}/aggregates", by="hour").status == 400
    first = outputs_api.get(place(scenario), resolution="hour", limit=1).json["meta"]["next_cursor"]
    assert outputs_api.get(place(scenario), limit=1, cursor=first).status == 400
    assert outputs_api.get(place(scenario), resolution="day").status in (400, 422)


def test_what_is_cached_is_of_the_newest_commit(outputs_api: OutputsApi) -> None:
    scenario, _ = hourly_run(outputs_api)
    assert len(all_rows(outputs_api, scenario, 1000, metric="price")) == 864
    outputs_api.published(scenario, parameters={**HOURS, "shock_bp": 500})
    assert len(all_rows(outputs_api, scenario, 1000, metric="price")) == 2 * 864


def test_more_hours_than_a_run_may_have_are_refused_when_it_is_asked_for(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    whole = {**QUICK, "end_year": 2045, "hourly": True}
    sweep = {"shock_bp": list(range(5))}
    with pytest.raises(ValidationError) as refused:
        outputs_api.main_job.request(scenario, parameters=whole, sweep=sweep)
    (error,) = refused.value.errors
    assert error.path == "parameters.hourly"
    assert "at most 5,000,000 values" in error.message
    assert "at 5 points" in error.message
    outputs_api.main_job.request(scenario, parameters=whole)
