"""A run's data file: sorted, deterministic, and described as pyiceberg would describe it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)

from sextant.lake.objects.store import FileStore
from sextant.lake.table.columns import COLUMNS, OUTPUTS, ROW_GROUP_ROWS, bucket, canonical_tags
from sextant.lake.table.iceberg import PROPERTIES, schema_of
from sextant.lake.write.datafile import DataFileDescriptor, encode, file_statistics, write_run
from sextant.lake.write.rows import OutputRows, sorted_rows, to_arrow
from tests.unit.lake.samples import FIRST_DAY, identity, some_rows


def test_the_same_rows_make_the_same_bytes_at_the_same_place(tmp_path: Path) -> None:
    run, rows = identity(), some_rows(500)
    first = write_run(FileStore(), f"file://{tmp_path}", rows, run, 3)
    data = Path(first.location.removeprefix("file://")).read_bytes()
    again = write_run(FileStore(), f"file://{tmp_path}", rows, run, 3)
    assert again == first
    assert Path(again.location.removeprefix("file://")).read_bytes() == data
    directory = f"data/tenant_id=acme/scenario_id_bucket={bucket(str(run.scenario_id))}"
    assert first.location == f"file://{tmp_path}/{directory}/{run.run_id}-00003.parquet"
    assert first.size == len(data)


def test_another_claim_writes_beside_and_never_over_the_first(tmp_path: Path) -> None:
    run, rows = identity(), some_rows(5)
    places = {write_run(FileStore(), f"file://{tmp_path}", rows, run, token).location for token in (1, 2)}
    assert len(places) == 2


def test_rows_are_sorted_with_every_column_in_its_place() -> None:
    run, rows = identity(), some_rows(800)
    table = to_arrow(rows, run)
    found = table.to_pylist(maps_as_pydicts="strict")
    assert found == sorted(
        found, key=lambda r: (r["metric"], r["asof_date"], canonical_tags(r["tags"].items()))
    )
    assert rows.tags is not None
    assert rows.attribution is not None
    written = {
        (m, d, canonical_tags(t.items())): (u, None if math.isnan(v) else v, low, a)
        for m, d, t, u, v, low, a in zip(
            rows.metric,
            rows.asof_date,
            rows.tags,
            rows.unit,
            rows.value,
            rows.band_lower or (),
            rows.attribution,
            strict=True,
        )
    }
    for row in found:
        key = (row["metric"], row["asof_date"], canonical_tags(row["tags"].items()))
        assert (row["unit"], row["value"], row["band_lower"], row["attribution"]) == written[key]
        assert row["band_upper"] is None
        assert (row["tenant_id"], row["scenario_id"], row["run_id"], row["version_hash"], row["computed_ts"]) == (
            run.tenant_id, str(run.scenario_id), str(run.run_id), run.version_hash, run.computed_ts
        )  # fmt: skip


def test_numpy_columns_are_taken_as_they_are() -> None:
    rows = OutputRows(
        metric=np.array(["price", "price"]),
        asof_date=np.array(["2031-01-01", "2030-01-01"], "datetime64[D]"),
        value=np.array([2.0, np.nan]),
        unit=np.array(["EUR/MWh", "EUR/MWh"]),
    )
    found = to_arrow(rows, identity()).select(["asof_date", "value", "tags"]).to_pylist()
    assert found == [
        {"asof_date": date(2030, 1, 1), "value": None, "tags": []},
        {"asof_date": date(2031, 1, 1), "value": 2.0, "tags": []},
    ]


def test_the_file_carries_icebergs_field_ids_and_row_groups() -> None:
    rows = OutputRows(
        metric=["price"] * 45_000,
        asof_date=np.datetime64("1900-01-01") + np.arange(45_000),
        value=np.arange(45_000.0),
        unit=["EUR/MWh"] * 45_000,
    )
    data, metadata = encode([to_arrow(rows, identity())])
    file = pq.ParquetFile(pa.BufferReader(data))
    assert [file.metadata.row_group(n).num_rows for n in range(3)] == [ROW_GROUP_ROWS, ROW_GROUP_ROWS, 5_000]
    ids = {field.name: int(field.metadata[b"PARQUET:field_id"]) for field in file.schema_arrow}
    assert ids == {column.name: column.field_id for column in COLUMNS}
    tags = file.schema_arrow.field("tags").type
    assert (tags.key_field.metadata[b"PARQUET:field_id"], tags.item_field.metadata[b"PARQUET:field_id"]) == (
        b"14",
        b"15",
    )
    assert file.metadata.row_group(0).column(5).compression == "SNAPPY"
    assert metadata.num_rows == 45_000


@pytest.mark.parametrize("count", [1, 700])
def test_the_description_is_the_one_pyiceberg_would_read_from_the_footer(count: int) -> None:
    run = identity()
    data, metadata = encode([to_arrow(some_rows(count), run)])
    columns, offsets = file_statistics(metadata)
    theirs = data_file_statistics_from_parquet_metadata(
        pq.read_metadata(pa.BufferReader(data)),
        compute_statistics_plan(schema_of(OUTPUTS), PROPERTIES),
        parquet_path_to_id_mapping(schema_of(OUTPUTS)),
    ).to_serialized_dict()
    assert {i: c.size for i, c in columns.items()} == theirs["column_sizes"]
    assert {i: c.values for i, c in columns.items()} == theirs["value_counts"]
    assert {i: c.nulls for i, c in columns.items()} == theirs["null_value_counts"]
    assert {i: c.lower for i, c in columns.items() if c.lower is not None} == theirs["lower_bounds"]
    assert {i: c.upper for i, c in columns.items() if c.upper is not None} == theirs["upper_bounds"]
    assert list(offsets) == theirs["split_offsets"]


def test_bounds_hold_over_all_row_groups() -> None:
    count = 2 * ROW_GROUP_ROWS
    rows = OutputRows(
        metric=["a"] * (count - 1) + ["b"],
        asof_date=np.datetime64(FIRST_DAY) + np.arange(count),
        value=np.linspace(-5.0, 5.0, count),
        unit=["1"] * count,
    )
    table = to_arrow(rows, identity())
    columns, offsets = file_statistics(encode([table])[1])
    assert (columns[4].lower, columns[4].upper) == (b"a", b"b")
    assert np.frombuffer((columns[6].lower or b"") + (columns[6].upper or b""), "<f8").tolist() == [-5.0, 5.0]
    assert (columns[1].values, columns[8].nulls, len(offsets)) == (count, count, 2)


def test_a_descriptor_survives_json(tmp_path: Path) -> None:
    descriptor = write_run(FileStore(), f"file://{tmp_path}", some_rows(50), identity(), 1)
    text = json.dumps(descriptor.to_json())
    assert DataFileDescriptor.from_json(json.loads(text)) == descriptor
    with pytest.raises(ValueError, match="format 9"):
        DataFileDescriptor.from_json({**descriptor.to_json(), "format": 9})


def test_rows_that_cannot_be_stored_are_refused(tmp_path: Path) -> None:
    good = some_rows(4)
    one_day = replace(good, metric=["price"] * 4, asof_date=[FIRST_DAY] * 4, tags=None)
    refused = {
        "no rows": some_rows(0),
        "unit has 3 rows": replace(good, unit=["1"] * 3),
        "same tags": one_day,
        "control characters": replace(good, tags=[{"zone": "a\x1fb"}] * 4),
    }
    for message, rows in refused.items():
        with pytest.raises(ValueError, match=message):
            write_run(FileStore(), f"file://{tmp_path}", rows, identity(), 1)
    with pytest.raises(ValueError, match="time zone"):
        to_arrow(good, replace(identity(), computed_ts=datetime(2026, 1, 1)))  # noqa: DTZ001
    assert not list(tmp_path.iterdir())


def test_rows_of_many_runs_sort_into_the_paging_order() -> None:
    scenarios = [UUID(int=n) for n in (2, 1)]
    tables = [to_arrow(some_rows(200, seed=n), identity(scenario=scenarios[n % 2])) for n in range(4)]
    found = sorted_rows(pa.concat_tables(tables)).to_pylist(maps_as_pydicts="strict")
    keys = [
        (r["scenario_id"], r["metric"], r["asof_date"], r["run_id"], canonical_tags(r["tags"].items()))
        for r in found
    ]
    assert keys == sorted(keys)
    assert len(set(keys)) == 800
