"""The table's columns in Arrow's terms, and the options that its Parquet files are written with."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from sextant.lake.table.columns import COLUMNS, TAGS_KEY_ID, TAGS_VALUE_ID, Column, Kind

_FIELD_ID: Final = b"PARQUET:field_id"


def _field(field_id: int, name: str, kind: pa.DataType, *, nullable: bool) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={_FIELD_ID: str(field_id).encode()})


_ARROW_TYPES: Final[dict[Kind, pa.DataType]] = {
    Kind.STRING: pa.string(),
    Kind.DOUBLE: pa.float64(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMPTZ: pa.timestamp("us", tz="UTC"),
    Kind.STRING_MAP: pa.map_(
        _field(TAGS_KEY_ID, "key", pa.string(), nullable=False),
        _field(TAGS_VALUE_ID, "value", pa.string(), nullable=False),
    ),
}


def _arrow_field(column: Column) -> pa.Field:
    return _field(column.field_id, column.name, _ARROW_TYPES[column.kind], nullable=not column.required)


ARROW_SCHEMA: Final = pa.schema([_arrow_field(column) for column in COLUMNS])
"""The table's schema in Arrow, with Iceberg's field ids as Parquet field ids."""


def _leaves(column: Column) -> dict[str, int]:
    """The Parquet columns that one of ours is stored as, with their field ids."""
    if column.kind is Kind.STRING_MAP:
        pair = f"{column.name}.key_value"
        return {f"{pair}.key": TAGS_KEY_ID, f"{pair}.value": TAGS_VALUE_ID}
    return {column.name: column.field_id}


PARQUET_FIELD_IDS: Final = {path: number for column in COLUMNS for path, number in _leaves(column).items()}
"""The field id of each Parquet column, by its path."""

WRITER_OPTIONS: Final[dict[str, Any]] = {
    "compression": "snappy",  # half the time of zstd to decode, for a tenth more bytes of noise-like values
    # Every value of a column of doubles is another.
    "use_dictionary": [path for c in COLUMNS if c.kind is not Kind.DOUBLE for path in _leaves(c)],
    "store_schema": False,
    "write_statistics": True,
    "version": "2.6",
    "data_page_version": "1.0",
}
