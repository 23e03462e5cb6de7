"""The tables' columns in Arrow's terms, and the options that their Parquet files are written with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import pyarrow as pa

from sextant.lake.table.columns import HOURLY, OUTPUTS, Column, Definition, Kind

_FIELD_ID: Final = b"PARQUET:field_id"

_ARROW_TYPES: Final[dict[Kind, pa.DataType]] = {
    Kind.STRING: pa.string(),
    Kind.DOUBLE: pa.float64(),
    Kind.INTEGER: pa.int32(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMPTZ: pa.timestamp("us", tz="UTC"),
}


def _field(field_id: int, name: str, kind: pa.DataType, *, nullable: bool) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={_FIELD_ID: str(field_id).encode()})


def _type(column: Column, table: Definition) -> pa.DataType:
    if column.kind is not Kind.STRING_MAP:
        return _ARROW_TYPES[column.kind]
    key_id, value_id = table.tag_ids
    return pa.map_(
        _field(key_id, "key", pa.string(), nullable=False),
        _field(value_id, "value", pa.string(), nullable=False),
    )


@cache
def schema_of(table: Definition) -> pa.Schema:
    """A table's schema in Arrow, with Iceberg's field ids as Parquet field ids."""
    return pa.schema(
        [_field(c.field_id, c.name, _type(c, table), nullable=not c.required) for c in table.columns]
    )


ARROW_SCHEMA: Final = schema_of(OUTPUTS)
HOURLY_SCHEMA: Final = schema_of(HOURLY)


def _leaves(column: Column, table: Definition) -> dict[str, int]:
    """The Parquet columns that one of ours is stored as, with their field ids."""
    if column.kind is Kind.STRING_MAP:
        key_id, value_id = table.tag_ids
        pair = f"{column.name}.key_value"
        return {f"{pair}.key": key_id, f"{pair}.value": value_id}
    return {column.name: column.field_id}


@cache
def parquet_field_ids(table: Definition) -> Mapping[str, int]:
    """The field id of each Parquet column of a table, by its path."""
    return {path: number for column in table.columns for path, number in _leaves(column, table).items()}


def writer_options(table: Definition) -> dict[str, Any]:
    """How a table's Parquet files are written."""
    # Every value of a column of doubles is another; the hours' weights are few.
    own = [c for c in table.columns if c.kind is not Kind.DOUBLE or c.name == "weight"]
    return {
        "compression": "snappy",  # half the time of zstd to decode, for a tenth more bytes of noise-like values
        "use_dictionary": [path for c in own for path in _leaves(c, table)],
        "store_schema": False,
        "write_statistics": True,
        "version": "2.6",
        "data_page_version": "1.0",
    }
