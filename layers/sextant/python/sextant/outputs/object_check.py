"""Whether the objects that the table refers to stand in the bucket as they were written."""

from __future__ import annotations

import random
from dataclasses import dataclass

from pyiceberg.table import Table

from sextant.lake.errors import CorruptFileError, MissingFileError, UnreadableFile, UnreadableFileError
from sextant.lake.objects.file_io import store_of
from sextant.lake.objects.store import StoredObject
from sextant.lake.read.data_file import owner_of
from sextant.lake.read.plan import PlannedFile, all_files
from sextant.lake.table.catalog import definition_of, refresh
from sextant.lake.write.parquet import verify
from sextant.outputs import repository
from sextant.storage import ALL_TENANTS, PlatformDatabase


@dataclass(frozen=True)
class CheckedObjects:
    """How many files were looked at, and those that are missing or damaged."""

    checked: int
    damaged: tuple[UnreadableFile, ...]


def check_objects(table: Table, database: PlatformDatabase, sample: int | None = None) -> CheckedObjects:
    """Compare the files of the newest snapshot with the bucket: all of them, or a random `sample`.

    Size and ETag are compared. A file whose ETag is not known (compaction wrote it), or is another (it was brought back
    from a backup), is read.
    """
    refresh(table)
    files = all_files(table.metadata, table.io, table.metadata.current_snapshot())
    with database.autocommit(ALL_TENANTS) as session:
        etags = repository.known_etags(session)
    store = store_of(table.io, table.metadata.location)
    if sample is None:
        stored = {item.location: item for item in store.list(f"{table.metadata.location}/data/")}
    else:
        files = random.sample(files, min(sample, len(files)))
        stored = {file.location: item for file in files if (item := store.head(file.location))}
    damaged = []
    for file in files:
        try:
            _check(table, file, stored.get(file.location), etags.get(file.location))
        except UnreadableFileError as error:
            damaged.append(error.file)
    return CheckedObjects(len(files), tuple(damaged))


def _check(table: Table, file: PlannedFile, item: StoredObject | None, etag: str | None) -> None:
    """Raises UnreadableFileError where the object is not what was written."""
    if item is None:
        raise MissingFileError(file.location, *owner_of(file))
    if item.size != file.size:
        raise CorruptFileError(file.location, *owner_of(file))
    if etag is None or item.etag != etag:
        verify(table.io, file, definition_of(table))
