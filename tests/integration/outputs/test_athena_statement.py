"""The statement that Athena gets, run over the table by an engine that answers: with what our reader says."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from local.aws import LocalAws
from sextant.ids import new_id
from sextant.lake.read.athena_sql import FilterTooLongError, Statement, statement
from sextant.lake.read.export import ExportFormat, export, exported
from sextant.lake.read.query import EVERYTHING, OutputFilter
from sextant.lake.read.scan import scan
from sextant.lake.table.columns import OUTPUTS
from tests.duck import connect
from tests.integration.lake.conftest import Lake, lake, lake_settings
from tests.unit.lake.samples import FIRST_DAY, identity, some_rows

EXPORTED = tuple(column.name for column in exported(OUTPUTS))

__all__ = ["lake", "lake_settings"]

# ------------------------------------------------------------------------------------------- the statement

FILTERS = {
    "everything": EVERYTHING,
    "metric and dates": OutputFilter(
        metric="price", start=FIRST_DAY + timedelta(10), end=FIRST_DAY + timedelta(60)
    ),
    "values": OutputFilter(min_value=-0.25, max_value=0.5),
    "tags": OutputFilter(tags={"technology": "solar", "zone": "north"}),
    "an injection": OutputFilter(metric="price' OR '1'='1"),
}
# Trino's functions, as DuckDB would spell them.
_TRINO = """
CREATE MACRO at_timezone(instant, zone) AS timezone(zone, instant);
CREATE MACRO json_format(document) AS CAST(document AS varchar);
CREATE MACRO element_at(tags, name) AS tags[name];
"""


@pytest.fixture
def duck(aws: LocalAws) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(aws.variables()) as connection:
        connection.execute(_TRINO)
        yield connection


def run(duck: duckdb.DuckDBPyConnection, lake: Lake, asked: Statement) -> duckdb.DuckDBPyConnection:
    """The statement over the lake's table, its parameters in place as the literals they are.

    DuckDB has neither Athena's catalog nor its time travel and types: the table and its snapshot are given to its
    Iceberg reader, and its timestamps take no precision. All else is the text that Athena gets.
    """
    found = re.search(r'"market"."scenario_output" FOR VERSION AS OF (\d+)', asked.text)
    assert found is not None
    table = f"iceberg_scan('{lake.table().metadata_location}', snapshot_from_id = {found[1]})"
    text = re.sub(r"timestamp\(\d\)", "timestamp", asked.text.replace(found[0], table))
    assert text.count("?") == len(asked.parameters)
    for parameter in asked.parameters:
        text = text.replace("?", parameter, 1)
    return duck.execute(text)


@pytest.mark.parametrize("name", FILTERS)
def test_the_statement_answers_with_what_our_own_export_holds(
    lake: Lake, duck: duckdb.DuckDBPyConnection, name: str
) -> None:
    # Given three runs of a scenario, one of another and one of another tenant, and a snapshot that one run came after
    scenario = new_id()
    runs = [identity(scenario=scenario) for _ in range(3)]
    for number, one in enumerate(runs[:2]):
        others = identity(), identity("beta", scenario)
        lake.commit(*(lake.write(each, some_rows(150, seed=number)) for each in (one, *others)))
    pinned = lake.table().metadata.current_snapshot_id
    assert pinned is not None
    lake.commit(lake.write(runs[2], some_rows(150, seed=7)))
    where = FILTERS[name]
    ours = list(
        csv.DictReader(
            io.StringIO(
                b"".join(
                    export(scan(lake.table(), "acme", str(scenario), where, pinned), ExportFormat.CSV)
                ).decode()
            )
        )
    )
    assert bool(ours) == (name != "an injection")

    # When the statement is run
    asked = statement("acme", str(scenario), where, pinned, ExportFormat.CSV, "s3://unused/")
    result = run(duck, lake, asked)
    columns = [column[0] for column in result.description or ()]
    theirs = [dict(zip(columns, row, strict=True)) for row in result.fetchall()]

    # Then it answers with the same rows, at the same snapshot, in the same columns
    assert tuple(columns) == EXPORTED
    assert sorted(map(_plain, theirs), key=str) == sorted(map(_plain, ours), key=str)

    # And so does what Parquet is unloaded from
    unloaded = statement("acme", str(scenario), where, pinned, ExportFormat.PARQUET, "s3://there/1/")
    inner = re.fullmatch(r"UNLOAD \((.*)\) TO 's3://there/1/' WITH \(.*\)", unloaded.text)
    assert inner is not None
    rows = run(duck, lake, Statement(inner[1], unloaded.parameters)).fetchall()
    assert len(rows) == len(ours)


def test_runs_are_bound_each_and_other_formats_and_endless_filters_refused() -> None:
    runs = [new_id() for _ in range(3)]
    asked = statement("acme", "s", OutputFilter(run_ids=frozenset(runs)), 1, ExportFormat.CSV, "")
    assert "run_id IN (?, ?, ?)" in asked.text
    assert asked.parameters[2:] == tuple(f"'{one}'" for one in sorted(map(str, runs)))
    with pytest.raises(ValueError, match="ARROW"):
        statement("acme", "s", EVERYTHING, 1, ExportFormat.ARROW, "")
    with pytest.raises(FilterTooLongError):
        statement("acme", "s", OutputFilter(tags={"a": "'" * 600}), 1, ExportFormat.CSV, "")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row of either, numbers and tags as values rather than as spelled."""
    return {
        name: float(value)
        if name in ("value", "band_lower", "band_upper") and value not in (None, "")
        else json.loads(value)
        if name == "tags"
        else datetime.fromisoformat(value)
        if name == "computed_ts"
        else str(value)
        if value not in (None, "")
        else None
        for name, value in row.items()
    }
