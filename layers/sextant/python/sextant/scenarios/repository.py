"""Every statement on scenarios and their versions."""

from __future__ import annotations

from psycopg import sql

from sextant.ids import ScenarioId
from sextant.paging import PageRequest
from sextant.scenarios.model import Scenario, ScenarioFilter
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
    "SELECT id FROM scenario WHERE tenant_id = %s AND lower(name) = lower(%s) AND deleted_at IS NULL"
)

_LIST = """
SELECT {columns} FROM scenario
WHERE tenant_id = %(tenant_id)s AND deleted_at IS NULL
  AND (%(key)s::uuid IS NULL OR id {beyond} %(key)s::uuid)
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(name)s::text IS NULL OR strpos(lower(name), lower(%(name)s)) > 0)
  AND (%(tag)s::text IS NULL OR tags @> ARRAY[%(tag)s::text])
  AND (%(created_after)s::timestamptz IS NULL OR created_at >= %(created_after)s)
  AND (%(created_before)s::timestamptz IS NULL OR created_at < %(created_before)s)
ORDER BY id {order} LIMIT %(fetch)s
"""
_LIST_NEXT = sql.SQL(_LIST).format(columns=_COLUMNS, beyond=sql.SQL("<"), order=sql.SQL("DESC"))
_LIST_PREV = sql.SQL(_LIST).format(columns=_COLUMNS, beyond=sql.SQL(">"), order=sql.SQL("ASC"))


def insert(
    session: Session, scenario: ScenarioId, values: dict[str, object], actor: str, correlation_id: str
) -> Scenario:
    """Store a scenario's first version; raises `UniqueViolation` of `scenario_tenant_name_unique`."""
    created = session.fetch_one(
        _INSERT,
        {
            "tenant_id": session.tenant_id,
            "id": scenario,
            "actor": actor,
            "correlation_id": correlation_id,
            **values,
        },
        row=Scenario,
    )
    assert created is not None
    return created


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
