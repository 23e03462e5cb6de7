"""Exports from a reading to links: kept beside the table, by ourselves or by Athena.

The id of an export that Athena makes follows from the query and the snapshot, so the same query is the same export: asked
for again it is not run again, unless it had failed. Where a process is killed between starting the query and storing the
export, the next request starts the same query under the same token, and Athena answers with the one that runs.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from sextant.exports import service
from sextant.exports.athena import Athena, AthenaQuery
from sextant.exports.errors import ExportNotFoundError, ExportsUnavailableError
from sextant.exports.model import LINK_LIFETIME, Export, ExportedFile, StoredExport
from sextant.ids import ScenarioId, TenantId, new_id
from sextant.lake.objects.store import S3Store
from sextant.lake.read.athena_sql import FORMATS, statement
from sextant.lake.read.export import ExportFormat
from sextant.lake.read.scan import Scan
from sextant.storage import Database

logger = logging.getLogger("sextant.exports")

SUFFIX: Final = {ExportFormat.CSV: "csv", ExportFormat.PARQUET: "parquet", ExportFormat.ARROW: "arrows"}


@dataclass(frozen=True, slots=True)
class Exports:
    """The exports of tenants; their files lie under `warehouse`/exports."""

    warehouse: str
    store: S3Store
    database: Database
    athena: Athena | None = None
    """Who makes large ones, where it is not the API itself."""

    def takes(self, reading: Scan, form: ExportFormat) -> bool:
        """Whether this reading is Athena's: large enough, and the format one that it writes."""
        if self.athena is None or reading.snapshot_id is None or form not in FORMATS:
            return False
        return sum(file.record_count for file in reading.files) >= self.athena.settings.rows

    def keep(
        self,
        tenant: TenantId,
        scenario: ScenarioId,
        snapshot: int,
        form: ExportFormat,
        pieces: Iterable[bytes],
    ) -> ExportedFile:
        """The file of an export of these pieces, which is stored once the file is there."""
        export_id = new_id()
        file = self._put(tenant, export_id, f"{scenario}-{snapshot}", form, pieces)
        with self.database.autocommit(tenant) as session:
            service.keep(session, export_id, scenario, _spelled(form), snapshot)
        return file

    def put(self, tenant: TenantId, name: str, form: ExportFormat, pieces: Iterable[bytes]) -> ExportedFile:
        """A file of these pieces that is no scenario's, so that its link is all there is of it."""
        return self._put(tenant, new_id(), name, form, pieces)

    def _put(
        self, tenant: TenantId, export: UUID, name: str, form: ExportFormat, pieces: Iterable[bytes]
    ) -> ExportedFile:
        filename = f"{name}.{SUFFIX[form]}"
        location = f"{self._place(tenant, export)}/1/{filename}"
        size = self.store.upload(location, pieces, form.value)
        url = self.store.presigned_url(location, expires_in=LINK_LIFETIME, filename=filename)
        return ExportedFile(url, size)

    def start(self, tenant: TenantId, scenario: ScenarioId, reading: Scan, form: ExportFormat) -> Export:
        """The export of a reading: the one that runs or ran, else one that Athena is told to make now, without waiting for it.

        One that failed, and would fail again, is returned as it is.

        Raises `ExportsUnavailableError` and `FilterTooLongError`.
        """
        assert reading.snapshot_id is not None
        assert self.athena is not None
        export_id = _identity(tenant, reading, form)
        with self.database.autocommit(tenant) as session:
            stored = service.find(session, export_id)
        attempt = 1
        if stored is not None:
            export = self._look(stored)
            if export is not None and (export.failure is None or not export.failure.retryable):
                return export
            attempt = stored.attempt + 1
        query = statement(
            tenant,
            str(scenario),
            reading.where,
            reading.snapshot_id,
            form,
            f"{self._place(tenant, export_id)}/{attempt}/",
            reading.table,
        )
        query_id = self.athena.start(query, f"{export_id}-{attempt}-{datetime.now(UTC):%Y-%m-%d}")
        with self.database.autocommit(tenant) as session:
            stored = service.begin(
                session, export_id, scenario, _spelled(form), reading.snapshot_id, attempt, query_id
            )
        logger.info("export started", extra={"export": str(export_id), "query": query_id, "attempt": attempt})
        return self._shown(stored, None)

    def find(self, tenant: TenantId, scenario: ScenarioId, export_id: UUID) -> Export:
        """The export as it stands. Raises `ExportNotFoundError`, also for another tenant's or scenario's."""
        with self.database.autocommit(tenant) as session:
            stored = service.get(session, scenario, export_id)
        export = self._look(stored)
        if export is None:
            raise ExportNotFoundError
        return export

    def cancel(self, tenant: TenantId, scenario: ScenarioId, export_id: UUID) -> Export:
        """Stop the export; one that is over stays as it is. Raises `ExportNotFoundError`."""
        export = self.find(tenant, scenario, export_id)
        if export.over or self.athena is None:
            return export
        with self.database.autocommit(tenant) as session:
            query = service.get(session, scenario, export_id).query_id
        if query is not None:
            self.athena.stop(query)
        return self.find(tenant, scenario, export_id)

    def _look(self, stored: StoredExport) -> Export | None:
        """The export as Athena says that it stands, which is stored; None where Athena has forgotten it, or the result is gone."""
        query = None
        if stored.query_id is not None:
            query = self.athena.look(stored.query_id) if self.athena else None
            if query is None:
                return None
            if query.state != stored.state:
                with self.database.autocommit(stored.tenant_id) as session:
                    service.move(session, stored, query.state)
        export = self._shown(stored, query)
        # UNLOAD writes no file where there is no row.
        is_gone = export.state == "SUCCEEDED" and not export.files
        return None if is_gone and (query is None or stored.format == "csv") else export

    def _shown(self, stored: StoredExport, query: AthenaQuery | None) -> Export:
        state = stored.state if query is None else query.state
        return Export(
            stored.id,
            stored.scenario_id,
            stored.format,
            stored.snapshot_id,
            state,
            stored.submitted_at,
            0 if query is None else query.scanned_bytes,
            self._files(stored, query) if state == "SUCCEEDED" else (),
            None if query is None else query.failure,
        )

    def _files(self, stored: StoredExport, query: AthenaQuery | None) -> tuple[ExportedFile, ...]:
        """The result: what lies in the export's own place, or the CSV file where Athena's workgroup puts it."""
        prefix = f"{self._place(stored.tenant_id, stored.id)}/{stored.attempt}/"
        if query is not None and stored.format == "csv":
            prefix = query.result
        if not prefix.startswith(f"{_exports(self.warehouse)}/"):
            logger.error("a result lies outside the exports", extra={"location": prefix})
            raise ExportsUnavailableError
        # Beside a CSV file Athena writes `<file>.metadata`.
        objects = [item for item in self.store.list(prefix) if not item.location.endswith(".metadata")]
        several = len(objects) > 1
        suffix = SUFFIX[ExportFormat[stored.format.upper()]]
        return tuple(
            ExportedFile(
                self.store.presigned_url(
                    item.location,
                    expires_in=LINK_LIFETIME,
                    filename=f"{stored.scenario_id}-{stored.snapshot_id}"
                    f"{f'-{number:04}' if several else ''}.{suffix}",
                ),
                item.size,
            )
            for number, item in enumerate(objects)
        )

    def _place(self, tenant: TenantId, export: UUID) -> str:
        """Where an export lies: under the caller's tenant, whatever id is given."""
        return f"{_exports(self.warehouse)}/{tenant}/{export}"


def _spelled(form: ExportFormat) -> str:
    return form.name.lower()


def _identity(tenant: TenantId, reading: Scan, form: ExportFormat) -> UUID:
    query = [tenant, reading.scenario_id, reading.snapshot_id, form.name, reading.where.spelled()]
    if reading.table.by_hour:
        query.append(reading.table.name)
    return uuid5(NAMESPACE_URL, f"sextant:export:{json.dumps(query)}")


def _exports(warehouse: str) -> str:
    return f"{warehouse.rstrip('/')}/exports"
