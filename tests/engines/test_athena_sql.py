"""Athena's statements in Trino itself, which engine version 3 of Athena is built from: syntax, types and answers.

What Trino is given here has no catalogs, so the table and its snapshot stand in as values; that an Iceberg reader
finds the rows of a snapshot is shown with DuckDB (`tests/integration/outputs/test_athena.py`) and Spark. UNLOAD is
Athena's own and stays unproven but for the query in it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sextant.ids import new_id
from sextant.lake.read.athena_sql import Statement, literal, statement
from sextant.lake.read.export import ExportFormat, export, exported
from sextant.lake.read.query import EVERYTHING, OutputFilter
from sextant.lake.read.scan import scan
from sextant.lake.table.columns import OUTPUTS
from tests.engines.conftest import Trino
from tests.integration.lake.conftest import Lake
from tests.unit.lake.samples import FIRST_DAY, identity, some_rows

EXPORTED = tuple(column.name for column in exported(OUTPUTS))

_TABLE = re.compile(r'"market"."scenario_output" FOR VERSION AS OF \d+')
_COMPUTED = datetime(2026, 11, 21, 8, 30, 1, 123456, tzinfo=UTC)
_FILTERS = {
    "everything": EVERYTHING,
    "dates": OutputFilter(metric="price", start=FIRST_DAY + timedelta(10), end=FIRST_DAY + timedelta(60)),
    "values": OutputFilter(min_value=-0.25, max_value=5e-1),
    "tags": OutputFilter(tags={"technology": "solar", "zone": "north"}),
    "an injection": OutputFilter(metric="price' OR '1'='1"),
}


@pytest.mark.parametrize("name", _FILTERS)
def test_trino_takes_the_statement_and_answers_with_what_our_export_holds(
    lake: Lake, trino: Trino, name: str
) -> None:
    # Given two scenarios of one tenant, and one of another tenant
    scenario = new_id()
    for number, one in enumerate(
        (identity(scenario=scenario, computed=_COMPUTED), identity(), identity("beta"))
    ):
        lake.commit(lake.write(one, some_rows(60, seed=number)))
    table, where = lake.table(), _FILTERS[name]
    ours = b"".join(export(scan(table, "acme", str(scenario), where), ExportFormat.CSV)).decode()
    expected = list(csv.DictReader(io.StringIO(ours)))
    snapshot = table.metadata.current_snapshot_id
    assert snapshot is not None

    # When Trino is given the statement for a CSV file, the table's rows standing for the table
    asked = statement("acme", str(scenario), where, snapshot, ExportFormat.CSV, "s3://unused/")
    trino.parse(asked.text)
    values = _values(table.scan().to_arrow().to_pylist())
    answer = trino.run(_bound(asked, values))

    # Then the columns, and all that stands in them, are those of our own CSV
    assert tuple(column for column, _ in answer["columns"]) == EXPORTED
    found = [dict(zip(EXPORTED, row, strict=True)) for row in answer["rows"]]
    assert sorted(map(_plain, found), key=str) == sorted(map(_plain, expected), key=str)

    # And what Parquet is unloaded from has types that Hive's writer knows, and as many rows
    unloaded = statement("acme", str(scenario), where, snapshot, ExportFormat.PARQUET, "s3://there/")
    inner = re.fullmatch(r"UNLOAD \((.*)\) TO 's3://there/' WITH \(.*\)", unloaded.text)
    assert inner is not None
    trino.parse(inner[1])
    parquet = trino.run(_bound(Statement(inner[1], unloaded.parameters), values))
    assert dict(parquet["columns"]) == {
        **dict.fromkeys(EXPORTED, "varchar"),
        "asof_date": "date",
        "value": "double",
        "band_lower": "double",
        "band_upper": "double",
        "tags": "map(varchar, varchar)",
        "computed_ts": "timestamp(3)",
    }
    assert len(parquet["rows"]) == len(expected)


def _bound(asked: Statement, values: str) -> str:
    """The statement with its parameters bound as Athena binds them, over rows in place of the table."""
    text, times = _TABLE.subn(lambda _: values, asked.text)
    assert times == 1
    return f"EXECUTE IMMEDIATE {literal(text)} USING {', '.join(asked.parameters)}"


def _values(rows: list[dict[str, Any]]) -> str:
    """Rows as Trino's VALUES, in the types its Iceberg connector gives our columns."""
    spelled = ", ".join(f"({', '.join(_literal(name, row[name]) for name in OUTPUTS.names)})" for row in rows)
    return f"(VALUES {spelled}) AS scenario_output({', '.join(OUTPUTS.names)})"


def _literal(name: str, value: Any) -> str:
    kind = {
        "asof_date": "date",
        "value": "double",
        "band_lower": "double",
        "band_upper": "double",
        "tags": "map(varchar, varchar)",
        "computed_ts": "timestamp(6) with time zone",
    }.get(name, "varchar")
    if value is None:
        text = "NULL"
    elif name == "tags":
        pairs = dict(value)
        keys, values = (", ".join(map(literal, part)) for part in (pairs.keys(), pairs.values()))
        text = f"MAP(ARRAY[{keys}], ARRAY[{values}])"
    elif isinstance(value, datetime):
        text = literal(value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC"))
    else:
        text = literal(str(value))
    return f"CAST({text} AS {kind})"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Numbers, tags and instants as values rather than as spelled."""
    readers: dict[str, Any] = {
        **dict.fromkeys(("value", "band_lower", "band_upper"), float),
        "tags": json.loads,
        "computed_ts": datetime.fromisoformat,
    }
    return {
        name: readers.get(name, str)(value) if value not in (None, "") else None
        for name, value in row.items()
    }
