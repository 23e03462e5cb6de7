"""Liveness and readiness, and the pages that problem types point to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

from functions.api.http import idempotency
from functions.api.http.envelopes import answers, reply
from functions.api.http.problem_pages import list_of_all, page_of
from functions.api.http.routing import Router, public
from migrations.schema import of_this_release
from sextant import bootstrap
from sextant.config import ResourceSettings
from sextant.errors import NotFoundError
from sextant.outbox import service as outbox
from sextant.storage import ALL_TENANTS
from sextant.storage.errors import StorageError
from sextant.storage.schema import schema as schema_of

Status = Literal["healthy", "degraded", "unhealthy"]

# Seconds that an event may wait to be published: the relay's schedule is a minute.
DEGRADED_LAG = 180.0
UNHEALTHY_LAG = 900.0


class Check(BaseModel):
    name: str
    """Which part."""
    status: Status
    """How it is."""
    detail: str = ""
    """Why it is not healthy."""


class Health(BaseModel):
    status: Status
    """That of its worst part."""
    checks: list[Check] = []
    """Each part that was looked at."""


router = Router("Health")

_OK = answers("The state, and that of each part", Health)
_PAGE: OpenAPIResponse = {"description": "The page", "content": {"text/html": {"schema": {"type": "string"}}}}


@router.get("/v1/health", summary="Is the process alive", responses={200: _OK})
@public
def get_health() -> Response[Any]:
    """Answers as long as the process does; it looks at nothing else."""
    return reply(Health(status="healthy"))


@router.get("/v1/health/ready", summary="Can it serve", responses={200: _OK, 503: _OK})
@public
def get_readiness() -> Response[Any]:
    """Looks at the database and its schema, the way to the workers and the idempotency records. `degraded` serves; `unhealthy` is 503."""
    database = _database()
    checks = [database] if database.status == "unhealthy" else [database, _outbox()]
    checks += _records()
    status = worst(checks)
    return reply(Health(status=status, checks=checks), 503 if status == "unhealthy" else 200)


@router.get("/problems", summary="All problem types", tags=["Problems"], responses={200: _PAGE})
@public
def list_problem_types() -> Response[Any]:
    """A page for people: each code with its status and what it means."""
    return Response(status_code=200, content_type="text/html; charset=utf-8", body=list_of_all())


@router.get(
    "/problems/<code>", summary="What a problem type means", tags=["Problems"], responses={200: _PAGE}
)
@public
def get_problem_type(code: Annotated[str, Path(description="The `code` of a problem")]) -> Response[Any]:
    """A page for people: what the code means, and what to do. A problem's `type` points here."""
    text = page_of(code)
    if text is None:
        raise NotFoundError("There is no such problem type.")
    return Response(status_code=200, content_type="text/html; charset=utf-8", body=text)


def _database() -> Check:
    health = bootstrap.database().health()
    check = Check(name="database", status=health.status, detail="; ".join(health.reasons))
    if health.status == "unhealthy":
        return check
    schema = _schema()
    return check if schema.status == "healthy" else schema


def _schema() -> Check:
    """Whether the database is the one this release expects; one that is ahead serves the release before it too."""
    expected = of_this_release()
    try:
        with bootstrap.platform_database().autocommit(ALL_TENANTS) as session:
            schema = schema_of(session)
    except StorageError as error:
        return Check(name="database", status="unhealthy", detail=error.detail)
    status: Status = "healthy"
    detail = ""
    if schema is None or schema.differences is None or schema.revision < expected.revision:
        status, detail = "unhealthy", "the migrations of this release have not run"
    elif schema.differences:
        status, detail = "unhealthy", "the schema is not as its release expects; the upgrade's log says where"
    elif schema.revision == expected.revision and schema.functions != expected.functions:
        status, detail = "degraded", "the SQL functions are of another release"
    return Check(name="database", status=status, detail=detail)


def _outbox() -> Check:
    """The way to the workers: events that lie for minutes mean that nothing carries them."""
    try:
        with bootstrap.platform_database().autocommit(ALL_TENANTS) as session:
            totals = outbox.totals(session)
    except StorageError as error:
        return Check(name="queue", status="unhealthy", detail=error.detail)
    if totals.oldest_seconds > UNHEALTHY_LAG:
        return Check(name="queue", status="unhealthy", detail="events wait to be published for too long")
    if totals.oldest_seconds > DEGRADED_LAG:
        return Check(name="queue", status="degraded", detail="events wait to be published")
    return Check(name="queue", status="healthy")


def _records() -> list[Check]:
    """The table of idempotency records, where there is one. Without it requests are served, and unique keys hold."""
    if bootstrap.settings(ResourceSettings).records_table is None:
        return []
    if idempotency.reachable():
        return [Check(name="idempotency", status="healthy")]
    detail = "the records of idempotency keys cannot be reached; only the database's unique keys hold"
    return [Check(name="idempotency", status="degraded", detail=detail)]


def worst(checks: Iterable[Check]) -> Status:
    """The status of the whole: that of its worst part."""
    statuses = {check.status for check in checks}
    return "unhealthy" if "unhealthy" in statuses else "degraded" if "degraded" in statuses else "healthy"
