"""Row groups of data files with few requests: small files whole, large ones by footer and row group.

Data files never change, so what was fetched is kept, up to a bound, for the next page.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io import FileIO

from sextant.lake.errors import CorruptFileError, MissingFileError
from sextant.lake.objects.cache import WeightedCache
from sextant.lake.objects.file_io import store_of
from sextant.lake.read.plan import ANY_DATE, ANY_TEXT, ANY_VALUE, PlannedFile, Text
from sextant.lake.table.arrow import ARROW_SCHEMA, TEXT_PATHS
from sextant.lake.table.columns import COLUMN, COLUMNS, NAMES, Kind

WHOLE_FILE_BYTES: Final = 4 * 1024 * 1024
_TAIL_BYTES: Final = 64 * 1024
_DATA_KEPT_BYTES: Final = 128 * 1024 * 1024
_FOOTERS_KEPT: Final = 4096

_DOUBLES: Final = frozenset(column.name for column in COLUMNS if column.kind is Kind.DOUBLE)


@dataclass(frozen=True, slots=True)
class GroupBounds:
    """What the footer tells of one row group: the least and greatest value of the columns queries prune by,
    and the columns that hold one value, or nothing but nulls, throughout."""

    scenario: Text
    run: Text
    metric: Text
    asof: tuple[date, date]
    value: tuple[float, float]
    constants: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Footer:
    """A Parquet footer and the bounds of its row groups."""

    metadata: pq.FileMetaData
    groups: tuple[GroupBounds, ...]


_WHOLE: Final = -1
_bytes: Final = WeightedCache[tuple[str, int], bytes](_DATA_KEPT_BYTES, len)
_footers: Final = WeightedCache[str, Footer](_FOOTERS_KEPT)


def forget_data() -> None:
    """Drop every byte this process remembers of data files, as a fresh process would begin."""
    _bytes.clear()
    _footers.clear()


def footer(file_io: FileIO, file: PlannedFile) -> Footer:
    """The file's footer: no request if known, else one (two if it is larger than 64 KB).

    That one request brings a small file whole, which is then kept for its rows to be read.
    """
    known = _footers.get(file.location)
    if known is None:
        tail = _tail(file_io, file)
        with _decoding(file):
            metadata = pq.read_metadata(tail)
            if metadata.num_rows != file.record_count:
                raise ValueError(f"{metadata.num_rows} rows where the table counts {file.record_count}")
            known = Footer(
                metadata, tuple(_bounds(metadata, number) for number in range(metadata.num_row_groups))
            )
        _footers.put(file.location, known)
    return known


def is_at_hand(file: PlannedFile) -> bool:
    """Whether the file's footer is known, so that planning within it costs no request."""
    return _footers.get(file.location) is not None


def owner_to_check(
    file: PlannedFile, bounds: GroupBounds, tenant_id: str, scenario_id: str
) -> tuple[str, str] | None:
    """The owner that each row must be checked for; None where all of the group are known to be theirs.

    The partition tells the tenant and the group's bounds the scenario.
    """
    tenant_known = file.partition is not None and file.partition[0] == tenant_id
    if tenant_known and bounds.scenario == (scenario_id, scenario_id):
        return None
    return tenant_id, scenario_id


def read_group(
    file_io: FileIO, file: PlannedFile, number: int, columns: Sequence[str], *, keep: bool = True
) -> pa.Table:
    """Some columns of one row group, strings dictionary-encoded; at most one request.

    `keep` says whether to remember the fetched bytes; a scan that passes once over everything does not.
    """
    metadata = footer(file_io, file).metadata
    source = _source(file_io, file, metadata, number, keep=keep)
    with (
        _decoding(file),
        pq.ParquetFile(source, metadata=metadata, read_dictionary=TEXT_PATHS) as parquet,
    ):
        return parquet.read_row_group(number, columns=list(columns), use_threads=False)


def whole_groups(file_io: FileIO, file: PlannedFile) -> Iterator[pa.Table]:
    """Each row group of the file with every column, as a table of `ARROW_SCHEMA`. Nothing is remembered."""
    for number in range(footer(file_io, file).metadata.num_row_groups):
        yield read_group(file_io, file, number, NAMES, keep=False).cast(ARROW_SCHEMA)


def verify(file_io: FileIO, file: PlannedFile) -> None:
    """Read the file anew, and remember nothing of it. Raises UnreadableFileError."""
    _forget(file)
    try:
        for _ in whole_groups(file_io, file):
            pass
    finally:
        _forget(file)


def prefetch(file_io: FileIO, file: PlannedFile) -> None:
    """Fetch a small file whole, or a large one's footer, so that the next read finds it."""
    if file.size <= WHOLE_FILE_BYTES:
        _whole(file_io, file, keep=True)
    footer(file_io, file)


def _whole(file_io: FileIO, file: PlannedFile, *, keep: bool) -> bytes:
    data = _bytes.get((file.location, _WHOLE))
    if data is None:
        data = _fetch(file_io, file, None)
        if keep:
            _bytes.put((file.location, _WHOLE), data)
    return data


def _fetch(file_io: FileIO, file: PlannedFile, span: tuple[int, int] | None) -> bytes:
    store = store_of(file_io, file.location)
    length = file.size if span is None else span[1]
    try:
        data = store.get(file.location) if span is None else store.get_range(file.location, *span)
    except FileNotFoundError as error:
        raise MissingFileError(file.location, *owner_of(file)) from error
    if len(data) != length:
        raise CorruptFileError(file.location, *owner_of(file))
    return data


@contextmanager
def _decoding(file: PlannedFile) -> Iterator[None]:
    """Raises CorruptFileError where the file cannot be decoded, and forgets its bytes: they may be whole the next time."""
    try:
        yield
    except (pa.ArrowException, ValueError, OSError, EOFError, MemoryError) as error:
        _forget(file)
        raise CorruptFileError(file.location, *owner_of(file)) from error


def _forget(file: PlannedFile) -> None:
    groups = known.metadata.num_row_groups if (known := _footers.get(file.location)) else 0
    for number in (_WHOLE, *range(groups)):
        _bytes.discard((file.location, number))
    _footers.discard(file.location)


def owner_of(file: PlannedFile) -> tuple[str | None, str | None]:
    """Tenant and run, where the file is known to hold one."""
    tenant = file.partition[0] if file.partition is not None else None
    return tenant, file.run[0] if file.run[0] == file.run[1] else None


def _tail(file_io: FileIO, file: PlannedFile) -> pa.NativeFile | _Window:
    if file.size <= WHOLE_FILE_BYTES:
        return pa.BufferReader(_whole(file_io, file, keep=True))
    tail = _fetch(file_io, file, (file.size - _TAIL_BYTES, _TAIL_BYTES))
    length = int.from_bytes(tail[-8:-4], "little") + 8
    if length > len(tail):
        tail = _fetch(file_io, file, (file.size - length, length))
    return _Window(tail, file.size - len(tail), file.size)


def _source(
    file_io: FileIO, file: PlannedFile, metadata: pq.FileMetaData, number: int, *, keep: bool
) -> pa.NativeFile | _Window:
    if file.size <= WHOLE_FILE_BYTES:
        return pa.BufferReader(_whole(file_io, file, keep=keep))
    start, length = _group_span(metadata, number)
    data = _bytes.get((file.location, number))
    if data is None:
        data = _fetch(file_io, file, (start, length))
        if keep:
            _bytes.put((file.location, number), data)
    return _Window(data, start, file.size)


def _bounds(metadata: pq.FileMetaData, number: int) -> GroupBounds:
    group = metadata.row_group(number)
    ours = metadata.created_by.startswith("parquet-cpp-arrow")
    edges: dict[str, tuple[Any, Any]] = {}
    constants: dict[str, Any] = {}
    for position in range(group.num_columns):
        chunk = group.column(position)
        name, statistics = chunk.path_in_schema, chunk.statistics
        if statistics is None or name not in COLUMN:
            continue
        if statistics.null_count == group.num_rows:
            constants[name] = None
        elif statistics.has_min_max:
            edges[name] = (statistics.min, statistics.max)
            # Other writers may cut bounds of long texts short, and a NaN is in neither bound.
            exact = ours and name not in _DOUBLES
            if exact and not statistics.null_count and statistics.min == statistics.max:
                constants[name] = statistics.min
    return GroupBounds(
        scenario=edges.get("scenario_id", ANY_TEXT),
        run=edges.get("run_id", ANY_TEXT),
        metric=edges.get("metric", ANY_TEXT),
        asof=edges.get("asof_date", ANY_DATE),
        value=edges.get("value", ANY_VALUE),
        constants=constants,
    )


def _group_span(metadata: pq.FileMetaData, number: int) -> tuple[int, int]:
    """First byte and length of a row group; its column chunks lie side by side."""
    group = metadata.row_group(number)
    starts, ends = [], []
    for position in range(group.num_columns):
        chunk = group.column(position)
        start = chunk.data_page_offset
        if chunk.has_dictionary_page and chunk.dictionary_page_offset is not None:
            start = min(start, chunk.dictionary_page_offset)
        starts.append(start)
        ends.append(start + chunk.total_compressed_size)
    return min(starts), max(ends) - min(starts)


class _Window(io.RawIOBase):
    """A file of which only one stretch is at hand; reading outside it is a mistake of this module."""

    def __init__(self, data: bytes, start: int, size: int) -> None:
        super().__init__()
        self._data = data
        self._start = start
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        begin = self._position - self._start
        end = len(self._data) if size < 0 else begin + size
        if begin < 0 or end > len(self._data):
            raise ValueError(f"read of {size} bytes at {self._position} outside the fetched stretch")
        self._position += end - begin
        return self._data[begin:end]
