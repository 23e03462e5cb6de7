"""A scenario's rows as CSV, Parquet or an Arrow stream, of any size, in pieces of some megabytes."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import IO, Final, cast

from sextant.lake.errors import ResultTooLargeError
from sextant.lake.read.engine import engine
from sextant.lake.read.pieces import Sink
from sextant.lake.read.scan import Scan
from sextant.lake.read.sql import SOURCE, matching, nothing
from sextant.lake.table.columns import Column, Definition, Kind


def exported(table: Definition) -> tuple[Column, ...]:
    """The columns of a file: all but the tenant, who is whoever asks."""
    return tuple(column for column in table.columns if column.name != "tenant_id")


def _names(table: Definition) -> str:
    return ", ".join(column.name for column in exported(table))


class ExportFormat(Enum):
    """A format, with its media type."""

    CSV = "text/csv; charset=utf-8"
    PARQUET = "application/vnd.apache.parquet"
    ARROW = "application/vnd.apache.arrow.stream"


@dataclass(frozen=True, slots=True)
class CsvStyle:
    """How a spreadsheet wants its CSV: between cells, within numbers, and whether the file begins with the mark of UTF-8."""

    separator: str = ","
    decimal: str = "."
    bom: bool = False


def _spelled(name: str, kind: Kind, decimal: str) -> str:
    """A column as CSV spells it: numbers digit by digit as JSON answers do, instants in UTC, tags as JSON objects."""
    match kind:
        case Kind.DOUBLE:
            text = (
                f"CASE WHEN abs({name}) >= 1e16 OR abs({name}) < 1e-5 THEN replace(CAST({name} AS VARCHAR), 'e-0', 'e-')"
                f" ELSE CAST(to_json({name}) AS VARCHAR) END"
            )
            if decimal != ".":
                text = f"replace({text}, '.', '{decimal}')"
        case Kind.STRING_MAP:
            text = f"CAST(to_json({name}) AS VARCHAR)"
        case Kind.TIMESTAMPTZ:
            text = f"strftime({name}, '%Y-%m-%d %H:%M:%S.%fZ')"
        case _:
            text = name
    return f"{text} AS {name}"


@dataclass(frozen=True)
class CsvForm:
    """How some columns are written as CSV: the first line, what is selected, and the options of COPY."""

    header: bytes
    columns: str
    options: str

    @classmethod
    def of(cls, columns: Sequence[tuple[str, Kind]], style: CsvStyle) -> CsvForm:
        """That of columns by their names and kinds, in this order."""
        header = style.separator.join(f'"{name}"' for name, _ in columns) + "\n"
        texts = ", ".join(name for name, kind in columns if kind in (Kind.STRING, Kind.STRING_MAP))
        return cls(
            header.encode("utf-8-sig" if style.bom else "utf-8"),
            ", ".join(_spelled(name, kind, style.decimal) for name, kind in columns),
            f"FORMAT csv, HEADER false, DELIMITER '{style.separator}', FORCE_QUOTE ({texts})",
        )


def _field_id(column: Column, table: Definition) -> str:
    if column.kind is Kind.STRING_MAP:
        key_id, value_id = table.tag_ids
        pair = f"key: {key_id}, value: {value_id}"
        return f"{column.name}: {{__duckdb_field_id: {column.field_id}, {pair}}}"
    return f"{column.name}: {column.field_id}"


PARQUET: Final = "FORMAT parquet, COMPRESSION zstd"
PLAIN: Final = CsvStyle()
# What an Arrow stream is made from, within the process.
_INTERMEDIATE: Final = "FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 20480"


def export(scan: Scan, form: ExportFormat, style: CsvStyle = PLAIN) -> Iterator[bytes]:
    """The scan's rows in a format, piece by piece; the pieces joined are the file. `style` is that of CSV.

    Every column but the tenant's. In CSV tags are JSON objects and nulls are empty fields. Without rows
    the file has a header and nothing else. Raises as `Engine.rows` does.
    """
    match form:
        case ExportFormat.CSV:
            csv = CsvForm.of([(column.name, column.kind) for column in exported(scan.table)], style)
            yield csv.header
            yield from _copied(scan, csv.columns, csv.options)
        case ExportFormat.PARQUET:
            field_ids = ", ".join(_field_id(column, scan.table) for column in exported(scan.table))
            yield from _copied(scan, _names(scan.table), f"{PARQUET}, FIELD_IDS {{{field_ids}}}")
        case ExportFormat.ARROW:
            yield from _arrow(scan)


def _copied(scan: Scan, columns: str, options: str) -> Iterator[bytes]:
    condition, values = matching(scan.tenant_id, scan.scenario_id, scan.where)
    source = SOURCE if scan.files else nothing(scan.table)
    statement = f"SELECT {columns} FROM {source} WHERE {condition}"  # noqa: S608
    return engine().copy(scan.io, scan.files, statement, values, options)


def _arrow(scan: Scan) -> Iterator[bytes]:
    """By way of a Parquet file on disk: DuckDB and the writer of Arrow cannot both hold Python's lock."""
    from arro3.io import read_parquet, write_ipc_stream

    with tempfile.NamedTemporaryFile(prefix="sextant-export-") as spool:
        try:
            for piece in _copied(scan, _names(scan.table), _INTERMEDIATE):
                spool.write(piece)
            spool.flush()
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise ResultTooLargeError from error
            raise
        yield from Sink.pieces_of(
            lambda sink: write_ipc_stream(
                read_parquet(spool.name), cast("IO[bytes]", sink), compression="zstd"
            )
        )
