"""Apache Spark reads the table as it lies, through the catalog it lies in, and says what our reader says.

What Spark rewrites or deletes in it, our reader reads; what our reader cannot apply, it refuses.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from sextant.ids import new_id
from sextant.lake.errors import SnapshotExpiredError, UnsupportedTableError
from sextant.lake.read.aggregate import aggregate
from sextant.lake.read.query import EVERYTHING, OutputFilter, OutputRow
from sextant.lake.read.reader import read_page
from sextant.lake.read.scan import scan
from sextant.lake.table.columns import OUTPUTS, canonical_tags
from sextant.lake.write.commit import commit_batch
from sextant.lake.write.maintenance import expire_snapshots, sort_times
from sextant.lake.write.times import own_clock
from tests.engines.conftest import CATALOG, TABLE, EngineError, Spark
from tests.integration.lake.conftest import Lake, compacted_scenario
from tests.unit.lake.samples import FIRST_DAY, Fact, identity, some_rows

_FILTERS: dict[str, tuple[OutputFilter, str]] = {
    "all": (EVERYTHING, "true"),
    "metric": (OutputFilter(metric="price"), "metric = 'price'"),
    "dates": (
        OutputFilter(start=FIRST_DAY + timedelta(10), end=FIRST_DAY + timedelta(40)),
        "asof_date BETWEEN DATE'2030-01-11' AND DATE'2030-02-10'",
    ),
    "values": (OutputFilter(min_value=-0.25, max_value=0.5), "value >= -0.25 AND value <= 0.5"),
    "tags": (
        OutputFilter(metric="generation", tags={"technology": "solar"}),
        "metric = 'generation' AND tags['technology'] = 'solar'",
    ),
}


@pytest.fixture
def scenario(lake: Lake) -> UUID:
    return compacted_scenario(lake)


def ours(
    lake: Lake, scenario: UUID, where: OutputFilter = EVERYTHING, snapshot: int | None = None
) -> list[Fact]:
    """What our reader says: every page of the scenario."""
    page = read_page(lake.table(), "acme", str(scenario), where, limit=10_000, snapshot_id=snapshot)
    return [Fact(*row.key[:4], value=row.value) for row in page.rows]


def theirs(spark: Spark, scenario: UUID, condition: str = "true", version: int | None = None) -> list[Fact]:
    """What Spark says."""
    at = f"VERSION AS OF {version}" if version else ""
    found = spark.sql(
        f"""SELECT metric, asof_date, run_id, tags, value FROM {TABLE} {at}
            WHERE tenant_id = 'acme' AND scenario_id = '{scenario}' AND {condition}"""
    )
    return sorted(
        Fact(metric, date.fromisoformat(day), run, canonical_tags(tags.items()), value)
        for metric, day, run, tags, value in found
    )


def test_spark_reads_every_row_type_filter_and_snapshot_as_our_reader_does(
    lake: Lake, scenario: UUID, spark: Spark
) -> None:
    # Rows, whatever the filter
    for name, (where, condition) in _FILTERS.items():
        expected = ours(lake, scenario, where)
        assert theirs(spark, scenario, condition) == expected, name
        assert expected, name
    assert Counter(fact.run_id for fact in theirs(spark, scenario)) == Counter(
        {
            str(run): len(facts)
            for run, facts in lake.written.items()
            if facts[0].run_id in runs_of(lake, scenario)
        }
    )

    # Types, under the names and in the order of the definition
    types = spark.types(f"SELECT * FROM {TABLE}")
    assert tuple(types) == OUTPUTS.names
    assert {name: kind for name, kind in types.items() if kind != "string"} == {
        "asof_date": "date",
        "value": "double",
        "band_lower": "double",
        "band_upper": "double",
        "tags": "map<string,string>",
        "computed_ts": "timestamp",
    }

    # Each column of a row, nulls and the instant among them
    row: OutputRow = next(
        row
        for row in read_page(lake.table(), "acme", str(scenario), EVERYTHING, limit=1000).rows
        if row.attribution and row.value is None
    )
    tags = " AND ".join(
        [
            f"cardinality(tags) = {len(row.tags)}",
            *(f"tags['{key}'] = '{value}'" for key, value in row.tags.items()),
        ]
    )
    (found,) = spark.sql(
        f"""SELECT value, unit, band_lower, band_upper, attribution, version_hash, computed_ts FROM {TABLE}
            WHERE run_id = '{row.run_id}' AND metric = '{row.metric}' AND asof_date = DATE'{row.asof_date}' AND {tags}"""
    )
    *columns, computed = found
    assert columns == [row.value, row.unit, row.band_lower, row.band_upper, row.attribution, row.version_hash]
    assert json.loads(columns[4])
    assert datetime.fromisoformat(computed).replace(tzinfo=UTC) == row.computed_ts

    # Aggregates
    chosen = OutputFilter(run_ids=frozenset(lake.written))
    medians = {
        one.key["metric"]: next(iter(one.percentiles.values()))
        for one in aggregate(scan(lake.table(), "acme", str(scenario), chosen), ("metric",), (50,))
    }
    assert dict(
        spark.sql(
            f"""SELECT metric, percentile(value, 0.5) FROM {TABLE}
                WHERE tenant_id = 'acme' AND scenario_id = '{scenario}' GROUP BY metric"""
        )
    ) == pytest.approx(medians)

    # Time travel to each snapshot of the history, before and after the compaction
    history = [snapshot.snapshot_id for snapshot in lake.table().metadata.snapshots]
    assert len(history) == 6
    for snapshot in history:
        assert theirs(spark, scenario, version=snapshot) == ours(lake, scenario, snapshot=snapshot)
    assert theirs(spark, scenario, version=history[0]) != theirs(spark, scenario)

    # An expired one is gone for both, and what is left reads the same
    expire_snapshots(lake.table(), protect=[], keep=2)
    with pytest.raises(EngineError, match="Cannot find"):
        theirs(spark, scenario, version=history[0])
    with pytest.raises(SnapshotExpiredError):
        ours(lake, scenario, snapshot=history[0])
    assert theirs(spark, scenario, version=history[-2]) == ours(lake, scenario, snapshot=history[-2])
    assert theirs(spark, scenario) == ours(lake, scenario)


def test_the_metadata_tells_spark_what_each_commit_did(lake: Lake, scenario: UUID, spark: Spark) -> None:
    rows = sum(len(facts) for facts in lake.written.values())
    snapshots = spark.sql(
        f"SELECT operation, summary['sextant.batch-id'], summary['total-records'] FROM {TABLE}.snapshots ORDER BY committed_at"
    )
    assert [operation for operation, *_ in snapshots] == ["append"] * 4 + ["replace", "append"]
    assert all(UUID(batch) for operation, batch, _ in snapshots if operation == "append")
    assert snapshots[-1][2] == str(rows)
    ((files, records),) = spark.sql(f"SELECT count(*), sum(record_count) FROM {TABLE}.files")
    assert (files, records) == (len(list(lake.table().scan().plan_files())), rows)


def test_what_spark_rewrites_and_deletes_by_copy_our_reader_reads(
    lake: Lake, scenario: UUID, spark: Spark
) -> None:
    before = ours(lake, scenario)

    # Given Spark's own compaction, which writes files of its own with statistics of its own
    spark.sql(
        f"CALL {CATALOG}.system.rewrite_data_files(table => 'market.scenario_output', options => map('rewrite-all', 'true'))"
    )
    # Then our reader finds the same rows, and the next group commit stands beside them
    assert ours(lake, scenario) == before
    assert lake.pages("acme", scenario, EVERYTHING, 7) == before
    lake.commit(lake.write(identity(scenario=scenario), some_rows(40, seed=3)))
    assert theirs(spark, scenario) == ours(lake, scenario) == lake.pages("acme", scenario, EVERYTHING, 50)
    assert len(ours(lake, scenario)) == len(before) + 40

    # And what it deletes by copying is gone for both
    spark.sql(f"DELETE FROM {TABLE} WHERE scenario_id = '{scenario}' AND metric = 'price'")
    left = ours(lake, scenario)
    assert left == [fact for fact in theirs(spark, scenario) if fact.metric != "price"]
    assert {fact.metric for fact in left} == {"capacity_factor", "generation", "npv"}


def test_delete_files_of_another_engine_are_refused_and_not_overlooked(
    lake: Lake, scenario: UUID, spark: Spark
) -> None:
    spark.sql(f"ALTER TABLE {TABLE} SET TBLPROPERTIES ('write.delete.mode' = 'merge-on-read')")
    spark.sql(f"DELETE FROM {TABLE} WHERE scenario_id = '{scenario}' AND metric = 'price'")
    assert {fact.metric for fact in theirs(spark, scenario)} == {"capacity_factor", "generation", "npv"}
    with pytest.raises(UnsupportedTableError):
        ours(lake, scenario)


def runs_of(lake: Lake, scenario: UUID) -> set[str]:
    """The runs that stand in the table for the scenario, by a plain Iceberg scan."""
    found = lake.table().scan(f"scenario_id = '{scenario}'", selected_fields=("run_id",)).to_arrow()["run_id"]
    return set(found.to_pylist())


def test_spark_reads_a_table_that_a_wrong_clock_wrote_to(spark: Spark, lake: Lake) -> None:
    # Given commits by three machines, the second of which is two hours ahead
    for hours in (0, 2, 0):
        clock = partial(_clock_ahead, hours)
        commit_batch(lake.table(), new_id(), [lake.write(identity(), some_rows(20))], clock=clock)
    expire_snapshots(lake.table(), protect=[], keep=2)

    # Then Spark, with Iceberg's Java library, reads what we read, also once the times were put in order
    assert spark.sql(f"SELECT count(*) FROM {TABLE}") == [[60]]
    sort_times(lake.table())
    assert spark.sql(f"SELECT count(*) FROM {TABLE}") == [[60]]


def _clock_ahead(hours: int) -> int:
    return own_clock() + hours * 3_600_000
