"""Which data files of a snapshot a query needs, from manifests decoded once per process.

Manifests never change, so each is fetched and decoded once and kept as a small index by partition.
Planning on a warm process is then dictionary look-ups; a new commit costs the manifest list and the
one manifest it added.
"""

from __future__ import annotations

import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile, ManifestContent, ManifestFile
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from sextant.lake.errors import (
    CorruptFileError,
    MissingFileError,
    SnapshotNotFoundError,
    UnsupportedTableError,
)
from sextant.lake.objects.cache import WeightedCache
from sextant.lake.objects.file_io import forget_cached_file
from sextant.lake.table.columns import BUCKET_PARTITION_FIELD, COLUMN, TENANT_PARTITION_FIELD, bucket

Partition = tuple[str, int]
Text = tuple[str, str]

_EPOCH: Final = date(1970, 1, 1)
_SCENARIO: Final = COLUMN["scenario_id"].field_id
_RUN: Final = COLUMN["run_id"].field_id
_METRIC: Final = COLUMN["metric"].field_id
_ASOF: Final = COLUMN["asof_date"].field_id
_VALUE: Final = COLUMN["value"].field_id

ANY_TEXT: Final = ("", "\U0010ffff")
ANY_DATE: Final = (date.min, date.max)
ANY_VALUE: Final = (float("-inf"), float("inf"))

# Data files whose bounds one process keeps; about a kilobyte each.
_FILES_KEPT: Final = 100_000
_LISTS_KEPT: Final = 64
_READERS: Final = 8


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A live data file and the least and greatest value of the columns queries prune by."""

    location: str
    size: int
    record_count: int
    partition: Partition | None
    scenario: Text
    run: Text
    metric: Text
    asof: tuple[date, date]
    value: tuple[float, float]


class ManifestIndex:
    """The live files of one manifest, by partition; files under a foreign spec stand under None."""

    def __init__(self, files: Iterable[PlannedFile]) -> None:
        self._by_partition: dict[Partition | None, list[PlannedFile]] = defaultdict(list)
        self.count = 0
        for file in files:
            self._by_partition[file.partition].append(file)
            self.count += 1

    def candidates(self, partition: Partition) -> Iterator[PlannedFile]:
        """The files that may hold rows of `partition`."""
        yield from self._by_partition.get(partition, ())
        yield from self._by_partition.get(None, ())

    def __iter__(self) -> Iterator[PlannedFile]:
        for files in self._by_partition.values():
            yield from files


_indexes: Final = WeightedCache[str, ManifestIndex](_FILES_KEPT, lambda index: index.count)
_manifest_lists: Final = WeightedCache[str, tuple[ManifestFile, ...]](_LISTS_KEPT)


def forget_plans() -> None:
    """Drop every plan this process remembers, as a fresh process would begin."""
    _indexes.clear()
    _manifest_lists.clear()


def pinned_snapshot(metadata: TableMetadata, snapshot_id: int | None) -> Snapshot | None:
    """The snapshot to read: `snapshot_id`, or the newest (None on an empty table).

    Raises SnapshotNotFoundError where the table has none of this id.
    """
    if snapshot_id is None:
        return metadata.current_snapshot()
    snapshot = metadata.snapshot_by_id(snapshot_id)
    if snapshot is None:
        raise SnapshotNotFoundError
    return snapshot


def scenario_files(
    metadata: TableMetadata, io: FileIO, snapshot: Snapshot | None, tenant_id: str, scenario_id: str
) -> list[PlannedFile]:
    """The files of `snapshot` that may hold rows of the scenario."""
    if snapshot is None:
        return []
    partition = (tenant_id, bucket(scenario_id))
    manifests = [m for m in data_manifests(snapshot, io) if _may_hold(m, metadata, partition)]
    return [
        file
        for index in _read_indexes(manifests, metadata, io)
        for file in index.candidates(partition)
        if file.scenario[0] <= scenario_id <= file.scenario[1]
    ]


def all_files(metadata: TableMetadata, io: FileIO, snapshot: Snapshot | None) -> list[PlannedFile]:
    """Every live file of `snapshot`."""
    return files_of(data_manifests(snapshot, io), metadata, io) if snapshot is not None else []


def files_of(manifests: Sequence[ManifestFile], metadata: TableMetadata, io: FileIO) -> list[PlannedFile]:
    """Every live file of some manifests."""
    return [file for index in _read_indexes(manifests, metadata, io) for file in index]


def data_manifests(snapshot: Snapshot, io: FileIO) -> tuple[ManifestFile, ...]:
    """The snapshot's manifests that list live data files.

    Raises UnreadableFileError where its manifest list is missing or damaged, UnsupportedTableError where some other
    engine's delete files would have to be applied.
    """
    known = _manifest_lists.get(snapshot.manifest_list)
    if known is not None:
        return known
    with _decoding(snapshot.manifest_list):
        manifests = snapshot.manifests(io)
    live = tuple(m for m in manifests if m.has_added_files() or m.has_existing_files())
    if any(manifest.content is not ManifestContent.DATA for manifest in live):
        raise UnsupportedTableError
    _manifest_lists.put(snapshot.manifest_list, live)
    return live


def _may_hold(manifest: ManifestFile, metadata: TableMetadata, partition: Partition) -> bool:
    """Whether the manifest's partition summary allows for files of `partition`."""
    summaries = manifest.partitions
    if not summaries:
        return True
    tenant_id, bucket_number = partition
    for field, summary in zip(metadata.specs()[manifest.partition_spec_id].fields, summaries, strict=True):
        low, high = summary.lower_bound, summary.upper_bound
        if low is None or high is None:
            continue
        if field.field_id == TENANT_PARTITION_FIELD and not low <= tenant_id.encode() <= high:
            return False
        if field.field_id == BUCKET_PARTITION_FIELD and not _integer(low) <= bucket_number <= _integer(high):
            return False
    return True


def _read_indexes(
    manifests: Sequence[ManifestFile], metadata: TableMetadata, io: FileIO
) -> list[ManifestIndex]:
    indexes: dict[str, ManifestIndex] = {}
    missing = []
    for manifest in manifests:
        index = _indexes.get(manifest.manifest_path)
        if index is None:
            missing.append(manifest)
        else:
            indexes[manifest.manifest_path] = index
    if len(missing) == 1:
        indexes[missing[0].manifest_path] = _read_index(missing[0], metadata, io)
    elif missing:
        with ThreadPoolExecutor(min(_READERS, len(missing))) as readers:
            for manifest, index in zip(
                missing, readers.map(lambda m: _read_index(m, metadata, io), missing), strict=True
            ):
                indexes[manifest.manifest_path] = index
    return [indexes[manifest.manifest_path] for manifest in manifests]


def _read_index(manifest: ManifestFile, metadata: TableMetadata, io: FileIO) -> ManifestIndex:
    names = [field.field_id for field in metadata.specs()[manifest.partition_spec_id].fields]
    with _decoding(manifest.manifest_path):
        entries = manifest.fetch_manifest_entry(io, discard_deleted=True)
        index = ManifestIndex(_planned(entry.data_file, names) for entry in entries)
    _indexes.put(manifest.manifest_path, index)
    return index


@contextmanager
def _decoding(location: str) -> Iterator[None]:
    """Raises UnreadableFileError where the file of metadata is missing or damaged, and forgets what was read of it."""
    try:
        yield
    except FileNotFoundError as error:
        raise MissingFileError(location) from error
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        EOFError,
        OverflowError,
        struct.error,
        zlib.error,
    ) as error:
        forget_cached_file(location)
        raise CorruptFileError(location) from error


def _planned(file: DataFile, partition_field_ids: list[int]) -> PlannedFile:
    values = dict(
        zip(partition_field_ids, (file.partition[i] for i in range(len(partition_field_ids))), strict=True)
    )
    tenant_id, bucket_number = values.get(TENANT_PARTITION_FIELD), values.get(BUCKET_PARTITION_FIELD)
    low, high = file.lower_bounds or {}, file.upper_bounds or {}
    return PlannedFile(
        location=file.file_path,
        size=file.file_size_in_bytes,
        record_count=file.record_count,
        partition=(tenant_id, bucket_number) if tenant_id is not None and bucket_number is not None else None,
        scenario=_text(low, high, _SCENARIO),
        run=_text(low, high, _RUN),
        metric=_text(low, high, _METRIC),
        asof=(_EPOCH + timedelta(_integer(low[_ASOF])), _EPOCH + timedelta(_integer(high[_ASOF])))
        if _ASOF in low and _ASOF in high
        else ANY_DATE,
        value=(_double(low[_VALUE]), _double(high[_VALUE]))
        if _VALUE in low and _VALUE in high
        else ANY_VALUE,
    )


def _text(low: Mapping[int, bytes], high: Mapping[int, bytes], field_id: int) -> Text:
    if field_id not in low or field_id not in high:
        return ANY_TEXT
    return low[field_id].decode(), high[field_id].decode()


def _integer(raw: bytes) -> int:
    value: int = struct.unpack("<i", raw)[0]
    return value


def _double(raw: bytes) -> float:
    value: float = struct.unpack("<d", raw)[0]
    return value
