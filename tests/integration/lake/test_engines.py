"""Other engines read the table as it lies: nothing of ours between them and it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import duckdb
import polars as pl
import pytest

from local.aws import LocalAws
from sextant.lake.table.columns import OUTPUTS, canonical_tags
from tests.duck import connect
from tests.integration.lake.conftest import Lake, compacted_scenario
from tests.unit.lake.samples import Fact


@pytest.fixture
def scenario(lake: Lake) -> UUID:
    return compacted_scenario(lake)


@pytest.fixture
def duck(aws: LocalAws) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with its Iceberg extension, pointed at the local S3."""
    with connect(aws.variables()) as connection:
        yield connection


def facts_of(lake: Lake, scenario: UUID) -> list[Fact]:
    """What was written for the scenario."""
    runs = lake.table().scan(f"scenario_id = '{scenario}'", selected_fields=("run_id",)).to_arrow()["run_id"]
    return sorted(fact for run in set(runs.to_pylist()) for fact in lake.written[UUID(run)])


def test_duckdb_reads_the_table(lake: Lake, scenario: UUID, duck: duckdb.DuckDBPyConnection) -> None:
    table = f"iceberg_scan('{lake.table().metadata_location}')"
    found = duck.execute(
        f"""SELECT metric, asof_date, run_id, tags, value FROM {table}
            WHERE tenant_id = 'acme' AND scenario_id = ?""",
        [str(scenario)],
    ).fetchall()
    assert sorted(Fact(m, d, r, canonical_tags(t.items()), v) for m, d, r, t, v in found) == facts_of(
        lake, scenario
    )

    # Every column has its type, and tags can be asked for by name
    columns = duck.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    assert [name for name, *_ in columns] == list(OUTPUTS.names)
    assert {name: kind for name, kind, *_ in columns if kind != "VARCHAR"} == {
        "asof_date": "DATE",
        "value": "DOUBLE",
        "band_lower": "DOUBLE",
        "band_upper": "DOUBLE",
        "tags": "MAP(VARCHAR, VARCHAR)",
        "computed_ts": "TIMESTAMP WITH TIME ZONE",
    }
    solar = duck.execute(f"SELECT count(*) FROM {table} WHERE tags['technology'] = 'solar'").fetchone()
    assert solar == (sum("technology\x1fsolar" in f.tags for fs in lake.written.values() for f in fs),)


def test_duckdb_counts_each_run_once(lake: Lake, scenario: UUID, duck: duckdb.DuckDBPyConnection) -> None:
    found = duck.execute(
        f"SELECT run_id, count(*) FROM iceberg_scan('{lake.table().metadata_location}') GROUP BY run_id"
    ).fetchall()
    assert {UUID(run): count for run, count in found} == {
        run: len(rows) for run, rows in lake.written.items()
    }
    assert str(scenario)


@pytest.mark.parametrize("reader", ["native", "pyiceberg"])
def test_polars_reads_the_table(
    lake: Lake, scenario: UUID, aws: LocalAws, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")  # its own planner is another package
    variables = aws.variables()
    frame = pl.scan_iceberg(
        lake.table(),
        reader_override=reader,  # type: ignore[arg-type]
        storage_options={
            "aws_endpoint_url": aws.endpoint,
            "aws_access_key_id": variables["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": variables["AWS_SECRET_ACCESS_KEY"],
            "aws_region": variables["AWS_REGION"],
            "aws_allow_http": "true",
        },
    )
    found = frame.filter(pl.col("scenario_id") == str(scenario)).collect()
    assert found.columns == list(OUTPUTS.names)
    assert found.schema["asof_date"] == pl.Date
    assert sorted(
        Fact(
            row["metric"],
            row["asof_date"],
            row["run_id"],
            canonical_tags(dict(row["tags"]).items()),
            row["value"],
        )
        for row in found.to_dicts()
    ) == facts_of(lake, scenario)
    assert found["asof_date"].min() >= date(2030, 1, 1)  # type: ignore[operator]
