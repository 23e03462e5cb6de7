"""A baseline's tables as they were sent: CSV or Parquet, read as the engine's rows and as its system."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from sextant.baselines.model import TABLES
from sextant.engine import BaselineError, ModelInputError, SystemData, baseline_from_tables, rows_from_csv
from sextant.engine.tables import Row
from sextant.errors import FieldError, ValidationError

PARQUET_MAGIC = b"PAR1"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""How a text begins that a spreadsheet wrote as "Unicode"."""

# Every hour of sixty years, the most a baseline may have, and some room.
MAX_ROWS = 600_000
MAX_COLUMNS = 500
MAX_CELLS = 5_000_000
MAX_TABLE_BYTES = 64 * 1024 * 1024


class TableStore(Protocol):
    """Where tables lie; the lake's object stores are such. Reading an absent object raises FileNotFoundError."""

    def get(self, location: str) -> bytes: ...

    def put(self, location: str, data: bytes) -> object: ...


class InvalidBaselineError(ValidationError):
    """The tables break rules; each is named by table, row and column."""

    code, title = "invalid_baseline", "Invalid baseline"
    remedy = (
        "Mend the cells that errors[] names: a path counts rows from 0, the message counts them "
        "from 1, as a table without its header. Then send the tables again."
    )


def system_of(tables: Mapping[str, bytes], options: Mapping[str, Any], name: str, version: int) -> SystemData:
    """The system that the tables (CSV or Parquet, by their content) describe; raises `InvalidBaselineError`."""
    rows = {table: _rows(table, content) for table, content in tables.items()}
    try:
        return baseline_from_tables(
            rows.get("units", []),
            rows.get("load", []),
            rows.get("profiles", []),
            rows.get("prices", []),
            rows.get("storage", []),
            name=name,
            version=str(version),
            **options,
        )
    except BaselineError as error:
        errors = [FieldError(f"tables.{wrong.path}", "baseline", str(wrong)) for wrong in error.errors]
        raise InvalidBaselineError(
            f"{errors[0].message}."
            if len(errors) == 1
            else f"{len(errors)} rules are broken; the first: {errors[0].message}.",
            errors=errors,
        ) from error
    except ModelInputError as error:
        raise InvalidBaselineError(
            str(error), errors=[FieldError(error.path, "baseline", error.rule)]
        ) from error


def _rows(table: str, content: bytes) -> list[Row]:
    if len(content) > MAX_TABLE_BYTES:
        raise _unreadable(table, "too_large", f"must not exceed {MAX_TABLE_BYTES:,} bytes")
    try:
        if content.startswith(PARQUET_MAGIC):
            return _parquet_rows(table, content)
        text = content.decode("utf-16" if content[:2] in _UTF_16 else "utf-8-sig")
        if text.count("\n") > MAX_ROWS:
            raise _unreadable(table, "too_long", f"must not have more than {MAX_ROWS:,} rows")
        return list(rows_from_csv(text))
    except (pa.ArrowException, OSError, csv.Error, UnicodeDecodeError) as error:
        raise _unreadable(
            table, "format", "must be CSV in UTF-8 or UTF-16 with a header, or Parquet"
        ) from error
    except ValueError as error:
        raise _unreadable(table, "shape", f"must be a table with one cell a column: {error}") from error


def _parquet_rows(table: str, content: bytes) -> list[Row]:
    """The rows, read only after the footer says that they are few: kilobytes may hold millions of equal rows."""
    file = pq.ParquetFile(io.BytesIO(content))
    footer = file.metadata
    if footer.num_rows > MAX_ROWS:
        raise _unreadable(table, "too_long", f"must not have more than {MAX_ROWS:,} rows")
    if footer.num_columns > MAX_COLUMNS:
        raise _unreadable(table, "too_wide", f"must not have more than {MAX_COLUMNS} columns")
    if footer.num_rows * footer.num_columns > MAX_CELLS:
        raise _unreadable(table, "too_large", f"must not have more than {MAX_CELLS:,} cells")
    if (
        sum(footer.row_group(index).total_byte_size for index in range(footer.num_row_groups))
        > MAX_TABLE_BYTES
    ):
        raise _unreadable(table, "too_large", f"must not exceed {MAX_TABLE_BYTES:,} bytes when unpacked")
    for field in file.schema_arrow:
        if pa.types.is_nested(field.type):
            raise _unreadable(
                table, "nested", f"must be flat: {field.name[:64]!r} has more than one value a row"
            )
    content_of_file = file.read()
    names = [name.strip() for name in content_of_file.column_names]
    return list(content_of_file.rename_columns(names).to_pylist())


def _unreadable(table: str, rule: str, message: str) -> InvalidBaselineError:
    return InvalidBaselineError(
        f"The table {table} cannot be read: it {message}.",
        errors=[FieldError(f"tables.{table}", rule, message)],
    )


def digest_of(tables: Mapping[str, bytes], options: Mapping[str, Any]) -> str:
    """SHA-256 over the tables as they were sent, and the options."""
    digest = hashlib.sha256(repr(sorted(options.items())).encode())
    for table in TABLES:
        if table in tables:
            digest.update(table.encode() + hashlib.sha256(tables[table]).digest())
    return digest.hexdigest()
