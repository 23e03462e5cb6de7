"""What can be read of outputs through the lake: pages, files of any size, aggregates, runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from pyiceberg.table import Table

from sextant.exports.delivery import Exports
from sextant.exports.errors import ExportTooLargeError
from sextant.exports.model import LINK_LIFETIME, Export, ExportedFile
from sextant.ids import ScenarioId, TenantId
from sextant.lake.errors import (
    LinkUnavailableError,
    SnapshotExpiredError,
    SnapshotNotFoundError,
    UnreadableFile,
    UnreadableFileError,
    UnsupportedTableError,
)
from sextant.lake.objects.store import ObjectStore, S3Store
from sextant.lake.read.aggregate import Aggregate, GroupBy, aggregate
from sextant.lake.read.compare import Comparison, PairedReading, RunReference, pair
from sextant.lake.read.export import PLAIN, CsvStyle, ExportFormat, export
from sextant.lake.read.names import Names, names_in
from sextant.lake.read.query import EVERYTHING, OutputFilter, Page, PageKey
from sextant.lake.read.reader import read_page
from sextant.lake.read.scan import Scan, scan
from sextant.lake.read.series import Series, series_in
from sextant.lake.table.catalog import load_table
from sextant.lake.table.columns import OUTPUTS, Definition
from sextant.lake.table.settings import LakeSettings
from sextant.paging import Direction

# A Lambda answers with at most 6 MB; base64 takes a third, the envelope some more.
MAX_DIRECT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class OutputCursor:
    """Where a page of outputs begins, or (`prev`) ends."""

    key: PageKey
    snapshot_id: int
    direction: Direction


@dataclass(frozen=True, slots=True)
class File:
    """An export small enough to be the answer itself."""

    content: bytes
    snapshot_id: int | None


@dataclass(frozen=True, slots=True)
class Link:
    """An export that was too large, written to object storage: whoever has the URL may read it for an hour."""

    url: str
    size: int
    expires_in: timedelta
    snapshot_id: int | None


@dataclass(frozen=True, slots=True)
class DataFileLink:
    """A file of the table: whoever has the URL may read it for an hour."""

    url: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class DataFileLinks:
    """Some of the files that hold a scenario's rows in a snapshot, and whether there are more."""

    files: list[DataFileLink]
    expires_in: timedelta
    snapshot_id: int | None
    more: bool


@dataclass(frozen=True)
class OutputReader:
    """Reads one tenant's outputs; every reading is of one snapshot, the newest unless one is named."""

    settings: LakeSettings
    objects: ObjectStore
    exports: Exports | None = None
    """What is too large for an answer; None where the object storage gives no links."""
    report: Callable[[UnreadableFile], object] | None = None
    """Told each file that could not be read."""
    definition: Definition = OUTPUTS
    """The table that is read."""

    @property
    def store(self) -> S3Store | None:
        """The object storage where it can give links."""
        return self.objects if isinstance(self.objects, S3Store) else None

    @contextmanager
    def _table(self, snapshot: int | None) -> Iterator[Table]:
        """The table, for a reading of `snapshot` or the newest.

        A file that is missing is told apart: where the snapshot expired under the reading, it is SnapshotExpiredError;
        else the file is reported, and stays a MissingFileError.
        """
        table = load_table(self.settings, self.definition)
        current = table.metadata.current_snapshot_id
        try:
            yield table
        except UnreadableFileError as error:
            read = current if snapshot is None else snapshot
            if read is not None and self._lacks(read):
                raise SnapshotExpiredError from error
            if self.report is not None:
                self.report(error.file)
            raise

    def _lacks(self, snapshot: int) -> bool:
        metadata = load_table(self.settings, self.definition).metadata
        return metadata.snapshot_by_id(snapshot) is None

    def page(
        self,
        tenant: TenantId,
        scenario: ScenarioId,
        where: OutputFilter,
        *,
        limit: int,
        at: OutputCursor | None,
        snapshot: int | None,
    ) -> Page:
        """One page of rows; raises `SnapshotExpiredError` where the snapshot of a cursor is gone."""
        pinned = at.snapshot_id if at else snapshot
        try:
            with self._table(pinned) as table:
                return read_page(
                    table,
                    tenant,
                    str(scenario),
                    where,
                    limit=limit,
                    snapshot_id=pinned,
                    after=at.key if at and at.direction == "next" else None,
                    before=at.key if at and at.direction == "prev" else None,
                )
        except SnapshotNotFoundError as error:
            if at is None:
                raise
            raise SnapshotExpiredError from error

    def names(self, tenant: TenantId, scenarios: Collection[ScenarioId], snapshot: int | None) -> Names:
        """The metrics and tags that the rows of some scenarios have."""
        with self._table(snapshot) as table:
            return names_in([scan(table, tenant, str(one), EVERYTHING, snapshot) for one in scenarios])

    def file(
        self,
        tenant: TenantId,
        scenario: ScenarioId,
        where: OutputFilter,
        form: ExportFormat,
        snapshot: int | None,
        style: CsvStyle = PLAIN,
    ) -> File | Link | Export:
        """Every row as a file: the bytes where they fit an answer, else a link; memory stays bounded.

        Where Athena is configured, and takes a reading of this size, it makes the file: an `Export`, over or not,
        or the link to its one file; of CSV it has but one `style`. Raises `ExportTooLargeError` where it refused to.
        """
        with self._table(snapshot) as table:
            reading = scan(table, tenant, str(scenario), where, snapshot)
            return self._exported(reading, tenant, scenario, form, style)

    def _exported(
        self, reading: Scan, tenant: TenantId, scenario: ScenarioId, form: ExportFormat, style: CsvStyle
    ) -> File | Link | Export:
        exports, snapshot = self.exports, reading.snapshot_id
        if exports is not None and style == PLAIN and exports.takes(reading, form):
            return _made_elsewhere(exports.start(tenant, scenario, reading, form))

        def keep(pieces: Iterator[bytes]) -> ExportedFile:
            if exports is None or snapshot is None:
                raise LinkUnavailableError
            return exports.keep(tenant, scenario, snapshot, form, pieces)

        return _delivered(export(reading, form, style), snapshot, keep)

    def files(
        self,
        tenant: TenantId,
        scenario: ScenarioId,
        snapshot: int | None,
        *,
        first: int,
        limit: int,
        is_pinned: bool,
    ) -> DataFileLinks:
        """Links to the data files of the tenant that hold rows of the scenario: up to `limit`, from the one numbered `first`.

        Raises `SnapshotExpiredError` where a snapshot that `is_pinned` by a cursor is gone, `SnapshotNotFoundError` where
        another is not there, and `UnsupportedTableError` where a file may hold rows of several tenants.
        """
        try:
            with self._table(snapshot) as table:
                reading = scan(table, tenant, str(scenario), EVERYTHING, snapshot)
        except SnapshotNotFoundError as error:
            if is_pinned:
                raise SnapshotExpiredError from error
            raise
        if self.store is None:
            raise LinkUnavailableError
        if any(file.partition is None or file.partition[0] != tenant for file in reading.files):
            raise UnsupportedTableError("A file of the table is not of one tenant alone.")
        files = [
            DataFileLink(
                self.store.presigned_url(
                    file.location,
                    expires_in=LINK_LIFETIME,
                    filename=f"outputs-{scenario}-{number:05}.parquet",
                ),
                file.size,
                file.record_count,
            )
            for number, file in enumerate(reading.files[first : first + limit], start=first)
        ]
        return DataFileLinks(
            files, LINK_LIFETIME, reading.snapshot_id, more=first + limit < len(reading.files)
        )

    def aggregates(
        self,
        tenant: TenantId,
        scenario: ScenarioId,
        where: OutputFilter,
        *,
        by: Sequence[GroupBy],
        ranks: Sequence[float],
        snapshot: int | None,
    ) -> tuple[list[Aggregate], int | None]:
        with self._table(snapshot) as table:
            reading = scan(table, tenant, str(scenario), where, snapshot)
            return aggregate(reading, by, ranks), reading.snapshot_id

    def series(
        self, tenant: TenantId, scenario: ScenarioId, where: OutputFilter, snapshot: int | None
    ) -> tuple[list[Series], int | None]:
        """Every value of a scenario that passes the filter, as series, and the snapshot they were read from."""
        with self._table(snapshot) as table:
            reading = scan(table, tenant, str(scenario), where, snapshot)
            return series_in(reading), reading.snapshot_id

    @contextmanager
    def _paired(
        self,
        tenant: TenantId,
        baseline: RunReference,
        others: Sequence[RunReference],
        metrics: Collection[str],
        where: OutputFilter,
        snapshot: int | None,
    ) -> Iterator[PairedReading]:
        with self._table(snapshot) as table:
            yield pair(table, tenant, baseline, others, metrics=metrics, where=where, snapshot_id=snapshot)

    def comparison(
        self,
        tenant: TenantId,
        baseline: RunReference,
        others: Sequence[RunReference],
        metrics: Collection[str],
        where: OutputFilter,
        snapshot: int | None,
    ) -> Comparison:
        """Runs of the tenant's scenarios against one of them; all metrics unless some are named."""
        with self._paired(tenant, baseline, others, metrics, where, snapshot) as reading:
            return reading.compared()

    def comparison_file(
        self,
        tenant: TenantId,
        baseline: RunReference,
        others: Sequence[RunReference],
        metrics: Collection[str],
        where: OutputFilter,
        snapshot: int | None,
        *,
        form: ExportFormat,
        style: CsvStyle = PLAIN,
    ) -> File | Link:
        """A comparison as CSV or Parquet."""
        with self._paired(tenant, baseline, others, metrics, where, snapshot) as reading:

            def keep(pieces: Iterator[bytes]) -> ExportedFile:
                if self.exports is None:
                    raise LinkUnavailableError
                return self.exports.put(tenant, "comparison", form, pieces)

            return _delivered(reading.file(form, style), reading.snapshot_id, keep)


def _delivered(
    pieces: Iterator[bytes], snapshot: int | None, keep: Callable[[Iterator[bytes]], ExportedFile]
) -> File | Link:
    """The pieces as one file where they fit an answer, else the link to where `keep` writes them."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size > MAX_DIRECT_BYTES:
            break
    else:
        return File(b"".join(held), snapshot)
    file = keep(chain(held, pieces))
    return Link(file.url, file.size, LINK_LIFETIME, snapshot)


def _made_elsewhere(export: Export) -> Link | Export:
    if export.failure is not None and export.failure.code == ExportTooLargeError.code:
        raise ExportTooLargeError(export.failure.detail)
    if len(export.files) == 1:
        (file,) = export.files
        return Link(file.url, file.size, LINK_LIFETIME, export.snapshot_id)
    return export
