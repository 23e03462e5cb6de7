"""A tenant brings its own system: checked by row and column, versioned, pinned by the runs that use it."""

from __future__ import annotations

import base64
import io
import json
import urllib.request
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sextant.baselines.service import NoSuchBaselineError
from sextant.baselines.systems import packed_location
from sextant.engine.packed import FORM
from sextant.ids import ScenarioId, new_id
from sextant.scenarios import service as scenarios
from sextant.scenarios.documents import ScenarioDocument
from tests.integration.main_job.conftest import TENANT, MainJob
from tests.integration.outputs.conftest import OutputsApi
from tools.docs.openapi.examples import BODIES

UNITS = """name,technology,capacity_mw,fuel,heat_rate,variable_cost,emission_factor,renewable
wind,wind,50,,,0,0,true
gas,ccgt,200,gas,7,2,0.35,false
"""
LOAD = "year,hour,load_mw\n" + "".join(
    f"{year},{hour},{100 + hour}\n" for year in (2026, 2027) for hour in range(1, 25)
)


def body(units: str = UNITS, **more: Any) -> dict[str, Any]:
    return {"name": "island", "tables": {"units": {"csv": units}, "load": {"csv": LOAD}}, **more}


def scenario(main_job: MainJob, baseline: str) -> ScenarioId:
    document = ScenarioDocument.model_validate({"name": baseline, "parameters": {"baseline": baseline}})
    return main_job.app.run(TENANT, lambda s: scenarios.create(s, document, main_job.caller())).id


def test_the_example_of_the_document_is_a_baseline(outputs_api: OutputsApi) -> None:
    checked = outputs_api.post("/v1/baselines/validate", BODIES["validate_baseline"])
    assert checked.status == 200, checked.json
    answer = outputs_api.post("/v1/baselines", BODIES["create_baseline"])
    assert answer.status == 201, answer.json


def test_checking_says_what_storing_would_and_stores_nothing(outputs_api: OutputsApi) -> None:
    checked = outputs_api.post("/v1/baselines/validate", body())
    assert outputs_api.get("/v1/baselines").json["data"] == []
    stored = outputs_api.post("/v1/baselines", body())
    again = outputs_api.post("/v1/baselines/validate", body())
    changed = outputs_api.post("/v1/baselines/validate", body(UNITS.replace("wind,wind,50", "wind,wind,150")))

    assert (checked.status, stored.status) == (200, 201), (checked.json, stored.json)
    for name in ("version", "digest", "summary"):
        assert checked.json["data"][name] == stored.json["data"][name]
    assert checked.json["meta"].get("warnings") == stored.json["meta"].get("warnings")
    told = [
        (each.json["data"]["version"], each.json["data"]["unchanged"]) for each in (checked, again, changed)
    ]
    assert told == [(1, False), (1, True), (2, False)]


def test_weights_that_are_no_year_are_refused_with_their_sum(outputs_api: OutputsApi) -> None:
    # Given a day whose hours say they stand for one hour each
    load = "year,hour,weight,load_mw\n" + "".join(f"2026,{hour},1,100\n" for hour in range(1, 25))
    # When it is sent
    refused = outputs_api.post(
        "/v1/baselines", body(name="day", tables={"units": {"csv": UNITS}, "load": {"csv": load}})
    )
    # Then nothing is stored: a day's revenue would stand against a year's fixed cost
    assert refused.status == 422
    (error,) = refused.json["errors"]
    assert "weight" in json.dumps(error)
    assert "they are 24" in error["message"]
    assert outputs_api.get("/v1/baselines").json["data"] == []


@pytest.mark.parametrize("number", ["1_00", "٣", "１００", "0x64", "1,00", "1 00", "1e", "infinity"])
def test_a_number_of_a_table_is_written_in_plain_digits(outputs_api: OutputsApi, number: str) -> None:
    answer = outputs_api.post("/v1/baselines", body(UNITS.replace("gas,ccgt,200,", f'gas,ccgt,"{number}",')))
    assert (answer.status, answer.json["code"]) == (422, "invalid_baseline")
    (error,) = answer.json["errors"]
    assert error["path"].endswith("capacity_mw")
    assert repr(number) in error["message"]


@pytest.mark.parametrize(
    ("units", "problem"),
    [
        (UNITS.replace("200,gas", "1,200,gas"), "row 2 has more cells than the header, which has 8"),
        (UNITS.replace("heat_rate", "capacity_mw"), "names the column 'capacity_mw' twice"),
    ],
)
def test_no_cell_of_a_table_is_dropped(outputs_api: OutputsApi, units: str, problem: str) -> None:
    answer = outputs_api.post("/v1/baselines", body(units))
    assert (answer.status, answer.json["errors"][0]["path"]) == (422, "tables.units")
    assert problem in answer.json["errors"][0]["message"]
    # Spreadsheets end each line with empty cells: those say nothing and are no error
    spreadsheet = UNITS.replace("true\n", "true,,\n")
    assert outputs_api.post("/v1/baselines", body(spreadsheet)).status == 201


def test_a_run_uses_the_baseline_it_names_and_pins_its_version(outputs_api: OutputsApi) -> None:
    # Given a baseline in its first version
    stored = outputs_api.post("/v1/baselines", body())
    assert stored.status == 201
    first = stored.json["data"]
    assert (first["version"], first["summary"]["years"], first["summary"]["units"]) == (1, [2026, 2027], 2)
    # When a run names it, and the baseline changes before another does
    by_name = scenario(outputs_api.main_job, "Island")
    before = outputs_api.main_job.request(by_name)
    second = outputs_api.post("/v1/baselines", body(UNITS.replace("wind,wind,50", "wind,wind,150"))).json[
        "data"
    ]
    assert (second["id"], second["version"]) == (first["id"], 2)
    after = outputs_api.main_job.request(by_name)
    # Then each computes with the version it pinned
    assert before.parameters == f'{{"baseline":"{first["id"]}@1"}}'
    assert after.parameters == f'{{"baseline":"{first["id"]}@2"}}'
    assert before.version_hash != after.version_hash
    shares = []
    for run in (before, after):
        assert outputs_api.main_job.work(run.id) == "STORED"
        assert outputs_api.main_job.commit() == 1
        answer = outputs_api.get(f"/v1/scenarios/{by_name}/outputs", runs=run.id, metric="renewable_share")
        shares.append(answer.json["data"][0]["value"])
    assert shares[0] < shares[1]
    # And the old version can still be asked for
    assert outputs_api.main_job.request(scenario(outputs_api.main_job, "island@1")).outcome == "CREATED"
    listed = outputs_api.get(f"/v1/baselines/{first['id']}/versions").json["data"]
    assert [item["version"] for item in listed] == [2, 1]


def test_a_battery_of_a_baseline_and_one_of_a_scenario_come_back_as_rows(outputs_api: OutputsApi) -> None:
    # Given a baseline with a battery, and a scenario that adds another like it
    battery = "name,technology,power_mw,energy_mwh,charge_efficiency,discharge_efficiency\nB1,battery,10,40,0.9,0.9\n"
    tables = {**body()["tables"], "storage": {"csv": battery}}
    assert outputs_api.post("/v1/baselines", {"name": "island", "tables": tables}).status == 201
    added = {
        "driver_type": "fleet_change",
        "payload": {"action": "ADD", "year": 2027, "technology": "battery", "unit": "B2", "capacity_mw": 5.0},
    }
    document = ScenarioDocument.model_validate(
        {"name": "stored", "parameters": {"baseline": "island"}, "assumptions": [added]}
    )
    job = outputs_api.main_job
    stored = job.app.run(TENANT, lambda s: scenarios.create(s, document, job.caller())).id
    # When it runs
    run = job.request(stored)
    assert job.work(run.id) == "STORED"
    assert job.commit() == 1

    def rows(metric: str) -> list[dict[str, Any]]:
        answer = outputs_api.get(f"/v1/scenarios/{stored}/outputs", run_id=run.id, metric_name=metric)
        return list(answer.json["data"])

    # Then both have rows of their own, and the result proves itself
    charged = {(row["tags"]["unit"], row["asof_date"][:4]): row["value"] for row in rows("storage_charge")}
    assert sorted(charged) == [(unit, year) for unit in ("B1", "B2") for year in ("2026", "2027")]
    assert charged["B2", "2026"] == 0.0
    assert [row["value"] for row in rows("capacity") if row["tags"]["technology"] == "battery"] == [
        10.0,
        15.0,
    ]
    assert all(row["value"] < 1e-6 for row in rows("optimality_gap"))


def test_the_same_tables_again_are_no_new_version(outputs_api: OutputsApi) -> None:
    answers = [outputs_api.post("/v1/baselines", body()) for _ in range(2)]
    assert [answer.json["data"]["version"] for answer in answers] == [1, 1]
    assert [answer.status for answer in answers] == [201, 200]


@dataclass
class Watched:
    """The store, noting what is read of baselines and whether a transaction was open meanwhile."""

    job: MainJob
    read: list[str] = field(default_factory=list)
    transactions: int = 0

    def get(self, location: str) -> bytes:
        if "/baselines/" in location:
            self.read.append(location.rpartition("/")[2])
            (row,) = self.job.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
            )
            self.transactions += row[0]
        return self.job.worker.store.get(location)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.job.worker.store, name)


def test_a_baseline_is_read_from_tables_at_its_upload_and_never_again(outputs_api: OutputsApi) -> None:
    job = outputs_api.main_job
    outputs_api.post("/v1/baselines", body())
    of_island = scenario(job, "island")
    # Given a worker that has computed nothing
    watched = Watched(job)
    worker = replace(job.worker, store=watched)
    # When it computes two runs on the baseline
    outcomes = [
        worker.execute(TENANT, job.request(of_island, seed=seed).id, lambda: 900.0) for seed in range(2)
    ]
    # Then it loaded the compiled system, once, and held no transaction meanwhile
    assert outcomes == ["STORED", "STORED"]
    assert watched.read == [f"system-{FORM}"]
    assert watched.transactions == 0


@pytest.mark.parametrize("what", ["gone", "altered"])
def test_a_compiled_system_that_is_not_there_is_made_anew_from_the_tables(
    outputs_api: OutputsApi, what: str
) -> None:
    job = outputs_api.main_job
    outputs_api.post("/v1/baselines", body())
    of_island = scenario(job, "island")
    # Given a baseline of another version of the code, or one whose compiled system was damaged
    ((location,),) = job.sql("SELECT location FROM baseline")
    place = packed_location(location)
    whole = job.worker.store.get(place)
    if what == "gone":
        job.worker.store.delete([place])
    else:
        job.worker.store.put(place, whole[:-8] + b"\0" * 8)
    # When a run uses it
    assert job.work(job.request(of_island).id) == "STORED"
    # Then it is there again
    assert job.worker.store.get(place) == whole


def test_what_is_wrong_is_named_by_table_row_and_column_and_nothing_is_stored(
    outputs_api: OutputsApi,
) -> None:
    wrong = UNITS.replace("gas,ccgt,200", "gas,ccgt,-200").replace("wind,wind,50", "wind,wind,much")
    answer = outputs_api.post("/v1/baselines", body(wrong))
    assert (answer.status, answer.json["code"]) == (422, "invalid_baseline")
    assert outputs_api.post("/v1/baselines/validate", body(wrong)).json["errors"] == answer.json["errors"]
    paths = [error["path"] for error in answer.json["errors"]]
    assert paths == ["tables.units[0].capacity_mw", "tables.units[1].capacity_mw"]
    assert answer.json["errors"][0]["message"].startswith("units row 1, column capacity_mw")
    assert outputs_api.get("/v1/baselines").json["data"] == []


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"csv": "a", "upload_id": "01a1fc28-1810-7ad4-b96f-3eba59c90e7a"},
        {"parquet_base64": "§"},
        {"csv": "PAR1"},
    ],
)
def test_a_table_that_is_none_is_refused(outputs_api: OutputsApi, source: dict[str, Any]) -> None:
    document = body()
    document["tables"]["units"] = source
    assert outputs_api.post("/v1/baselines", document).status in (400, 422)


def test_tables_may_be_parquet_or_uploaded(outputs_api: OutputsApi) -> None:
    rows = [{"name": "gas", "technology": "ccgt", "capacity_mw": 300.0, "fuel": "gas", "heat_rate": 7.0}]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    upload = outputs_api.post("/v1/baselines/uploads", {}).json["data"]
    request = urllib.request.Request(upload["url"], data=LOAD.encode(), method=upload["method"])
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    document = {
        "name": "parquet",
        "tables": {
            "units": {"parquet_base64": base64.b64encode(sink.getvalue()).decode()},
            "load": {"upload_id": upload["upload_id"]},
        },
    }
    assert outputs_api.post("/v1/baselines", document).json["data"]["summary"]["capacity_mw"] == {
        "ccgt": 300.0
    }
    # An upload belongs to the tenant that made it.
    assert outputs_api.post("/v1/baselines", document, tenant="other").status == 400


def test_another_tenants_baseline_is_not_there(outputs_api: OutputsApi) -> None:
    stored = outputs_api.post("/v1/baselines", body(), tenant="other").json["data"]
    assert outputs_api.get("/v1/baselines").json["data"] == []
    assert outputs_api.get(f"/v1/baselines/{stored['id']}").status == 404
    for name in ("island", stored["id"], "no such"):
        with pytest.raises(NoSuchBaselineError):
            scenario(outputs_api.main_job, name)


def test_a_baseline_tells_what_a_scenario_on_it_may_name(outputs_api: OutputsApi) -> None:
    stored = outputs_api.post("/v1/baselines", body()).json["data"]
    outputs_api.post("/v1/baselines", body(UNITS.replace("wind,wind", "sun,sun")))
    path = f"/v1/baselines/{stored['id']}"
    newest, first = (
        answer.json["data"] for answer in (outputs_api.get(path), outputs_api.get(path, version=1))
    )
    assert (newest["version"], first["version"]) == (2, 1)
    assert (set(newest["vocabulary"]["units"]), set(first["vocabulary"]["units"])) == (
        {"sun", "gas"},
        {"wind", "gas"},
    )
    vocabulary = first["vocabulary"]
    assert (vocabulary["years"], vocabulary["build_mix"]) == ([2026, 2027], {"wind": 1.0})
    assert vocabulary["technologies"]["ccgt"] == {
        "units": 1, "capacity_mw": 200.0, "fuel": "gas", "renewable": False, "storage": False,
    }  # fmt: skip
    # The built-in one is asked for by its name, and what is not there is not found, however it is written
    built_in = outputs_api.get("/v1/baselines/reference").json["data"]
    assert (built_in["built_in"], built_in["vocabulary"]["years"]) == (True, [2026, 2045])
    for unknown in ("island", str(new_id()), f"{stored['id']}/versions/1"):
        assert outputs_api.get(f"/v1/baselines/{unknown}").status == 404
    assert outputs_api.get(f"/v1/baselines/{stored['id']}", version=3).json["code"] == "baseline_not_found"


def test_a_baseline_tells_its_merit_order_in_a_year(outputs_api: OutputsApi) -> None:
    stored = outputs_api.post("/v1/baselines", body()).json["data"]

    answer = outputs_api.get(f"/v1/baselines/{stored['id']}/merit-order", year=2027)
    whole = answer.json["data"]
    assert (answer.status, whole["year"], whole["currency"]) == (200, 2027, "EUR")
    assert [(offer["unit"], offer["capacity_mw"]) for offer in whole["offers"]] == [
        ("wind", 50.0),
        ("gas", 200.0),
    ]
    assert (whole["lowest_load_mw"], whole["highest_load_mw"]) == (101.0, 124.0)

    assert outputs_api.get("/v1/baselines/reference/merit-order").json["data"]["year"] == 2026
    refused = outputs_api.get(f"/v1/baselines/{stored['id']}/merit-order", year=2050)
    assert (refused.status, refused.json["errors"][0]["path"]) == (400, "year")
    assert "2026 to 2027" in refused.json["errors"][0]["message"]
    assert outputs_api.get(f"/v1/baselines/{new_id()}/merit-order").status == 404


def test_an_upload_is_told_what_was_assumed_and_so_is_each_result(outputs_api: OutputsApi) -> None:
    # Given tables of a spreadsheet that name a currency, and no carbon price
    semicolons = {name: {"csv": text.replace(",", ";")} for name, text in (("units", UNITS), ("load", LOAD))}
    prices = {"csv": "year;gas\n2026;7,5\n2027;7,5\n"}
    document = {"name": "sheet", "tables": {**semicolons, "prices": prices}, "currency": "USD"}
    refused = outputs_api.post("/v1/baselines", document)
    assert [error["path"] for error in refused.json["errors"]] == ["tables.prices.carbon"]
    prices["csv"] = "year;gas;carbon\n2026;7,5;0\n2027;7,5;0\n"
    stored = outputs_api.post("/v1/baselines", document)
    told = [warning["path"] for warning in stored.json["meta"]["warnings"]]
    assert {"tables.units.capex", "price_year", "tables.load.weight"} <= set(told)
    assert outputs_api.post("/v1/baselines", document).json["meta"] == {
        **stored.json["meta"], "request_id": mock.ANY,
    }  # fmt: skip
    # Then a run on it says the same, in its currency
    job = outputs_api.main_job
    run = job.request(scenario(job, "sheet"))
    assert job.work(run.id) == "STORED"
    ((result,),) = job.sql("SELECT result FROM output_file WHERE run_id = %s", run.id)
    assert result["metadata"]["currency"] == "USD"
    assert [warning["path"] for warning in result["metadata"]["warnings"]] == [f"baseline.{p}" for p in told]


def test_a_viewer_may_not_store_one(outputs_api: OutputsApi) -> None:
    assert outputs_api.post("/v1/baselines", body(), roles="[viewer]").status == 403
