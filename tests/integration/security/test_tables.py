"""Tables that a tenant brings: kilobytes that spell gigabytes, and files that are not what they say."""

from __future__ import annotations

import io
import resource
import time
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sextant.baselines.tables import InvalidBaselineError, system_of

UNITS = b"name,technology,capacity_mw\nu,gas,1\n"
LOAD = b"year,hour,load_mw\n2026,1,10\n"


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def refused(**tables: bytes) -> str:
    """The rule that the tables break."""
    with pytest.raises(InvalidBaselineError) as error:
        system_of({"units": UNITS, "load": LOAD, **tables}, {}, "b", 1)
    return error.value.errors[0].rule


def test_the_tables_that_the_attacks_are_made_of_are_good() -> None:
    assert system_of({"units": UNITS, "load": LOAD}, {}, "b", 1).years == (2026,)
    same = parquet({"name": ["u"], "technology": ["gas"], "capacity_mw": [1.0]})
    assert system_of({"units": same, "load": LOAD}, {}, "b", 1).units[0].name == "u"


def test_a_parquet_file_of_millions_of_equal_rows_is_not_unpacked() -> None:
    rows = 20_000_000
    bomb = parquet({"year": pa.repeat(pa.scalar(2026, pa.int32()), rows)}, compression="zstd")
    assert len(bomb) < 200_000
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    assert refused(load=bomb) == "too_long"
    assert time.process_time() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kilobytes"


def test_a_parquet_file_of_long_equal_texts_is_not_unpacked() -> None:
    text = pa.repeat(pa.scalar("x" * 10_000), 10_000)
    bomb = parquet({"name": text}, compression="zstd", use_dictionary=False)
    assert len(bomb) < 2_000_000
    assert refused(units=bomb) == "too_large"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (parquet({f"c{number}": [1] for number in range(600)}), "too_wide"),
        (parquet({"name": ["u"], "technology": ["gas"], "capacity_mw": [[1, 2]]}), "nested"),
        (parquet({"name": ["u"], "technology": [{"a": 1}], "capacity_mw": [1]}), "nested"),
        (parquet({"name": ["u"], "technology": ["gas"], "capacity_mw": [datetime.now(UTC)]}), "baseline"),
        (parquet({"name": [b"\xff"], "technology": ["gas"], "capacity_mw": [b"\xff"]}), "baseline"),
        (b"PAR1" + b"x" * 1000, "format"),
        (parquet({"name": ["u"]})[:-30] + b"PAR1", "format"),
        (parquet({"name": ["u"]})[:8], "format"),
        (b"name,technology,capacity_mw\n" + b"x" * 200_000 + b",gas,1\n", "format"),
        (b'name,technology,capacity_mw\n"' + b"x\n" * 200_000, "format"),
        (b"name,technology,capacity_mw\n" + b"u,gas,1\n" * 600_001, "too_long"),
        (b"\xff\xfe\x00", "format"),
        (b"", "baseline"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_a_table_that_is_none_is_refused_and_named(content: bytes, rule: str) -> None:
    assert refused(units=content) == rule
