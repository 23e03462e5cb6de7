"""Every statement on scenarios and their versions."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from psycopg import sql

from sextant.ids import RunId, ScenarioId
from sextant.paging import PageRequest
from sextant.scenarios.model import Scenario, ScenarioEvent, ScenarioFilter, ScenarioValues, ScenarioVersion
from sextant.storage import Session

_COLUMNS = sql.SQL(
    "tenant_id, id, version, name, description, status, assumptions, parameters, tags,"
    " created_at, created_by, updated_at, updated_by, deleted_at"
)

# The first version stands from the moment at which the scenario does.
_INSERT = sql.SQL("""
WITH created AS (
    INSERT INTO scenario (tenant_id, id, name, description, status, assumptions, parameters, tags, created_by, updated_by)
    VALUES (%(tenant_id)s, %(id)s, %(name)s, %(description)s, %(status)s, %(assumptions)s, %(parameters)s, %(tags)s, %(actor)s, %(actor)s)
    RETURNING {columns}
), first_version AS (
    INSERT INTO scenario_version (tenant_id, id, version, valid, name, description, status, assumptions, parameters, tags, changed_by)
    SELECT tenant_id, id, version, tstzrange(created_at, NULL), name, description, status, assumptions, parameters, tags, created_by
    FROM created
), trail AS (
    INSERT INTO scenario_event (tenant_id, scenario_id, event_type, actor, correlation_id)
    SELECT tenant_id, id, 'SCENARIO_CREATED', created_by, %(correlation_id)s FROM created
)
SELECT {columns} FROM created
""").format(columns=_COLUMNS)

_GET = sql.SQL(
    "SELECT {columns} FROM scenario WHERE tenant_id = %s AND id = %s AND deleted_at IS NULL"
).format(columns=_COLUMNS)

_ID_BY_NAME = (
    "SELECT id FROM scenario WHERE tenant_id = %s AND name_key = lower(%s::text) AND deleted_at IS NULL"
)

_LIST = """
SELECT {columns} FROM scenario
WHERE tenant_id = %(tenant_id)s AND deleted_at IS NULL
  AND (%(key)s::uuid IS NULL OR id {beyond} %(key)s::uuid)
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(name)s::text IS NULL OR strpos(name_key, lower(%(name)s::text)) > 0)
  AND (%(tag)s::text IS NULL OR tags @> ARRAY[%(tag)s::text])
  AND (%(created_after)s::timestamptz IS NULL OR created_at >= %(created_after)s)
  AND (%(created_before)s::timestamptz IS NULL OR created_at < %(created_before)s)
ORDER BY id {order} LIMIT %(fetch)s
"""
_LIST_NEXT = sql.SQL(_LIST).format(columns=_COLUMNS, beyond=sql.SQL("<"), order=sql.SQL("DESC"))
_LIST_PREV = sql.SQL(_LIST).format(columns=_COLUMNS, beyond=sql.SQL(">"), order=sql.SQL("ASC"))


_FIELDS_OF = sql.SQL(", ").join(
    sql.SQL("(scenario).{}").format(sql.Identifier(field.name)) for field in fields(Scenario)
)
_UPDATE = sql.SQL("""
SELECT outcome, {columns} FROM update_scenario(
    %(tenant_id)s, %(id)s, %(expected_version)s, %(name)s, %(description)s, %(status)s, %(assumptions)s, %(parameters)s,
    %(tags)s, %(actor)s, %(correlation_id)s)
""").format(columns=_FIELDS_OF)
_RESTORE = sql.SQL("SELECT outcome, {columns} FROM restore_scenario(%s, %s, %s, %s)").format(
    columns=_FIELDS_OF
)

_VERSION_COLUMNS = sql.SQL(
    "tenant_id, id, version, name, description, status, assumptions, parameters, tags, deleted_at, changed_by,"
    " lower(valid) AS valid_from, upper(valid) AS valid_to"
)
_VERSION = sql.SQL(
    "SELECT {columns} FROM scenario_version WHERE tenant_id = %s AND id = %s AND version = %s"
).format(columns=_VERSION_COLUMNS)
_VERSION_AS_OF = sql.SQL(
    "SELECT {columns} FROM scenario_version WHERE tenant_id = %s AND id = %s AND valid @> %s::timestamptz"
).format(columns=_VERSION_COLUMNS)
_VERSIONS = """
SELECT {columns} FROM scenario_version
WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND (%(key)s::int IS NULL OR version {beyond} %(key)s::int)
ORDER BY version {order} LIMIT %(fetch)s
"""
_VERSIONS_NEXT = sql.SQL(_VERSIONS).format(
    columns=_VERSION_COLUMNS, beyond=sql.SQL("<"), order=sql.SQL("DESC")
)
_VERSIONS_PREV = sql.SQL(_VERSIONS).format(
    columns=_VERSION_COLUMNS, beyond=sql.SQL(">"), order=sql.SQL("ASC")
)
_EVENTS = """
SELECT tenant_id, id, scenario_id, run_id, event_type, actor, correlation_id, data, occurred_at FROM scenario_event
WHERE tenant_id = %(tenant_id)s AND scenario_id = %(id)s AND (%(run)s::uuid IS NULL OR run_id = %(run)s::uuid)
  AND (%(key)s::uuid IS NULL OR id {beyond} %(key)s::uuid)
ORDER BY id {order} LIMIT %(fetch)s
"""
_EVENTS_NEXT = sql.SQL(_EVENTS).format(beyond=sql.SQL("<"), order=sql.SQL("DESC"))
_EVENTS_PREV = sql.SQL(_EVENTS).format(beyond=sql.SQL(">"), order=sql.SQL("ASC"))


def insert(
    session: Session, scenario: ScenarioId, values: ScenarioValues, actor: str, correlation_id: str
) -> Scenario:
    """Store a scenario's first version; raises `UniqueViolation` of `scenario_tenant_name_unique`."""
    created = session.fetch_one(
        _INSERT,
        {
            "tenant_id": session.tenant_id,
            "id": scenario,
            "actor": actor,
            "correlation_id": correlation_id,
            **asdict(values),
        },
        row=Scenario,
    )
    assert created is not None
    return created


def update(
    session: Session,
    scenario: ScenarioId,
    values: ScenarioValues,
    expected_version: int | None,
    actor: str,
    correlation_id: str,
) -> tuple[str, Scenario | None]:
    """Make the next version: CHANGED, UNCHANGED, NOT_FOUND or VERSION_CONFLICT, and the scenario as it stands.

    Raises `UniqueViolation` of `scenario_tenant_name_unique`.
    """
    found = session.fetch_one(
        _UPDATE,
        {
            "tenant_id": session.tenant_id,
            "id": scenario,
            "expected_version": expected_version,
            "actor": actor,
            "correlation_id": correlation_id,
            **asdict(values),
        },
        row=dict,
    )
    return _changed(found)


def restore(
    session: Session, scenario: ScenarioId, actor: str, correlation_id: str
) -> tuple[str, Scenario | None]:
    """Bring a deleted scenario back: CHANGED, UNCHANGED or NOT_FOUND; raises `UniqueViolation` as `insert` does."""
    found = session.fetch_one(_RESTORE, (session.tenant_id, scenario, actor, correlation_id), row=dict)
    return _changed(found)


def _changed(found: dict[str, Any] | None) -> tuple[str, Scenario | None]:
    assert found is not None
    outcome = found.pop("outcome")
    return outcome, None if outcome == "NOT_FOUND" else Scenario(**found)


def version(session: Session, scenario: ScenarioId, number: int) -> ScenarioVersion | None:
    return session.fetch_one(_VERSION, (session.tenant_id, scenario, number), row=ScenarioVersion)


def version_as_of(session: Session, scenario: ScenarioId, moment: datetime) -> ScenarioVersion | None:
    """The version that stood at `moment`; also one that says that the scenario was deleted then."""
    return session.fetch_one(_VERSION_AS_OF, (session.tenant_id, scenario, moment), row=ScenarioVersion)


def list_versions(session: Session, scenario: ScenarioId, request: PageRequest) -> list[ScenarioVersion]:
    """Up to `request.fetch` versions, newest first; the page's key is the version's number as a UUID."""
    return session.fetch_all(
        _VERSIONS_PREV if request.backwards else _VERSIONS_NEXT,
        {
            "tenant_id": session.tenant_id,
            "id": scenario,
            "key": request.key.int if request.key else None,
            "fetch": request.fetch,
        },
        row=ScenarioVersion,
    )


def list_events(
    session: Session, scenario: ScenarioId, run: RunId | None, request: PageRequest
) -> list[ScenarioEvent]:
    """Up to `request.fetch` entries of a scenario's trail, newest first."""
    return session.fetch_all(
        _EVENTS_PREV if request.backwards else _EVENTS_NEXT,
        {
            "tenant_id": session.tenant_id,
            "id": scenario,
            "run": run,
            "key": request.key,
            "fetch": request.fetch,
        },
        row=ScenarioEvent,
    )


def get(session: Session, scenario: ScenarioId) -> Scenario | None:
    return session.fetch_one(_GET, (session.tenant_id, scenario), row=Scenario)


def id_by_name(session: Session, name: str) -> ScenarioId | None:
    found = session.fetch_one(_ID_BY_NAME, (session.tenant_id, name), row=tuple)
    return ScenarioId(found[0]) if found else None


def list_page(session: Session, where: ScenarioFilter, request: PageRequest) -> list[Scenario]:
    """Up to `request.fetch` scenarios, newest first (oldest first when going backwards)."""
    return session.fetch_all(
        _LIST_PREV if request.backwards else _LIST_NEXT,
        {
            "tenant_id": session.tenant_id,
            "key": request.key,
            "fetch": request.fetch,
            "status": where.status,
            "name": where.name,
            "tag": where.tag,
            "created_after": where.created_after,
            "created_before": where.created_before,
        },
        row=Scenario,
    )


def soft_delete(
    session: Session, scenario: ScenarioId, expected_version: int | None, actor: str, correlation_id: str
) -> tuple[str, int]:
    """Delete a scenario and cancel its live runs: the outcome and how many runs were cancelled.

    The outcome is DELETED, NOT_FOUND, VERSION_CONFLICT or PUBLISHING (a run of it is in an open group commit).
    """
    found = session.fetch_one(
        "SELECT outcome, cancelled FROM delete_scenario(%s, %s, %s, %s, %s)",
        (session.tenant_id, scenario, expected_version, actor, correlation_id),
        row=tuple,
    )
    assert found is not None
    return found[0], found[1]
