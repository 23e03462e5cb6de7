"""The API's entry for everything that needs no lake. It must never import pyarrow, numpy or pyiceberg.

Routes are loaded in groups, by the first request whose path may belong to one: a cold start pays for what was
asked for, and for nothing else. Which groups a path needs does not depend on what was loaded before, so that the
same request has the same answer in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.http.app import Api
from functions.api.http.routing import Router


def _scenarios() -> Iterable[Router]:
    from functions.api import scenario_history, scenarios

    return scenarios.router, scenario_history.router


def _runs() -> Iterable[Router]:
    from functions.api import runs

    return (runs.router,)


def _receipts() -> Iterable[Router]:
    from functions.api import receipts

    return (receipts.router,)


def _bulk_runs() -> Iterable[Router]:
    from functions.api import bulk_runs

    return (bulk_runs.router,)


def _scenario_metrics() -> Iterable[Router]:
    from functions.api import scenario_metrics

    return (scenario_metrics.router,)


def _operations() -> Iterable[Router]:
    from functions.api import (
        actions,
        decisions,
        events,
        incidents,
        kill_switches,
        tenants,
        vendors,
        workflows,
    )

    nouns = (events, incidents, decisions, actions, kill_switches, workflows, vendors, tenants)
    return [noun.router for noun in nouns]


def _administration() -> Iterable[Router]:
    from functions.api import cache, outbox, settings

    return settings.router, outbox.router, cache.router


def _platform() -> Iterable[Router]:
    from functions.api import documentation, health, service_metrics

    return health.router, service_metrics.router, documentation.router


_Group = Callable[[], Iterable[Router]]

_GROUPS: dict[str, _Group] = {
    "admin": _administration,
    **dict.fromkeys(
        ("events", "incidents", "decisions", "actions", "kill-switches", "workflows", "vendors", "tenants"),
        _operations,
    ),
    **dict.fromkeys(("health", "problems", "metrics", "openapi.json", "docs"), _platform),
}
_OF_SCENARIOS: tuple[_Group, ...] = (_scenarios, _runs, _receipts, _bulk_runs, _scenario_metrics)

api = Api()
_loaded: set[_Group] = set()


def _load(group: _Group) -> None:
    if group not in _loaded:
        api.include(*group())
        _loaded.add(group)


def whole_api() -> Api:
    """The API with every route loaded, for what looks at all of them."""
    for group in (*_OF_SCENARIOS, *dict.fromkeys(_GROUPS.values())):
        _load(group)
    return api


def groups_of(path: str) -> tuple[_Group, ...]:
    """The groups in which a route of `path` may be; every method of a path is in the same ones."""
    words = [word for word in path.split("/") if word]
    if words and words[0] == "v1":
        words = words[1:]
    noun = words[0].partition(":")[0] if words else ""
    if noun != "scenarios":
        return (_GROUPS[noun],) if noun in _GROUPS else ()
    if len(words) > 1 and words[1].partition(":")[0] == "runs":
        return _OF_SCENARIOS  # `/scenarios/runs…` also fits `/scenarios/<scenario_id>…`
    what = words[2] if len(words) > 2 else ""
    if what in ("run", "runs"):
        return (_runs,)
    if what.startswith("runs:"):
        return (_bulk_runs,)
    return {"metrics": (_scenario_metrics,), "receipts": (_receipts,)}.get(what, (_scenarios,))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    for group in groups_of(event.get("rawPath") or ""):
        _load(group)
    return api.handle(event, context)
