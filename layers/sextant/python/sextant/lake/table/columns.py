"""The lake's tables as plain data: names, columns with their field ids, order and partitioning.

Everything that writes or reads the tables' files agrees on this module. It imports neither pyiceberg
nor pyarrow; `table` turns it into Iceberg's terms, `rows` into Arrow's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from urllib.parse import quote_plus

import mmh3

NAMESPACE: Final = "market"

ROW_GROUP_ROWS: Final = 20_000
BUCKETS: Final = 16

# The table is created with these ids, and a descriptor names the ones its file was written under.
PARTITION_SPEC_ID: Final = 0
SORT_ORDER_ID: Final = 1
TENANT_PARTITION_FIELD: Final = 1000
BUCKET_PARTITION_FIELD: Final = 1001
TENANT_PARTITION_NAME: Final = "tenant_id"
BUCKET_PARTITION_NAME: Final = "scenario_id_bucket"


class Kind(Enum):
    """The type of a column, in Iceberg's words."""

    STRING = "string"
    DOUBLE = "double"
    INTEGER = "int"
    DATE = "date"
    TIMESTAMPTZ = "timestamptz"
    STRING_MAP = "map<string, string>"


class Metrics(Enum):
    """How much of a column's statistics the table keeps for each data file."""

    FULL = "full"
    COUNTS = "counts"


@dataclass(frozen=True)
class Column:
    """One column: its Iceberg field id, type, whether it may be null, and what it means."""

    field_id: int
    name: str
    kind: Kind
    metrics: Metrics
    doc: str
    required: bool = field(default=True, kw_only=True)


COLUMNS: Final = (
    Column(1, "tenant_id", Kind.STRING, Metrics.FULL, "tenant that owns the row"),
    Column(2, "scenario_id", Kind.STRING, Metrics.FULL, "scenario, a UUID in canonical text"),
    Column(3, "run_id", Kind.STRING, Metrics.FULL, "run that computed the row, a UUID in canonical text"),
    Column(4, "metric", Kind.STRING, Metrics.FULL, "name of the metric"),
    Column(5, "asof_date", Kind.DATE, Metrics.FULL, "first day of the period the value stands for"),
    Column(6, "value", Kind.DOUBLE, Metrics.FULL, "null where undefined, never NaN", required=False),
    Column(7, "unit", Kind.STRING, Metrics.COUNTS, "unit of the value and the band"),
    Column(8, "band_lower", Kind.DOUBLE, Metrics.FULL, "lower edge of the band (P5)", required=False),
    Column(9, "band_upper", Kind.DOUBLE, Metrics.FULL, "upper edge of the band (P95)", required=False),
    Column(10, "tags", Kind.STRING_MAP, Metrics.COUNTS, "what the value is broken down by: technology, …"),
    Column(11, "attribution", Kind.STRING, Metrics.COUNTS, "JSON: each assumption's share", required=False),
    Column(12, "version_hash", Kind.STRING, Metrics.COUNTS, "hash of all that the run was computed from"),
    Column(13, "computed_ts", Kind.TIMESTAMPTZ, Metrics.FULL, "when the run was computed"),
)

COLUMN: Final[Mapping[str, Column]] = {column.name: column for column in COLUMNS}

IDENTITY: Final = (COLUMN["tenant_id"], COLUMN["scenario_id"], COLUMN["run_id"])
"""The columns that say whose a row is; in a run's file each has one value."""

HOUR_COLUMNS: Final = (
    Column(
        14,
        "hour",
        Kind.INTEGER,
        Metrics.COUNTS,
        "which of the year's hours, from 1, as in the baseline's load",
    ),
    Column(15, "weight", Kind.DOUBLE, Metrics.COUNTS, "hours of the year that it stands for"),
)
"""What the hourly table has beside the columns of the yearly one."""


@dataclass(frozen=True)
class Definition:
    """A table: its name, and its columns in order. Partitions and sort order are the same in all."""

    name: str
    columns: tuple[Column, ...]

    @property
    def identifier(self) -> tuple[str, str]:
        """How the catalog names it."""
        return NAMESPACE, self.name

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.columns)

    @property
    def tag_ids(self) -> tuple[int, int]:
        """The field ids of a tag's key and value: Iceberg numbers what lies within a column after all columns."""
        last = self.columns[-1].field_id
        return last + 1, last + 2

    @property
    def by_hour(self) -> bool:
        """Whether its rows are of single hours."""
        return "hour" in self.names

    def location(self, warehouse: str) -> str:
        """Where the table lives under `warehouse` (`s3://bucket/prefix`)."""
        return f"{warehouse.rstrip('/')}/{NAMESPACE}/{self.name}"


OUTPUTS: Final = Definition("scenario_output", COLUMNS)
HOURLY: Final = Definition("scenario_hourly", (*COLUMNS, *HOUR_COLUMNS))
TABLES: Final[Mapping[str, Definition]] = {table.name: table for table in (OUTPUTS, HOURLY)}

# The order declared to Iceberg and the one rows are written and paged in. The latter extends the
# former to a total order: a run may hold several rows of a metric and date that differ in tags.
SWEEP_TAG: Final = "sweep_"
"""The tags that begin so say at which point of a sweep a row was computed: the parameter's name follows."""
SORT_COLUMNS: Final = ("scenario_id", "metric", "asof_date")


def bucket(scenario_id: str) -> int:
    """The partition bucket of a scenario: Iceberg's bucket[16] transform of its text.

    murmur3_x86_32 of the UTF-8 bytes, sign bit dropped, modulo 16
    (https://iceberg.apache.org/spec/#bucket-transform-details).
    """
    return (mmh3.hash(scenario_id.encode()) & 0x7FFF_FFFF) % BUCKETS


def partition_values(tenant_id: str, bucket_number: int) -> dict[str, str | int]:
    """A partition, by the names of the partition fields."""
    return {TENANT_PARTITION_NAME: tenant_id, BUCKET_PARTITION_NAME: bucket_number}


def partition_path(tenant_id: str, bucket_number: int) -> str:
    """The Hive-style directory of a partition, as Iceberg writers name it."""
    return "/".join(
        f"{name}={quote_plus(str(value))}"
        for name, value in partition_values(tenant_id, bucket_number).items()
    )


def canonical_tags(items: Iterable[tuple[str, str]]) -> str:
    """Tags as one string that is equal for equal tags and orders them: `key\\x1fvalue`, sorted, `\\x1e` between.

    It is the last part of the paging key, so it depends on nothing but the tags.
    """
    return "\x1e".join(f"{key}\x1f{value}" for key, value in sorted(items))


def tags_of(canonical: str) -> dict[str, str]:
    """The tags that `canonical_tags` made the text from."""
    pairs = (pair.partition("\x1f") for pair in canonical.split("\x1e")) if canonical else ()
    return {key: value for key, _, value in pairs}
