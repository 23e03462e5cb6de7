"""A batch of files made part of the tables. A run whose files cannot be taken is left out, and the others go in.

Hourly files come first: a run that stands in the table of outputs has its hours in the other. What stands there already is not
registered again, so a run that was left out after its hours were in comes with a later batch and has them once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from pyiceberg.table import Table

from sextant.lake.table.catalog import refresh
from sextant.lake.table.columns import IDENTITY, bucket, partition_values
from sextant.lake.write import manifests
from sextant.lake.write.commit import commit_batch, fence_batch, locations_added
from sextant.lake.write.datafile import DataFileDescriptor, UnreadableDescriptorError, data_file_location
from sextant.lake.write.handed_in import HandedIn
from sextant.lake.write.presence import PresenceUnknownError
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
            readable[file] = _checked(table, hourly_table, file)
        except ValueError as error:
            refused[file] = str(error)
    if hours := {file: files.hourly for file, files in readable.items() if files.hourly is not None}:
        _commit(hourly_table(), batch, hours, refused, clock, absent_only=True)
    outputs = {file: files.outputs for file, files in readable.items() if file not in refused}
    snapshot = _commit(table, batch, outputs, refused, clock)
    if snapshot is None:
        snapshot = fence_batch(table, batch.id, clock=clock)
    if not refused and _number_added(table, snapshot) == len(batch.files):
        return CommittedBatch(snapshot, {})
    added = locations_added(table, batch.id, snapshot)
    return CommittedBatch(snapshot, _left_out(batch.files, added, refused))


def _commit(
    table: Table,
    batch: OpenBatch,
    files: Mapping[WaitingFile, DataFileDescriptor],
    refused: dict[WaitingFile, str],
    clock: Clock,
    *,
    absent_only: bool = False,
) -> int | None:
    """Commit the files but those of which nobody can tell whether they stand in the table, which go to `refused`.

    The snapshot's id; None where no file is left.
    """
    while descriptors := [descriptor for file, descriptor in files.items() if file not in refused]:
        try:
            return commit_batch(table, batch.id, descriptors, absent_only=absent_only, clock=clock)
        except PresenceUnknownError as unknown:
            for file in files:
                if (obstacle := unknown.files.get(file.run_id)) is not None:
                    refused[file] = (
                        f"its rows may be in {obstacle.location}, which is {obstacle.reason}: "
                        "nobody can tell whether they are in the table already"
                    )
    return None


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


def _checked(table: Table, hourly_table: Callable[[], Table], file: WaitingFile) -> HandedIn:
    """What the run handed in. Raises ValueError where a table cannot take it, or where it is not this run's."""
    handed_in = HandedIn.from_json(file.descriptor)
    _check(table, file, handed_in.outputs)
    if handed_in.hourly is not None:
        _check(hourly_table(), file, handed_in.hourly)
    if (handed_in.outputs.record_count, handed_in.size) != (file.row_count, file.byte_count):
        raise UnreadableDescriptorError(
            f"data file descriptor of {handed_in.outputs.record_count} rows and {handed_in.size} bytes, where the worker "
            f"stored {file.row_count} and {file.byte_count}"
        )
    if not file.has_roll_up:
        raise UnreadableDescriptorError("its newest values cannot be kept")
    return handed_in


def _check(table: Table, file: WaitingFile, descriptor: DataFileDescriptor) -> None:
    """Raise ValueError where the table cannot take the described file, or where it is not this run's."""
    whose = descriptor.tenant_id, descriptor.scenario_id, descriptor.run_id
    if whose != (file.tenant_id, file.scenario_id, file.run_id):
        raise UnreadableDescriptorError(
            f"data file descriptor of run {descriptor.run_id} of scenario {descriptor.scenario_id} of tenant {descriptor.tenant_id}"
        )
    if descriptor.partition != partition_values(file.tenant_id, bucket(str(file.scenario_id))):
        raise UnreadableDescriptorError(f"data file descriptor for the partition {descriptor.partition}")
    metadata = table.metadata
    if descriptor.location != data_file_location(metadata.location, *whose, file.fencing_token):
        raise UnreadableDescriptorError(f"{descriptor.location} is no place of this run's file")
    if not descriptor.columns.keys() <= metadata.schema().field_ids:
        raise UnreadableDescriptorError("data file descriptor with columns that the table does not have")
    for column, value in zip(IDENTITY, whose, strict=True):
        statistics = descriptor.columns.get(column.field_id)
        bounds = None if statistics is None else (statistics.lower, statistics.upper)
        if bounds != (str(value).encode(),) * 2:
            raise UnreadableDescriptorError(f"data file descriptor with another {column.name} in its bounds")
    if metadata.sort_order_by_id(descriptor.sort_order_id) is None:
        raise UnreadableDescriptorError(f"data file descriptor of sort order {descriptor.sort_order_id}")
    if any(offset >= descriptor.size for offset in descriptor.split_offsets):
        raise UnreadableDescriptorError("data file descriptor with a row group behind the file's end")
    manifests.data_file(descriptor, metadata)


def _number_added(table: Table, snapshot_id: int) -> int | None:
    snapshot = table.metadata.snapshot_by_id(snapshot_id)
    if snapshot is None or snapshot.summary is None:
        return None
    return int(snapshot.summary.additional_properties.get("added-data-files", 0))
