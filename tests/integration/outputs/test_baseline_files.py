"""A baseline's tables as people have them, sent over HTTP: from a spreadsheet, by the quarter, with gaps, from a leap year."""

from __future__ import annotations

import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.integration.outputs.conftest import Answer, OutputsApi

UNITS = "name,technology,capacity_mw,fuel,heat_rate,emission_factor,capex\nGas,ccgt,500,gas,7.5,0.4,1\n"
PRICES = "year,gas,carbon\n2027,8,20\n"
TOLD = {"currency": "EUR", "price_year": 2025, "value_of_lost_load": 3_000.0}


def sent(api: OutputsApi, name: str, load: str, **options: Any) -> Answer:
    """What an analyst gets for these tables; the load goes by way of an upload, as large ones must."""
    upload = api.post("/v1/baselines/uploads", {}).json["data"]
    request = urllib.request.Request(upload["url"], data=load.encode(), method=upload["method"])
    with urllib.request.urlopen(request) as answer:
        assert answer.status in (200, 204)
    tables = {
        "units": {"csv": UNITS},
        "load": {"upload_id": upload["upload_id"]},
        "prices": {"csv": PRICES},
    }
    return api.post("/v1/baselines", {"name": name, "tables": tables, **TOLD, **options})


def hours(count: int) -> list[str]:
    return [f"2027,{hour},{100 + hour % 24}" for hour in range(1, count + 1)]


def table(rows: list[str]) -> str:
    return "\n".join(["year,hour,load_mw", *rows, ""])


def test_a_spreadsheets_table_is_the_same_system(outputs_api: OutputsApi) -> None:
    # Given a load as plain CSV, and as a European Excel writes it: its mark, semicolons, decimal commas, spaces and rows of nothing
    plain = "year,hour,weight,load_mw\n2027,1,4380.5,100.5\n2027,2,4379.5,200\n"
    excel = "\ufeffyear; hour ;weight;load_mw;;\r\n2027;1;4380,5;100,5;;\r\n;;;;;\r\n2027;2;4379,5;200;;\r\n;;;;;\r\n"
    # When both are sent
    summaries = [
        sent(outputs_api, name, load).json["data"]["summary"]
        for name, load in (("plain", plain), ("excel", excel))
    ]
    # Then they say the same
    assert summaries[0] == summaries[1]


def test_times_with_a_zone_and_quarters_are_taken(outputs_api: OutputsApi) -> None:
    # Given a year by the quarter in the time of Berlin, summer time and all
    zone, step = ZoneInfo("Europe/Berlin"), timedelta(minutes=15)
    start = datetime(2027, 1, 1, tzinfo=zone).astimezone(UTC)
    moments = [(start + k * step).astimezone(zone).isoformat() for k in range(35_040)]
    load = "\n".join(["timestamp,load_mw", *(f"{at},{100 + k % 96}" for k, at in enumerate(moments)), ""])
    # When it is sent to be kept, and to be averaged
    kept = sent(outputs_api, "quarters", load)
    averaged = sent(outputs_api, "averaged", load, resolution="hour")
    # Then the system has the quarters, or their hours
    assert (kept.status, averaged.status) == (201, 201), (kept.json, averaged.json)
    assert [one.json["data"]["summary"]["hours"] for one in (kept, averaged)] == [35_040, 8_760]


def test_what_is_wrong_with_the_hours_is_named_and_what_is_odd_is_told(outputs_api: OutputsApi) -> None:
    year = hours(8_760)
    # The first hour that is missing, and one that is there twice, are named with their rows
    for rows, message in (
        ([*year[:2000], *year[2001:]], "hour 2001 of 2027 is missing, between rows 2000 and 2001"),
        ([*year, year[9]], "hour 10 of 2027 stands in row 10 already"),
    ):
        answer = sent(outputs_api, "gaps", table(rows))
        assert (answer.status, answer.json["code"]) == (422, "invalid_baseline")
        (error,) = answer.json["errors"]
        assert message in error["message"]
        assert message in answer.json["detail"], "one broken rule is told as itself"
    # A zone that is missing is one rule too
    naive = sent(outputs_api, "naive", "timestamp,load_mw\n2027-01-01T00:00,1\n")
    assert (naive.status, naive.json["errors"][0]["path"]) == (422, "tables.load[0].timestamp")
    # And 8,784 hours in a year of 8,760 are taken, and told
    leap = sent(outputs_api, "leap", table(hours(8_784)))
    assert leap.status == 201
    (note,) = [note for note in leap.json["meta"]["warnings"] if note["path"] == "tables.load.hour"]
    assert note["rule"] == "leap_hours"
