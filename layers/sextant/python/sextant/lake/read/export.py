"""A scenario's rows as CSV, Parquet or an Arrow stream, of any size, in pieces of some megabytes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final, Protocol, Self

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from sextant.lake.read.group import RowGroup
from sextant.lake.read.scan import Scan
from sextant.lake.table.arrow import ARROW_SCHEMA, WRITER_OPTIONS
from sextant.lake.table.columns import COLUMNS, tags_of

# The tenant is whoever asks.
EXPORTED: Final = tuple(column.name for column in COLUMNS if column.name != "tenant_id")
_SCHEMA: Final = pa.schema([ARROW_SCHEMA.field(name) for name in EXPORTED])
_TAGS: Final = EXPORTED.index("tags")
_CSV_SCHEMA: Final = _SCHEMA.set(_TAGS, pa.field("tags", pa.string()))
_PIECE_BYTES: Final = 1 << 20


class ExportFormat(Enum):
    """A format, with its media type."""

    CSV = "text/csv; charset=utf-8"
    PARQUET = "application/vnd.apache.parquet"
    ARROW = "application/vnd.apache.arrow.stream"


def export(scan: Scan, form: ExportFormat) -> Iterator[bytes]:
    """The scan's rows in a format, piece by piece; the pieces joined are the file.

    Every column but the tenant's. In CSV tags are JSON objects and nulls are empty fields. Without rows
    the file has a header and nothing else.
    """
    return {ExportFormat.CSV: _csv, ExportFormat.PARQUET: _parquet, ExportFormat.ARROW: _arrow}[form](scan)


def _csv(scan: Scan) -> Iterator[bytes]:
    def prepare(table: pa.Table) -> pa.Table:
        tags = RowGroup(table).tags.coded()
        texts = pa.array([_as_json(text) for text in tags.values], pa.string())
        return table.set_column(_TAGS, "tags", texts.take(pa.array(tags.codes))).cast(_CSV_SCHEMA)

    def open_writer(sink: _Drained) -> pa.csv.CSVWriter:
        return pa.csv.CSVWriter(sink, _CSV_SCHEMA, write_options=pa.csv.WriteOptions(quoting_style="needed"))

    return _pieces(scan, open_writer, prepare)


def _as_json(tags: str) -> str:
    return json.dumps(tags_of(tags), ensure_ascii=False, separators=(",", ":"))


def _parquet(scan: Scan) -> Iterator[bytes]:
    return _pieces(scan, lambda sink: pq.ParquetWriter(sink, _SCHEMA, **WRITER_OPTIONS), _plain)


def _arrow(scan: Scan) -> Iterator[bytes]:
    return _pieces(scan, lambda sink: pa.ipc.new_stream(sink, _SCHEMA), _plain)


def _plain(table: pa.Table) -> pa.Table:
    return table.cast(_SCHEMA)


class _Writer(Protocol):
    """What pyarrow's writers of the three formats have in common."""

    def write_table(self, table: pa.Table) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...


def _pieces(
    scan: Scan, open_writer: Callable[[_Drained], _Writer], prepare: Callable[[pa.Table], pa.Table]
) -> Iterator[bytes]:
    sink = _Drained()
    with open_writer(sink) as writer:
        for table in scan.tables(EXPORTED):
            writer.write_table(prepare(table))
            if sink.held >= _PIECE_BYTES:
                yield sink.drain()
    yield sink.drain()


class _Drained(io.RawIOBase):
    """A file to write to whose bytes are taken away as they come; it remembers only how many went by."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._drained = 0
        self.held = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._drained + self.held

    def write(self, data: bytes) -> int:  # type: ignore[override]
        piece = bytes(data)
        self._pieces.append(piece)
        self.held += len(piece)
        return len(piece)

    def drain(self) -> bytes:
        """What was written since the last time."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._drained += len(data)
        self.held = 0
        return data

    def close(self) -> None:
        """Writers close what they write to; what they wrote is still to be drained."""
