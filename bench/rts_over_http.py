"""RTS-GMLC as a tenant's baseline over HTTP: `python -m bench.rts_over_http --rts <folder>`.

The tables are uploaded to a local system as a user would, each case of `sextant.engine.rts` is a scenario of them, and its run's
`dispatch_cost` is compared with HiGHS on the files. Then runs of twenty years are timed from their request to SUCCEEDED. It exits with 1
where a cost differs by more than 1e-9.
"""

from __future__ import annotations

import argparse
import csv
import io
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.report import Row, publish
from local.running import throwaway
from sextant.engine import rts as files
from sextant.engine.reproduce import AGREED
from sextant.engine.rts_program import least_cost

YEARS, RUNS = 20, 9


def csv_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows of a table as its text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _data(answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise RuntimeError(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:500]}")
    return answer.json()["data"]


def stored(client: httpx.Client, tables: Mapping[str, str], name: str, **options: Any) -> str:
    """The id of a baseline made of these tables, each sent to a URL of its own."""
    sources = {}
    for table, text in tables.items():
        upload = _data(client.post("/v1/baselines/uploads"))
        httpx.put(upload["url"], content=text.encode(), trust_env=False, timeout=60).raise_for_status()
        sources[table] = {"upload_id": upload["upload_id"]}
    body = {"name": name, "tables": sources, **files.OPTIONS, **options}
    return str(_data(client.post("/v1/baselines", json=body))["id"])


def scenario(client: httpx.Client, baseline: str, name: str, assumptions: Sequence[Any] = ()) -> str:
    """The id of a scenario on the baseline."""
    parameters = {**files.PARAMETERS, "baseline": baseline}
    body = {"name": name, "parameters": parameters, "assumptions": list(assumptions)}
    return str(_data(client.post("/v1/scenarios", json=body))["id"])


def succeeded(client: httpx.Client, scenario: str, **options: Any) -> tuple[str, float]:
    """A run of the scenario that has SUCCEEDED, and the seconds since its request."""
    began = time.perf_counter()
    run = _data(client.post(f"/v1/scenarios/{scenario}/run", json=options))["id"]
    while (state := _data(client.get(f"/v1/runs/{run}", params={"wait": 20})))["completed_at"] is None:
        if time.perf_counter() - began > 300:
            raise TimeoutError(f"run {run} is {state['state']}")
    took = time.perf_counter() - began
    if state["state"] != "SUCCEEDED":
        raise RuntimeError(f"run {run}: {state['error']}")
    return run, took


def differences(client: httpx.Client, system: files.Rts, tables: Mapping[str, str]) -> list[Row]:
    """Of each case how far the run's cost is from HiGHS's."""
    baseline = stored(client, tables, "rts-gmlc")
    rows = []
    for case in files.CASES:
        which = scenario(client, baseline, case.name, case.assumptions)
        run, _ = succeeded(client, which)
        query = {"run_id": run, "metric_name": "dispatch_cost"}
        (row,) = _data(client.get(f"/v1/scenarios/{which}/outputs", params=query))
        theirs = least_cost(system, case)
        apart = abs(row["value"] / theirs - 1.0)
        label = f"rts-gmlc over HTTP, {case.name}: relative difference to HiGHS"
        rows.append(Row(label, "1", apart, target=AGREED, better="lower"))
    return rows


def times(client: httpx.Client, tables: Mapping[str, str]) -> Row:
    """How soon a run of twenty years has succeeded; the first one, which loads the system, is left out."""
    last = files.YEAR + YEARS - 1
    years = {"end_year": last, "load_growth": 0.01}
    prices = tables["prices"].splitlines()
    price_years = [f"{year}{prices[1][4:]}" for year in range(files.YEAR, last + 1)]
    baseline = stored(
        client, {**tables, "prices": "\n".join([prices[0], *price_years])}, "rts-gmlc-20", **years
    )
    which = scenario(client, baseline, "twenty years")
    waits = [succeeded(client, which, seed=seed)[1] for seed in range(RUNS + 1)][1:]
    label = f"rts-gmlc over HTTP, {YEARS} years: request to SUCCEEDED, p50"
    return Row(label, "s", statistics.median(waits), target=0.6, better="lower")


def run(arguments: Sequence[str] | None = None) -> int:
    """Compare and time; 1 where a case differs."""
    parser = argparse.ArgumentParser(prog="python -m bench.rts_over_http", description=__doc__)
    parser.add_argument("--rts", type=Path, required=True, help="the folder of RTS-GMLC's files")
    given = files.read(parser.parse_args(arguments).rts)
    tables = {name: csv_of(rows) for name, rows in files.tables_of(given).items()}
    with throwaway({"POWERTOOLS_LOG_LEVEL": "WARNING"}) as running, running.client("demo", "admin") as client:
        timed = times(client, tables)
        rows = differences(client, given, tables)
    publish("rts-over-http", [*rows, timed])
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(run())
