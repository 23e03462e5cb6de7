"""Exports too large for one function: Athena runs them, the caller comes back for the result.

An export has no row in the database. One small object beside its result, under the tenant's own prefix, says what
must be known of it, and is deleted with the result after a day. The id of an export follows from the query and the
snapshot, so the same query is the same export: asked for again it is not run again, unless it had failed. Where a
process is killed between starting the query and writing the object, the next request starts the same query under
the same token, and Athena answers with the one that runs.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from sextant.config import ConfigurationError, Settings, choice, count, optional, text
from sextant.errors import NotFoundError, SextantError, UnavailableError
from sextant.ids import ScenarioId, TenantId
from sextant.lake.errors import SnapshotExpiredError
from sextant.lake.objects.store import S3Store
from sextant.lake.read.athena_sql import FORMATS, statement
from sextant.lake.read.export import ExportFormat
from sextant.lake.read.scan import Scan
from sextant.lake.table.columns import NAMESPACE

if TYPE_CHECKING:
    from mypy_boto3_athena.client import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

logger = logging.getLogger("sextant.outputs")

State = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]

LINK_LIFETIME: Final = timedelta(hours=1)
_SUFFIX: Final = {ExportFormat.CSV: ".csv", ExportFormat.PARQUET: ".parquet"}


class ExportNotFoundError(NotFoundError):
    """There is no such export of this scenario, or it was made more than a day ago."""

    code, title = "export_not_found", "Export not found"


class ExportsUnavailableError(UnavailableError):
    """Large exports cannot be made at the moment; try again soon, or narrow the filters."""

    code, title = "exports_unavailable", "Exports unavailable"
    retry_after = 10.0


class ExportTooLargeError(SextantError):
    """The export would read more than one may; narrow the filters."""

    code, status, title = "export_too_large", 413, "Export too large"


@dataclass(frozen=True)
class AthenaSettings(Settings):
    """Whose exports are Athena's, and where it runs.

    `rows` counts those of the files that a reading has to open. The workgroup decides where results lie and
    how many bytes a query may scan at most.
    """

    engine: str = choice("SEXTANT_EXPORT_ENGINE", "Who makes large exports", "own", ("own", "athena"))
    workgroup: str = text("SEXTANT_ATHENA_WORKGROUP", "Athena's workgroup", "")
    rows: int = count("SEXTANT_EXPORT_ATHENA_ROWS", "From how many rows on an export is Athena's", 1_000_000)
    catalog: str = text("SEXTANT_ATHENA_CATALOG", "Athena's name of the catalog", "AwsDataCatalog")
    region: str | None = optional("AWS_REGION", "Set by Lambda: the region of bucket and catalog")

    def __post_init__(self) -> None:
        if self.engine == "athena" and not self.workgroup:
            raise ConfigurationError(
                "SEXTANT_ATHENA_WORKGROUP is not set: it must name a workgroup, as SEXTANT_EXPORT_ENGINE is athena"
            )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an export has no result, in a caller's terms, and whether a new attempt may help."""

    code: str
    """To branch on."""
    detail: str
    """What went wrong."""
    retryable: bool
    """Whether a new attempt may help."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of a result: whoever has the URL may read it for an hour."""

    url: str
    size: int


@dataclass(frozen=True, slots=True)
class Export:
    """An export as it stands. `files` are there when it SUCCEEDED, `failure` when it FAILED or was CANCELLED."""

    id: UUID
    scenario_id: ScenarioId
    format: ExportFormat
    snapshot_id: int
    state: State
    submitted_at: datetime
    scanned_bytes: int = 0
    files: tuple[ExportedFile, ...] = ()
    failure: Failure | None = None

    @property
    def over(self) -> bool:
        return self.state in ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass(frozen=True)
class AthenaExports:
    """Starts, watches and cancels the exports of tenants; results lie under `warehouse`/exports."""

    settings: AthenaSettings
    warehouse: str
    store: S3Store
    client: AthenaClient

    def takes(self, reading: Scan, form: ExportFormat) -> bool:
        """Whether this reading is large enough, and the format one that Athena writes."""
        rows = sum(file.record_count for file in reading.files)
        return form in FORMATS and reading.snapshot_id is not None and rows >= self.settings.rows

    def start(self, tenant: TenantId, scenario: ScenarioId, reading: Scan, form: ExportFormat) -> Export:
        """The export of a reading: the one that runs or ran, else one that is started now, without waiting for it.

        One that failed, and would fail again, is returned as it is.

        Raises `ExportsUnavailableError` and `FilterTooLongError`.
        """
        assert reading.snapshot_id is not None
        export_id = _identity(tenant, reading, form)
        record = self._record(tenant, export_id)
        attempt = 1
        if record is not None:
            export = self._look(tenant, export_id, record)
            if export is not None and (export.failure is None or not export.failure.retryable):
                return export
            attempt = record.attempt + 1
        query = statement(
            tenant,
            str(scenario),
            reading.where,
            reading.snapshot_id,
            form,
            f"{self._place(tenant, export_id)}/{attempt}/",
            reading.table,
        )
        now = datetime.now(UTC)
        query_id = _call(
            self.client.start_query_execution,
            QueryString=query.text,
            ExecutionParameters=list(query.parameters),
            ClientRequestToken=f"{export_id}-{attempt}-{now:%Y-%m-%d}",
            QueryExecutionContext={"Catalog": self.settings.catalog, "Database": NAMESPACE},
            WorkGroup=self.settings.workgroup,
        )["QueryExecutionId"]
        record = _Record(query_id, attempt, str(scenario), form.name, reading.snapshot_id, now.isoformat())
        self.store.put(self._record_place(tenant, export_id), json.dumps(asdict(record)).encode())
        logger.info("export started", extra={"export": str(export_id), "query": query_id, "attempt": attempt})
        return Export(export_id, scenario, form, reading.snapshot_id, "QUEUED", now)

    def find(self, tenant: TenantId, scenario: ScenarioId, export_id: UUID) -> Export:
        """The export as it stands. Raises `ExportNotFoundError`, also for another tenant's or scenario's."""
        return self._find(tenant, scenario, export_id)[1]

    def cancel(self, tenant: TenantId, scenario: ScenarioId, export_id: UUID) -> Export:
        """Stop the export; one that is over stays as it is. Raises `ExportNotFoundError`."""
        record, export = self._find(tenant, scenario, export_id)
        if export.over:
            return export
        _call(self.client.stop_query_execution, QueryExecutionId=record.query)
        return self.find(tenant, scenario, export_id)

    def _find(self, tenant: TenantId, scenario: ScenarioId, export_id: UUID) -> tuple[_Record, Export]:
        record = self._record(tenant, export_id)
        if record is None or record.scenario != str(scenario):
            raise ExportNotFoundError
        export = self._look(tenant, export_id, record)
        if export is None:
            raise ExportNotFoundError
        return record, export

    def _look(self, tenant: TenantId, export: UUID, record: _Record) -> Export | None:
        """What Athena says of the query; None where it has forgotten it, or the result is gone."""
        try:
            query = _call(self.client.get_query_execution, QueryExecutionId=record.query)["QueryExecution"]
        except _UnknownQueryError:
            return None
        status = query["Status"]
        state: State = status["State"]
        form = ExportFormat[record.form]
        files = self._files(tenant, export, record, query) if state == "SUCCEEDED" else ()
        if state == "SUCCEEDED" and form is ExportFormat.CSV and not files:
            return None
        return Export(
            export,
            ScenarioId(UUID(record.scenario)),
            form,
            record.snapshot_id,
            state,
            datetime.fromisoformat(record.submitted_at),
            query.get("Statistics", {}).get("DataScannedInBytes", 0),
            files,
            _failure(query) if state in ("FAILED", "CANCELLED") else None,
        )

    def _files(
        self, tenant: TenantId, export: UUID, record: _Record, query: QueryExecutionTypeDef
    ) -> tuple[ExportedFile, ...]:
        """The result: a CSV file where the workgroup puts it, or what UNLOAD wrote to the export's place."""
        form = ExportFormat[record.form]
        if form is ExportFormat.CSV:
            prefix = query.get("ResultConfiguration", {}).get("OutputLocation", "")
        else:
            prefix = f"{self._place(tenant, export)}/{record.attempt}/"
        if not prefix.startswith(f"{_exports(self.warehouse)}/"):
            logger.error("a result lies outside the exports", extra={"location": prefix})
            raise ExportsUnavailableError
        # Beside a CSV file Athena writes `<file>.metadata`.
        objects = [item for item in self.store.list(prefix) if not item.location.endswith(".metadata")]
        several = len(objects) > 1
        return tuple(
            ExportedFile(
                self.store.presigned_url(
                    item.location,
                    expires_in=LINK_LIFETIME,
                    filename=f"{record.scenario}-{record.snapshot_id}"
                    f"{f'-{number:04}' if several else ''}{_SUFFIX[form]}",
                ),
                item.size,
            )
            for number, item in enumerate(objects)
        )

    def _record(self, tenant: TenantId, export: UUID) -> _Record | None:
        try:
            return _Record(**json.loads(self.store.get(self._record_place(tenant, export))))
        except FileNotFoundError:
            return None

    def _place(self, tenant: TenantId, export: UUID) -> str:
        """Where an export lies: under the caller's tenant, whatever id is given."""
        return f"{_exports(self.warehouse)}/{tenant}/{export}"

    def _record_place(self, tenant: TenantId, export: UUID) -> str:
        return f"{self._place(tenant, export)}/export.json"


@dataclass(frozen=True, slots=True)
class _Record:
    """What is kept of an export while it lasts."""

    query: str
    attempt: int
    scenario: str
    form: str
    snapshot_id: int
    submitted_at: str


def athena_exports(
    settings: AthenaSettings, endpoint_url: str | None, warehouse: str, store: S3Store | None
) -> AthenaExports | None:
    """Athena's exports; None where the functions make their own. Raises `ConfigurationError` without a store on S3."""
    if settings.engine != "athena":
        return None
    if store is None:
        raise ConfigurationError("SEXTANT_WAREHOUSE must be on s3://, as SEXTANT_EXPORT_ENGINE is athena")
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "athena",
        region_name=settings.region,
        endpoint_url=endpoint_url,
        config=Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=3, read_timeout=10),
    )
    return AthenaExports(settings, warehouse, store, client)


class _UnknownQueryError(Exception):
    """Athena keeps queries for 45 days; this one it does not know."""


def _call(operation: Any, **arguments: Any) -> Any:
    """Athena's answer. Raises `_UnknownQueryError`, and `ExportsUnavailableError` for all other errors."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return operation(**arguments)
    except ClientError as error:
        reason = error.response.get("Error", {})
        if "QueryExecutionId" in arguments and reason.get("Code") == "InvalidRequestException":
            raise _UnknownQueryError from error
        logger.exception("Athena refused", extra={"reason": reason})
        raise ExportsUnavailableError from error
    except BotoCoreError as error:
        logger.exception("Athena cannot be reached")
        raise ExportsUnavailableError from error


def _failure(query: QueryExecutionTypeDef) -> Failure:
    """What a caller is told; what Athena said of it goes to the log."""
    status = query["Status"]
    reason = status.get("StateChangeReason", "")
    logger.warning("export without a result", extra={"query": query["QueryExecutionId"], "reason": reason})
    if "scanned limit" in reason.lower():
        return Failure(ExportTooLargeError.code, str(ExportTooLargeError()), retryable=False)
    if "snapshot" in reason.lower():
        detail = "Its snapshot has expired; ask again for the newest."
        return Failure(SnapshotExpiredError.code, detail, retryable=True)
    if status["State"] == "CANCELLED":
        return Failure("export_cancelled", "It was cancelled.", retryable=True)
    retryable = bool(status.get("AthenaError", {}).get("Retryable", True))
    return Failure("export_failed", "It failed; the reason is logged.", retryable=retryable)


def _identity(tenant: TenantId, reading: Scan, form: ExportFormat) -> UUID:
    query = [tenant, reading.scenario_id, reading.snapshot_id, form.name, reading.where.spelled()]
    if reading.table.by_hour:
        query.append(reading.table.name)
    return uuid5(NAMESPACE_URL, f"sextant:export:{json.dumps(query)}")


def _exports(warehouse: str) -> str:
    return f"{warehouse.rstrip('/')}/exports"
