"""A run's data file: written once, sorted, uploaded by one PUT, described so that nobody need open it.

The descriptor holds all that an Iceberg commit says of a file. It is taken from what the Parquet writer
still has in memory, so committing a thousand files reads none of their footers.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, TypeVar
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from sextant.lake.objects.store import ObjectStore
from sextant.lake.table.arrow import parquet_field_ids, schema_of, writer_options
from sextant.lake.table.columns import (
    BUCKET_PARTITION_NAME,
    COLUMNS,
    OUTPUTS,
    PARTITION_SPEC_ID,
    ROW_GROUP_ROWS,
    SORT_ORDER_ID,
    TENANT_PARTITION_NAME,
    Definition,
    Kind,
    Metrics,
    bucket,
    partition_path,
    partition_values,
)
from sextant.lake.write.rows import OutputRows, RunIdentity, to_arrow

T = TypeVar("T")

FORMAT: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_GREATEST: Final = 2**63 - 1
_BOUND_BYTES: Final = {Kind.DOUBLE: 8, Kind.DATE: 4, Kind.TIMESTAMPTZ: 8}
_BOUNDED: Final = {c.field_id: c.kind for c in COLUMNS if c.metrics is Metrics.FULL}


class UnreadableDescriptorError(ValueError):
    """A descriptor that the table cannot take a file by."""


@dataclass(frozen=True)
class ColumnStatistics:
    """What the table keeps of one column of a file, by field id; bounds in Iceberg's single-value binary."""

    size: int
    values: int
    nulls: int
    lower: bytes | None = None
    upper: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class WrittenFile:
    """A data file that is uploaded, with all that an Iceberg commit says of it."""

    location: str
    size: int
    record_count: int
    spec_id: int
    sort_order_id: int
    partition: Mapping[str, str | int]
    columns: Mapping[int, ColumnStatistics]
    split_offsets: tuple[int, ...]
    etag: str | None = None
    """What the store called the object's content when it was written."""


@dataclass(frozen=True, kw_only=True)
class DataFileDescriptor(WrittenFile):
    """A run's data file that is not yet part of the table. `to_json` and `from_json` are inverse."""

    tenant_id: str
    scenario_id: UUID
    run_id: UUID

    def to_json(self) -> dict[str, Any]:
        """The descriptor as JSON's own types."""
        return {
            "format": FORMAT,
            "location": self.location,
            "tenant_id": self.tenant_id,
            "scenario_id": str(self.scenario_id),
            "run_id": str(self.run_id),
            "size": self.size,
            "record_count": self.record_count,
            "spec_id": self.spec_id,
            "sort_order_id": self.sort_order_id,
            "partition": dict(self.partition),
            "columns": {
                str(field_id): [c.size, c.values, c.nulls, _text(c.lower), _text(c.upper)]
                for field_id, c in self.columns.items()
            },
            "split_offsets": list(self.split_offsets),
            "etag": self.etag,
        }

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """The descriptor that `to_json` made.

        Raises UnreadableDescriptorError for a format that this code does not know, and for whatever the table could
        not take: one such file must not stop the commit of the others.
        """
        try:
            if document["format"] != FORMAT:
                raise UnreadableDescriptorError(
                    f"data file descriptor of format {document['format']}, this code knows {FORMAT}"
                )
            return cls(
                location=_checked(document, "location", str),
                tenant_id=_checked(document, "tenant_id", str),
                scenario_id=UUID(document["scenario_id"]),
                run_id=UUID(document["run_id"]),
                size=_checked(document, "size", int),
                record_count=_checked(document, "record_count", int),
                spec_id=_checked(document, "spec_id", int),
                sort_order_id=_checked(document, "sort_order_id", int),
                partition={
                    TENANT_PARTITION_NAME: _checked(document["partition"], TENANT_PARTITION_NAME, str),
                    BUCKET_PARTITION_NAME: _checked(document["partition"], BUCKET_PARTITION_NAME, int),
                },
                columns={
                    int(field_id): _column_of(int(field_id), values)
                    for field_id, values in document["columns"].items()
                },
                split_offsets=tuple(_count(offset) for offset in document["split_offsets"]),
                etag=document.get("etag"),
            )
        except UnreadableDescriptorError:
            raise
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UnreadableDescriptorError(
                f"data file descriptor: {type(error).__name__}: {error}"
            ) from error


def data_file_location(
    table_location: str, tenant_id: str, scenario_id: UUID, run_id: UUID, fencing_token: int
) -> str:
    """Where the data file of a run claimed under `fencing_token` lies.

    A run's every claim has its own place, so a worker that lost its lease can't touch its successor's file.
    """
    directory = partition_path(tenant_id, bucket(str(scenario_id)))
    return f"{table_location}/data/{directory}/{run_id}-{fencing_token:05d}.parquet"


def write_run(
    store: ObjectStore, table_location: str, rows: OutputRows, identity: RunIdentity, fencing_token: int
) -> DataFileDescriptor:
    """Write a run's rows as one sorted data file, in one PUT, and describe it.

    The same arguments make the same bytes at the same place, so a repeated call is harmless. Raises
    ValueError for rows that are none, uneven, or can't be told apart.
    """
    if not len(rows):
        raise ValueError(f"run {identity.run_id} has no rows")
    table = to_arrow(rows, identity)
    return write_file(store, table_location, [table], OUTPUTS, identity, fencing_token)


def write_file(
    store: ObjectStore,
    table_location: str,
    pieces: Iterable[pa.Table],
    definition: Definition,
    identity: RunIdentity,
    fencing_token: int,
) -> DataFileDescriptor:
    """Write a run's sorted rows, given in pieces, as one data file of the table at that location, and describe it."""
    location = data_file_location(
        table_location, identity.tenant_id, identity.scenario_id, identity.run_id, fencing_token
    )
    data, metadata = encode(pieces, definition)
    etag = store.put(location, data)
    return replace(describe(location, len(data), metadata, identity, definition), etag=etag)


def encode(pieces: Iterable[pa.Table], definition: Definition = OUTPUTS) -> tuple[bytes, pq.FileMetaData]:
    """Sorted rows of a table as a Parquet file: its bytes, and the footer as the writer knows it."""
    sink = pa.BufferOutputStream()
    collected: list[pq.FileMetaData] = []
    schema, options = schema_of(definition), writer_options(definition)
    with pq.ParquetWriter(sink, schema, metadata_collector=collected, **options) as writer:
        for piece in pieces:
            writer.write_table(piece, row_group_size=ROW_GROUP_ROWS)
    return sink.getvalue().to_pybytes(), collected[0]


def describe(
    location: str,
    size: int,
    metadata: pq.FileMetaData,
    identity: RunIdentity,
    definition: Definition = OUTPUTS,
) -> DataFileDescriptor:
    """The descriptor of a file that holds one run's rows."""
    columns, split_offsets = file_statistics(metadata, definition)
    return DataFileDescriptor(
        location=location,
        size=size,
        record_count=metadata.num_rows,
        spec_id=PARTITION_SPEC_ID,
        sort_order_id=SORT_ORDER_ID,
        partition=partition_values(identity.tenant_id, bucket(str(identity.scenario_id))),
        columns=columns,
        split_offsets=split_offsets,
        tenant_id=identity.tenant_id,
        scenario_id=identity.scenario_id,
        run_id=identity.run_id,
    )


def file_statistics(
    metadata: pq.FileMetaData, definition: Definition = OUTPUTS
) -> tuple[dict[int, ColumnStatistics], tuple[int, ...]]:
    """Column statistics by field id and the offset of each row group, from a Parquet footer."""
    field_ids = parquet_field_ids(definition)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    columns: dict[int, ColumnStatistics] = {}
    for position in range(metadata.num_columns):
        chunks = [group.column(position) for group in groups]
        field_id = field_ids[chunks[0].path_in_schema]
        columns[field_id] = _column_statistics(chunks, _BOUNDED.get(field_id))
    return columns, tuple(sorted(_chunk_offset(group.column(0)) for group in groups))


def _column_statistics(chunks: list[pq.ColumnChunkMetaData], bounded: Kind | None) -> ColumnStatistics:
    known = [chunk.statistics for chunk in chunks]
    edges = [statistics for statistics in known if statistics is not None and statistics.has_min_max]
    lower = upper = None
    if bounded is not None and edges:
        lower = _single_value(min(statistics.min for statistics in edges), bounded)
        upper = _single_value(max(statistics.max for statistics in edges), bounded)
    return ColumnStatistics(
        size=sum(chunk.total_compressed_size for chunk in chunks),
        values=sum(chunk.num_values for chunk in chunks),
        nulls=sum(statistics.null_count for statistics in known if statistics is not None),
        lower=lower,
        upper=upper,
    )


def _chunk_offset(chunk: pq.ColumnChunkMetaData) -> int:
    offsets: list[int] = [chunk.data_page_offset]
    if chunk.has_dictionary_page and chunk.dictionary_page_offset is not None:
        offsets.append(chunk.dictionary_page_offset)
    return min(offsets)


def _single_value(value: Any, kind: Kind) -> bytes:
    """Iceberg's binary form of one value (https://iceberg.apache.org/spec/#binary-single-value-serialization)."""
    if kind is Kind.DOUBLE:
        return struct.pack("<d", value)
    if kind is Kind.DATE:
        return struct.pack("<i", (value - _EPOCH.date()).days)
    if kind is Kind.TIMESTAMPTZ:
        return struct.pack("<q", (value - _EPOCH) // timedelta(microseconds=1))
    return str(value).encode()


def _checked(document: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """The field `name`; raises ValueError where it is none of `kind`, or empty, or more than Iceberg's numbers hold."""
    value = document[name]
    if kind is int:
        _count(value)
    if not isinstance(value, kind) or value == "":
        raise ValueError(f"{name} is {value!r}")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _GREATEST:
        raise ValueError(f"{value!r} is no count")
    return value


def _column_of(field_id: int, values: Sequence[Any]) -> ColumnStatistics:
    """The statistics of a column. Raises ValueError for bounds that a reader could not decode."""
    size, count, nulls, lower, upper = values
    kind = _BOUNDED.get(field_id)
    least, most = _raw(lower), _raw(upper)
    if (least is None) != (most is None) or not (
        least is None or most is None or _decoded(field_id, kind, least) <= _decoded(field_id, kind, most)
    ):
        raise ValueError(f"column {field_id} has bounds that are none")
    return ColumnStatistics(_count(size), _count(count), _count(nulls), least, most)


def _decoded(field_id: int, kind: Kind | None, bound: bytes) -> Any:
    """The bound as its readers decode it; raises ValueError where they could not."""
    if kind is Kind.STRING:
        return bound.decode()
    if kind is None or len(bound) != _BOUND_BYTES[kind]:
        raise ValueError(f"column {field_id} has a bound of {len(bound)} bytes")
    if kind is Kind.DOUBLE:
        return struct.unpack("<d", bound)[0]
    number = int.from_bytes(bound, "little", signed=True)
    try:
        return _EPOCH + (timedelta(days=number) if kind is Kind.DATE else timedelta(microseconds=number))
    except OverflowError as error:
        raise ValueError(f"column {field_id} has a bound that is no moment") from error


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _raw(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)
