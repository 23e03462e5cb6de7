"""What goes over the wire: compressed text, series, and limits on what is sent."""

from __future__ import annotations

import gzip
import io
import json
import math
from collections import defaultdict
from typing import Any

import orjson
import pyarrow as pa
import pytest

from functions.api.http import compression
from tests.integration.outputs.conftest import OutputsApi

GZIP = "br, gzip;q=0.8"


def test_a_page_goes_compressed_to_who_takes_that(outputs_api: OutputsApi) -> None:
    # Given a run
    scenario = outputs_api.main_job.scenario()
    outputs_api.published(scenario)
    path = f"/v1/scenarios/{scenario}/outputs"

    # When a page is asked for with and without gzip
    plain = outputs_api.get(path, limit=1000)
    small = outputs_api.get_encoded(GZIP, path, limit=1000)
    refused = outputs_api.get_encoded("gzip;q=0", path, limit=1000)

    # Then all hold the same, a cache can tell them apart, and what is sent is a fraction
    assert small.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Vary"] == small.headers["Vary"] == "Accept-Encoding"
    assert json.loads(gzip.decompress(small.content))["data"] == plain.json["data"] == refused.json["data"]
    assert len(small.content) * 8 < len(plain.content)
    # And what is smaller than a packet is sent as it is
    one = outputs_api.get_encoded(GZIP, path, limit=1)
    assert "Content-Encoding" not in one.headers
    # And a file of text is compressed on its way, one that is compressed already is not
    csv = outputs_api.get_encoded(GZIP, path, format="csv")
    assert gzip.decompress(csv.content) == outputs_api.get(path, format="csv").content
    arrow = outputs_api.get_encoded(GZIP, path, format="arrow")
    assert "Content-Encoding" not in arrow.headers
    table = pa.ipc.open_stream(io.BytesIO(arrow.content)).read_all()
    assert table.nbytes > 4 * len(arrow.content)


GAS = {"quantity": "FUEL_PRICE", "fuel": "gas", "distribution": "LOGNORMAL", "mean": 1.0, "std": 0.2}


# A band is two more numbers of seventeen digits, which nothing compresses to less than seven bytes.
@pytest.mark.parametrize(("uncertain", "most"), [([], 12_000), ([("stochastic", GAS)], 18_000)])
def test_a_page_of_a_thousand_rows_is_at_most_12_kb_and_half_as_much_again_with_bands(
    outputs_api: OutputsApi, uncertain: list[tuple[str, dict[str, Any]]], most: int
) -> None:
    # Given twenty years of a market that changes from year to year, so that few values are alike
    drivers = [
        ("policy", {"policy_name": "RPS", "start_year": 2030, "target": 0.6}),
        ("policy", {"policy_name": "CARBON_PRICE", "start_year": 2028, "price": 37.3}),
        ("fuel_curve", {"fuel": "gas", "multiplier": 1.37}),
        *uncertain,
    ]
    assumptions = [{"driver_type": kind, "payload": payload} for kind, payload in drivers]
    scenario = outputs_api.main_job.scenario(
        assumptions=assumptions, parameters={"attribution": False, "draws": 20}
    )
    outputs_api.published(scenario)
    path = f"/v1/scenarios/{scenario}/outputs"
    # When all of it is read page by page, then no page is more
    cursor: dict[str, str] = {}
    counts = []
    while True:
        page = outputs_api.get_encoded(GZIP, path, limit=1000, **cursor)
        assert len(page.content) <= most
        answer = json.loads(gzip.decompress(page.content))
        counts.append(len(answer["data"]))
        if "next_cursor" not in answer["meta"]:
            break
        cursor = {"cursor": answer["meta"]["next_cursor"]}
    assert counts[0] == 1000
    assert len(counts) > 1


def test_what_is_sent_is_limited_and_not_what_is_said(
    outputs_api: OutputsApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = outputs_api.main_job.scenario()
    outputs_api.published(scenario)
    path = f"/v1/scenarios/{scenario}/outputs"
    monkeypatch.setattr(compression, "MAX_SENT_BYTES", 10_000)
    assert outputs_api.get(path, limit=1000).json["code"] == "result_too_large"
    assert outputs_api.get_encoded(GZIP, path, limit=1000).status == 200


def test_series_hold_every_value_of_the_rows(outputs_api: OutputsApi) -> None:
    # Given two runs of a scenario
    scenario = outputs_api.main_job.scenario()
    runs = {str(outputs_api.published(scenario, seed=number)) for number in range(2)}
    path = f"/v1/scenarios/{scenario}/outputs"
    tags = next(row["tags"] for row in outputs_api.get(path).json["data"] if row["tags"])
    pairs = ",".join(f"{key}:{value}" for key, value in tags.items())
    for query in ({}, {"metric": "price"}, {"tags": pairs}):
        rows: defaultdict[tuple[str, ...], list[Any]] = defaultdict(list)
        cursor: dict[str, str] = {}
        while True:
            page = outputs_api.get(path, limit=1000, **query, **cursor).json
            for row in page["data"]:
                key = (row["metric"], row["run_id"], json.dumps(row["tags"]), row["unit"])
                rows[key].append((row["asof_date"], row["value"], row["band_lower"], row["band_upper"]))
            if "next_cursor" not in page["meta"]:
                break
            cursor = {"cursor": page["meta"]["next_cursor"]}

        # When they are asked for as series, then each has its dates in order and the values of the rows
        series = outputs_api.get(path, shape="series", **query).json["data"]
        read = {
            (one["metric"], one["run_id"], json.dumps(one["tags"]), one["unit"]): list(
                zip(
                    one["t"],
                    one["v"],
                    one.get("lo", [None] * len(one["t"])),
                    one.get("hi", [None] * len(one["t"])),
                    strict=True,
                )
            )
            for one in series
        }
        assert read == {key: sorted(values) for key, values in rows.items()}
        assert {one["run_id"] for one in series} == runs

    # And what does not go with it, or is misspelt, is refused by name
    assert outputs_api.get(path, shape="series", limit=5).json["errors"][0]["path"] == "limit"
    assert outputs_api.get(path, shape="series", format="csv").json["errors"][0]["path"] == "shape"
    assert outputs_api.get(path, shape="series", metric="prize").json["errors"][0]["path"] == "metric"
    assert outputs_api.get(path, "beta", shape="series").status == 404


def test_json_has_no_number_that_is_none() -> None:
    assert orjson.dumps([math.nan, math.inf, -math.inf, 1e-7]) == b"[null,null,null,1e-7]"
