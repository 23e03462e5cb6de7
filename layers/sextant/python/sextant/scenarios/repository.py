"""Scenarios and their versions, which are a temporal table, and their audit log."""

from __future__ import annotations

from dataclasses import asdict
from typing import LiteralString
from uuid import UUID

from psycopg import sql

from sextant.identity import Caller
from sextant.ids import RunId, ScenarioId
from sextant.paging import PageRequest
from sextant.scenarios.model import Scenario, ScenarioEvent, ScenarioFilter, ScenarioValues
from sextant.storage import Session
from sextant.storage.errors import RecordNotFound
from sextant.storage.temporal import (
    LogEntry,
    LogTable,
    RecordVersion,
    Strategy,
    TableSpec,
    TemporalRepository,
    changed_columns,
)

SCENARIOS: TemporalRepository[Scenario] = TemporalRepository(
    TableSpec(
        table="scenario",
        record=Scenario,
        columns={
            "name": "text",
            "description": "text",
            "status": "text",
            "assumptions": "text",
            "parameters": "text",
            "tags": "text[]",
        },
        strategy=Strategy.SCD2,
        filters=frozenset({"status"}),
        conditions={
            "name": "strpos(name_key, lower({value}::text)) > 0",
            "tag": "tags @> ARRAY[{value}::text]",
            "created_after": "created_at >= {value}::timestamptz",
            "created_before": "created_at < {value}::timestamptz",
        },
    )
)

NAME_UNIQUE = "scenario_tenant_name_unique"
NOT_PUBLISHING = "scenario_not_publishing"


def _audit_log(event_type: LiteralString, data: LiteralString) -> LogTable:
    return LogTable(
        "scenario_event",
        {
            "scenario_id": "after.id",
            "event_type": f"'{event_type}'",
            "actor": "after.updated_by",
            "correlation_id": "%(correlation_id)s::text",
            "data": data,
        },
    )


_CREATED = _audit_log("SCENARIO_CREATED", "'{}'::jsonb")
_UPDATED = _audit_log(
    "SCENARIO_UPDATED",
    f"jsonb_build_object('version', after.version, 'changed', {changed_columns(SCENARIOS.spec)})",
)
_RESTORED = _audit_log("SCENARIO_RESTORED", "jsonb_build_object('version', after.version)")
_DELETED = _audit_log(
    "SCENARIO_DELETED",
    "jsonb_build_object('cancelled_runs', cancel_scenario_runs(after.tenant_id, after.id, after.updated_by))",
)

_ID_BY_NAME = (
    "SELECT id FROM scenario WHERE tenant_id = %s AND name_key = lower(%s::text) AND deleted_at IS NULL"
)
_EVENTS = """
SELECT tenant_id, id, scenario_id, run_id, event_type, actor, correlation_id, data, occurred_at FROM scenario_event
WHERE tenant_id = %(tenant_id)s AND scenario_id = %(id)s AND (%(run)s::uuid IS NULL OR run_id = %(run)s::uuid)
  AND (%(key)s::uuid IS NULL OR id {beyond} %(key)s::uuid)
ORDER BY id {order} LIMIT %(fetch)s
"""
_EVENTS_NEXT = sql.SQL(_EVENTS).format(beyond=sql.SQL("<"), order=sql.SQL("DESC"))
_EVENTS_PREV = sql.SQL(_EVENTS).format(beyond=sql.SQL(">"), order=sql.SQL("ASC"))


def create(session: Session, values: ScenarioValues, caller: Caller) -> Scenario:
    """Store a scenario's first version; raises `UniqueViolation` of `NAME_UNIQUE`."""
    return SCENARIOS.create(session, values, actor=caller.subject, entry=_entry(_CREATED, caller))


def present(session: Session, scenario: ScenarioId) -> Scenario:
    """The scenario as it stands at this moment, for a unit of work that changes it; raises `RecordNotFound`."""
    SCENARIOS.written(session)
    record = SCENARIOS.get(session, scenario)
    if record is None:
        raise RecordNotFound
    return record


def update(
    session: Session,
    scenario: ScenarioId,
    values: ScenarioValues,
    expected_version: int | None,
    caller: Caller,
) -> Scenario:
    """Make the next version, where `values` differ; raises `UniqueViolation` of `NAME_UNIQUE`."""
    return SCENARIOS.update(
        session,
        scenario,
        values,
        actor=caller.subject,
        expected_version=expected_version,
        entry=_entry(_UPDATED, caller),
    )


def delete(session: Session, scenario: ScenarioId, expected_version: int | None, caller: Caller) -> None:
    """Delete a scenario and cancel its live runs; raises `ConstraintViolation` of `NOT_PUBLISHING`."""
    SCENARIOS.delete(
        session,
        scenario,
        actor=caller.subject,
        expected_version=expected_version,
        entry=_entry(_DELETED, caller),
    )


def restore(session: Session, scenario: ScenarioId, values: ScenarioValues, caller: Caller) -> Scenario:
    """Bring a deleted scenario back, with new `values`; raises `UniqueViolation` of `NAME_UNIQUE`."""
    return SCENARIOS.restore(session, scenario, values, actor=caller.subject, entry=_entry(_RESTORED, caller))


def _entry(log: LogTable, caller: Caller) -> LogEntry:
    return LogEntry(log, {"correlation_id": caller.correlation_id})


def list_page(session: Session, where: ScenarioFilter, request: PageRequest) -> list[Scenario]:
    """Up to `request.fetch` scenarios, newest first (oldest first when going backwards)."""
    return SCENARIOS.list_page(
        session,
        limit=request.fetch,
        after=request.key if isinstance(request.key, UUID) else None,
        descending=not request.backwards,
        where={name: value for name, value in asdict(where).items() if value is not None},
    )


def list_versions(
    session: Session, scenario: ScenarioId, request: PageRequest
) -> list[RecordVersion[Scenario]]:
    """Up to `request.fetch` versions, newest first; the page's key is the version's number as a UUID."""
    return SCENARIOS.history(
        session,
        scenario,
        limit=request.fetch,
        after=request.key.int if isinstance(request.key, UUID) else None,
        descending=not request.backwards,
    )


def list_events(
    session: Session, scenario: ScenarioId, run: RunId | None, request: PageRequest
) -> list[ScenarioEvent]:
    """Up to `request.fetch` entries of a scenario's audit log, newest first."""
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


def id_by_name(session: Session, name: str) -> ScenarioId | None:
    """The scenario that has `name` now, in upper or lower case."""
    row = session.fetch_one(_ID_BY_NAME, (session.tenant_id, name), row=tuple)
    return ScenarioId(row[0]) if row else None
