"""Athena's queries: begun, looked at and stopped; what it says in our words.

Import costs no more than `runtime` has: who only looks after queries needs no lake.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sextant.config import ConfigurationError, Settings, choice, count, optional, text
from sextant.exports import service
from sextant.exports.errors import ExportsUnavailableError, ExportTooLargeError
from sextant.exports.model import Failure, State
from sextant.lake.errors import SnapshotExpiredError
from sextant.lake.objects.store import EndpointSettings
from sextant.storage import ALL_TENANTS, PlatformDatabase

if TYPE_CHECKING:
    from mypy_boto3_athena.client import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

    from sextant.lake.read.athena_sql import Statement

logger = logging.getLogger("sextant.exports")

_AT_ONCE = 200


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
class AthenaQuery:
    """A query as Athena tells of it."""

    state: State
    scanned_bytes: int
    result: str
    """Where a SELECT's result lies."""
    failure: Failure | None


@dataclass(frozen=True)
class Athena:
    """The queries of one workgroup. What it answers with but results is `ExportsUnavailableError`."""

    settings: AthenaSettings
    client: AthenaClient

    def start(self, query: Statement, token: str) -> str:
        """Begin the query and don't wait for it; its id. Under the same `token` it is begun once."""
        from sextant.lake.table.columns import NAMESPACE

        answer = _call(
            self.client.start_query_execution,
            QueryString=query.text,
            ExecutionParameters=list(query.parameters),
            ClientRequestToken=token,
            QueryExecutionContext={"Catalog": self.settings.catalog, "Database": NAMESPACE},
            WorkGroup=self.settings.workgroup,
        )
        return str(answer["QueryExecutionId"])

    def look(self, query_id: str) -> AthenaQuery | None:
        """The query as it stands; None where Athena has forgotten it."""
        try:
            query = _call(self.client.get_query_execution, QueryExecutionId=query_id)["QueryExecution"]
        except _UnknownQueryError:
            return None
        state: State = query["Status"]["State"]
        return AthenaQuery(
            state,
            query.get("Statistics", {}).get("DataScannedInBytes", 0),
            query.get("ResultConfiguration", {}).get("OutputLocation", ""),
            _failure(query) if state in ("FAILED", "CANCELLED") else None,
        )

    def stop(self, query_id: str) -> None:
        """Stop the query; one that is over stays as it is."""
        _call(self.client.stop_query_execution, QueryExecutionId=query_id)


def athena(settings: AthenaSettings, endpoints: EndpointSettings) -> Athena | None:
    """Athena where large exports are its; None where the API makes them all."""
    if settings.engine != "athena":
        return None
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "athena",
        region_name=settings.region,
        endpoint_url=endpoints.athena or endpoints.all_services,
        config=Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=3, read_timeout=10),
    )
    return Athena(settings, client)


def watch(database: PlatformDatabase, athena: Athena, may_go_on: Callable[[], bool]) -> int:
    """Have the exports under way stand as Athena says, of all tenants, while `may_go_on`; how many came into another state.

    Athena tells nobody when a query ends, and whoever asked for an export need not look after it.
    """
    with database.autocommit(ALL_TENANTS) as session:
        exports = service.under_way(session, _AT_ONCE)
    moved = 0
    for export in exports:
        if not may_go_on():
            break
        query = athena.look(export.query_id) if export.query_id else None
        state: State = "FAILED" if query is None else query.state
        with database.autocommit(ALL_TENANTS) as session:
            moved += service.move(session, export, state)
    return moved


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
