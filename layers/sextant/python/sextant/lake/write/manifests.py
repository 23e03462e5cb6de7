"""Manifests of a new snapshot: written grouped by partition spec, and merged in tiers.

A commit adds one manifest. Where sixteen of one tier have gathered, as many of them as hold a thousand files
become one of the next, so that a table of many thousand files stays planned from about one manifest a thousand,
each entry is rewritten only a few times in its life, and no commit rewrites more than a thousand (two, where two
manifests of nearly so many are all there is): an entry takes some 150 µs to write, and everything that waits for
the commit waits for them all. (pyiceberg merges everything below 8 MB each time 100 have gathered.)
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from pyiceberg.io import FileIO
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    write_manifest,
)
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.typedef import Record

from sextant.lake.errors import UnreadableFileError
from sextant.lake.table.columns import COLUMNS, Kind
from sextant.lake.write.datafile import WrittenFile

logger = logging.getLogger(__name__)

MERGE_FACTOR: Final = 16
# Manifests of this many files are merged no further, and more than two are merged only up to as many.
LARGEST_MERGED: Final = 1024

_DOUBLES: Final = tuple(column.field_id for column in COLUMNS if column.kind is Kind.DOUBLE)


def data_file(written: WrittenFile, metadata: TableMetadata) -> DataFile:
    """A written file in Iceberg's terms.

    Raises ValueError where the table doesn't know the partition spec the file was written under.
    """
    spec = metadata.specs().get(written.spec_id)
    if spec is None or {field.name for field in spec.fields} != set(written.partition):
        raise ValueError(f"{written.location} was written under a partition spec the table does not have")
    columns = written.columns
    file = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=written.location,
        file_format=FileFormat.PARQUET,
        partition=Record(*(written.partition[field.name] for field in spec.fields)),
        record_count=written.record_count,
        file_size_in_bytes=written.size,
        column_sizes={field_id: column.size for field_id, column in columns.items()},
        value_counts={field_id: column.values for field_id, column in columns.items()},
        null_value_counts={field_id: column.nulls for field_id, column in columns.items()},
        nan_value_counts=dict.fromkeys(_DOUBLES, 0),
        lower_bounds={field_id: c.lower for field_id, c in columns.items() if c.lower is not None},
        upper_bounds={field_id: c.upper for field_id, c in columns.items() if c.upper is not None},
        key_metadata=None,
        split_offsets=list(written.split_offsets),
        equality_ids=None,
        sort_order_id=written.sort_order_id,
    )
    file.spec_id = written.spec_id
    return file


@dataclass(frozen=True)
class ManifestWork:
    """Where and under what id the manifests of one new snapshot are written."""

    metadata: TableMetadata
    io: FileIO
    snapshot_id: int
    new_location: Callable[[str], str]

    def write(self, spec_id: int, entries: Iterable[ManifestEntry]) -> ManifestFile:
        """One manifest of `entries`, in one PUT.

        Entries this snapshot adds or deletes keep that status; those of earlier snapshots are existing.
        """
        location = self.new_location(f"{uuid.uuid4()}-m0.avro")
        with write_manifest(
            format_version=self.metadata.format_version,
            spec=self.metadata.specs()[spec_id],
            schema=self.metadata.schema(),
            output_file=self.io.new_output(location),
            snapshot_id=self.snapshot_id,
            avro_compression="deflate",
        ) as writer:
            for entry in entries:
                if entry.snapshot_id == self.snapshot_id and entry.status is ManifestEntryStatus.ADDED:
                    writer.add(entry)
                elif entry.snapshot_id == self.snapshot_id and entry.status is ManifestEntryStatus.DELETED:
                    writer.delete(entry)
                else:
                    writer.existing(entry)
        return writer.to_manifest_file()


def added(file: DataFile, snapshot_id: int) -> ManifestEntry:
    """The entry by which `snapshot_id` adds `file`; its sequence number comes with the commit."""
    return ManifestEntry.from_args(
        status=ManifestEntryStatus.ADDED,
        snapshot_id=snapshot_id,
        sequence_number=None,
        file_sequence_number=None,
        data_file=file,
    )


def appended(
    work: ManifestWork, files: Sequence[DataFile], existing: Sequence[ManifestFile]
) -> list[ManifestFile]:
    """The manifests of a snapshot that adds `files` to those of its parent, newest first.

    The files of one spec go into one manifest, together with a full tier of older ones where there is one.
    """
    kept = [manifest for manifest in existing if _is_live(manifest)]
    by_spec: dict[int, list[ManifestEntry]] = defaultdict(list)
    for file in files:
        by_spec[file.spec_id].append(added(file, work.snapshot_id))
    new = []
    for spec_id, entries in by_spec.items():
        for manifest in _full_tier(kept, spec_id):
            try:
                merged = manifest.fetch_manifest_entry(work.io, discard_deleted=True)
            except (UnreadableFileError, OSError, ValueError, TypeError, KeyError, EOFError):
                # Missing or damaged: what is in it cannot be read either way, and it must not stop what is new.
                logger.exception("%s cannot be merged", manifest.manifest_path)
                continue
            kept.remove(manifest)
            entries.extend(merged)
        new.append(work.write(spec_id, entries))
    return new + kept


def _is_live(manifest: ManifestFile) -> bool:
    return manifest.has_added_files() or manifest.has_existing_files()


def _full_tier(manifests: Sequence[ManifestFile], spec_id: int) -> list[ManifestFile]:
    """What is to be merged of the lowest tier that holds `MERGE_FACTOR` manifests: the smallest, at least two and
    at most as many as have `LARGEST_MERGED` files. None where no tier is full."""
    tiers: dict[int, list[tuple[int, ManifestFile]]] = defaultdict(list)
    for manifest in manifests:
        if manifest.partition_spec_id == spec_id and manifest.content is ManifestContent.DATA:
            files = (manifest.added_files_count or 0) + (manifest.existing_files_count or 0)
            if files < LARGEST_MERGED:
                tiers[_tier(files)].append((files, manifest))
    full = [tier for tier, members in tiers.items() if len(members) >= MERGE_FACTOR]
    if not full:
        return []
    members = sorted(tiers[min(full)], key=lambda member: member[0])
    together = list(accumulate(files for files, _ in members))
    taken = max(2, sum(files <= LARGEST_MERGED for files in together))
    return [manifest for _, manifest in members[:taken]]


def _tier(files: int) -> int:
    return (max(files, 1).bit_length() - 1) // 4  # 16 to the power of the tier
