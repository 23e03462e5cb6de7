"""A batch of files made part of the tables. A run whose files cannot be taken is left out, and the others go in.

Hourly files come first: a run that stands in the table of outputs has its hours in the other. What stands there already is not
registered again, so a run that was left out after its hours were in comes with a later batch and has them once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from pyiceberg.table import Table

from sextant.lake.table.catalog import refresh
from sextant.lake.write import manifests
from sextant.lake.write.commit import commit_batch, fence_batch, locations_added
from sextant.lake.write.datafile import DataFileDescriptor, UnreadableDescriptorError
from sextant.lake.write.handed_in import HandedIn
from sextant.lake.write.times import Clock, own_clock
from sextant.outputs.model import CommittedBatch, OpenBatch, WaitingFile


def publish(
    table: Table, hourly_table: Callable[[], Table], batch: OpenBatch, clock: Clock = own_clock
) -> CommittedBatch:
    """Commit what can be committed of the batch, once however often it is called.

    The table says what is in it, not this call: a committer of another version, which could read other files, may
    have registered the batch before. A batch without one readable file is registered empty, so that nobody can
    register it once its files wait again. `hourly_table` is called only where a run has hourly values.
    """
    refresh(table)
    readable: dict[WaitingFile, HandedIn] = {}
    refused: dict[WaitingFile, str] = {}
    for file in batch.files:
        try:
            handed_in = HandedIn.from_json(file.descriptor)
            _check(table, file, handed_in.outputs)
            if handed_in.hourly is not None:
                _check(hourly_table(), file, handed_in.hourly)
            readable[file] = handed_in
        except ValueError as error:
            refused[file] = str(error)
    if hourly := [files.hourly for files in readable.values() if files.hourly is not None]:
        commit_batch(hourly_table(), batch.id, hourly, absent_only=True, clock=clock)
    if readable:
        outputs = [files.outputs for files in readable.values()]
        snapshot = commit_batch(table, batch.id, outputs, clock=clock)
    else:
        snapshot = fence_batch(table, batch.id, clock=clock)
    if len(readable) == len(batch.files) and _number_added(table, snapshot) == len(batch.files):
        return CommittedBatch(snapshot, {})
    added = locations_added(table, batch.id, snapshot)
    return CommittedBatch(snapshot, _left_out(batch.files, added, refused))


def _left_out(
    files: Collection[WaitingFile], added: set[str] | None, refused: dict[WaitingFile, str]
) -> dict[WaitingFile, str]:
    if added is None:
        return refused
    return {
        file: refused.get(file, "its batch was committed without it")
        for file in files
        if file.location not in added
    }


def _check(table: Table, file: WaitingFile, descriptor: DataFileDescriptor) -> None:
    """Raise ValueError where the table cannot take the described file, or where it is not this run's."""
    if (descriptor.tenant_id, descriptor.run_id) != (file.tenant_id, file.run_id):
        raise UnreadableDescriptorError(
            f"data file descriptor of run {descriptor.run_id} of tenant {descriptor.tenant_id}"
        )
    if descriptor.partition["tenant_id"] != file.tenant_id:
        raise UnreadableDescriptorError(
            f"data file descriptor for the partition of tenant {descriptor.partition['tenant_id']}"
        )
    name = descriptor.location.rpartition("/")[2]
    if not descriptor.location.startswith(f"{table.metadata.location}/data/") or not name.startswith(
        f"{file.run_id}-"
    ):
        raise UnreadableDescriptorError(f"{descriptor.location} is no place of this run's file")
    manifests.data_file(descriptor, table.metadata)


def _number_added(table: Table, snapshot_id: int) -> int | None:
    snapshot = table.metadata.snapshot_by_id(snapshot_id)
    if snapshot is None or snapshot.summary is None:
        return None
    return int(snapshot.summary.additional_properties.get("added-data-files", 0))
