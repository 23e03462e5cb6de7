"""What DuckDB may do, and what it says where a reading cannot be carried out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sextant.lake.errors import ReadingTooLongError, ResultTooLargeError
from sextant.lake.read.engine import Engine, EngineSettings, engine
from sextant.lake.read.query import EVERYTHING
from sextant.lake.read.scan import scan
from tests.integration.lake.conftest import Lake
from tests.unit.lake.samples import identity, some_rows


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/tmp/*')",
        "COPY (SELECT 1) TO '{directory}/stolen.csv'",
        "ATTACH '{directory}/other.db'",
        "EXPORT DATABASE '{directory}/all'",
        "SELECT * FROM read_parquet('s3://bucket/key.parquet')",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE SECRET (TYPE s3)",
        "SET threads = 8",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "RESET lock_configuration",
    ],
)
def test_a_statement_reaches_nothing_but_planned_files(statement: str, tmp_path: Path) -> None:
    with pytest.raises(duckdb.Error):
        engine().rows(None, (), statement.format(directory=tmp_path), {})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_there_for_its_own_reading_alone(lake: Lake) -> None:
    # Given a reading that was carried out
    run = identity()
    lake.commit(lake.write(run))
    reading = scan(lake.table(), "acme", str(run.scenario_id), EVERYTHING)
    (seen,) = engine().rows(
        reading.io, reading.files, "SELECT DISTINCT filename FROM read_parquet($files, filename = true)", {}
    )
    # When another reading names its file, then there is none
    with pytest.raises(duckdb.Error):
        engine().rows(reading.io, reading.files, f"SELECT * FROM read_parquet('{seen[0]}')", {})


@pytest.fixture
def small() -> Iterator[Engine]:
    made = Engine(EngineSettings(memory_mb=64, seconds=1))
    yield made
    made.close()


def test_a_reading_ends_at_its_deadline(small: Engine) -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(10_000_000) a, range(10_000_000) b"
    with pytest.raises(ReadingTooLongError):
        small.rows(None, (), endless, {})  # type: ignore[arg-type]


def test_a_reading_that_needs_more_memory_than_there_is_is_refused() -> None:
    tiny = Engine(EngineSettings(memory_mb=32))
    large = "SELECT list(range) FROM range(20_000_000)"
    with pytest.raises(ResultTooLargeError):
        tiny.rows(None, (), large, {})  # type: ignore[arg-type]
    tiny.close()


def test_another_tenants_rows_in_a_planned_file_do_not_pass(lake: Lake) -> None:
    # Given a file that the planner would have given to the wrong tenant
    theirs = identity("beta")
    lake.commit(lake.write(theirs, some_rows(50)))
    table = lake.table()
    planned = scan(table, "beta", str(theirs.scenario_id), EVERYTHING)
    wrong = type(planned)(
        table.io, "acme", planned.scenario_id, EVERYTHING, planned.files, planned.snapshot_id
    )
    # Then none of its rows is to be had
    assert len(planned.rows("run_id")) == 50
    assert wrong.rows("run_id") == []
