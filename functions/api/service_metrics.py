"""`/metrics`: the figures of the caller's tenant; of all tenants and of this process for who may see all."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from functions.api.http.exposition import CONTENT_TYPE, Counter, Gauge, exposition
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.identity import Caller
from sextant.outbox import service as outbox
from sextant.runs import service as runs
from sextant.runs.model import STATES
from sextant.settings import service as settings
from sextant.storage import ALL_TENANTS, Database, Session

_BREAKER = {"closed": 0.0, "half_open": 1.0, "open": 2.0}


router = Router("Health")

_TEXT: OpenAPIResponse = {
    "description": "The figures",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


@router.get("/metrics", summary="Figures in Prometheus' text format", responses={200: _TEXT})
@needs("outbox:read")
def get_metrics() -> Response[Any]:
    """The figures of the caller's tenant; of all tenants and of this process for who manages tenants."""
    caller = router.caller
    with _session(caller) as session:
        gauges = [*_of_runs(session), *_of_outbox(session)]
    with bootstrap.database().autocommit(caller.tenant) as session:
        gauges.append(_of_limits(session))
    if caller.may("tenants:manage"):
        # A process serves every tenant: what it did says how busy the others are.
        gauges += _of_process(bootstrap.database())
    return Response(200, CONTENT_TYPE, exposition(gauges))


def _session(caller: Caller) -> AbstractContextManager[Session]:
    if caller.may("tenants:manage"):
        return bootstrap.platform_database().autocommit(ALL_TENANTS)
    return bootstrap.database().autocommit(caller.tenant)


def _of_runs(session: Session) -> list[Gauge]:
    by_state = {of_state.state: of_state for of_state in runs.statistics(session)}
    queued = by_state.get("QUEUED")
    return [
        Gauge(
            "sextant_runs",
            "Runs by state; of those that ended, the last day's.",
            [({"state": state}, by_state[state].runs if state in by_state else 0) for state in STATES],
        ),
        Gauge(
            "sextant_queue_oldest_seconds",
            "Age of the oldest run that waits.",
            [({}, queued.oldest_seconds if queued else 0)],
        ),
    ]


def _of_outbox(session: Session) -> list[Gauge]:
    totals = outbox.totals(session)
    return [
        Gauge(
            "sextant_outbox_events",
            "Events by where they stand.",
            [
                ({"state": "pending"}, totals.pending),
                ({"state": "delayed"}, totals.delayed),
                ({"state": "dead"}, totals.dead),
            ],
        ),
        Gauge(
            "sextant_outbox_lag_seconds", "Age of the oldest pending event.", [({}, totals.oldest_seconds)]
        ),
    ]


def _of_limits(session: Session) -> Gauge:
    return Gauge(
        "sextant_rate_limit_used",
        "Requests of the tenant in the present window, by rule.",
        [({"rule": usage.rule}, usage.used) for usage in settings.usage(session)],
    )


def _of_process(database: Database) -> list[Gauge]:
    health = database.health()
    statements, pool = health.statements, health.pool
    return [
        Gauge("sextant_breaker_state", "0 closed, 1 half open, 2 open.", [({}, _BREAKER[health.breaker])]),
        Gauge(
            "sextant_pool_connections",
            "Connections of this process.",
            [
                ({"state": "in_use"}, pool.in_use),
                ({"state": "idle"}, pool.idle),
                ({"state": "waiting"}, pool.waiting),
            ],
        ),
        Counter("sextant_statements_total", "Statements of this process.", [({}, statements.statements)]),
        Counter("sextant_statement_failures_total", "Failed ones.", [({}, statements.failures)]),
        Gauge(
            "sextant_statement_seconds",
            "Time of the last minute's statements.",
            [({"quantile": "0.5"}, statements.median), ({"quantile": "0.95"}, statements.p95)],
        ),
        Gauge(
            "sextant_settings_cache",
            "Tenants whose settings this process remembers, and how often it asked or remembered.",
            [({"count": name}, value) for name, value in bootstrap.remembered_settings().figures().items()],
        ),
    ]
