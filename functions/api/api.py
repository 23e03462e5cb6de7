"""The API's entry for everything that needs no lake. It must never import pyarrow, numpy or pyiceberg.

A noun's routes are loaded by the first request whose path may belong to them: a cold start pays for what was asked
for, and for nothing else. Which nouns a path needs does not depend on what was loaded before, so that the same
request has the same answer in every process.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.http.app import Api
from functions.api.http.routing import Router

if TYPE_CHECKING:
    # They are loaded by name. This is how the import contracts know of them.
    from functions.api import (  # noqa: F401
        actions,
        bulk_runs,
        cache,
        changes,
        decisions,
        documentation,
        events,
        health,
        incidents,
        kill_switches,
        me,
        models,
        outbox,
        receipts,
        reports,
        results,
        runs,
        scenario_history,
        scenario_metrics,
        scenarios,
        service_metrics,
        settings,
        tenant_runs,
        tenants,
        vendors,
        webhooks,
        workflows,
    )

# The module of a path, by its first word; behind `admin`, by its second.
_MODULES = {
    **{
        noun: noun
        for noun in (
            "actions",
            "changes",
            "decisions",
            "events",
            "incidents",
            "me",
            "models",
            "reports",
            "tenants",
            "vendors",
            "webhooks",
            "workflows",
        )
    },
    "runs": "tenant_runs",
    "shared-report": "reports",
    "kill-switches": "kill_switches",
    "cancellations": "bulk_runs",
    "cache": "cache",
    "config": "settings",
    "config-audit": "settings",
    "outbox": "outbox",
    "outbox-audit": "outbox",
    "quotas": "outbox",
    "health": "health",
    "problems": "health",
    "metrics": "service_metrics",
    "openapi.json": "documentation",
    "docs": "documentation",
}
# The module of `/v1/scenarios/<scenario_id>/…`, by the word behind the id.
_OF_A_SCENARIO = {
    "diff": "scenario_history",
    "events": "scenario_history",
    "versions": "scenario_history",
    "run": "runs",
    "runs": "runs",
    "runs:bulk": "bulk_runs",
    "metrics": "scenario_metrics",
    "receipts": "receipts",
}
# The module of `/v1/scenarios/<scenario_id>/runs/<run_id>/…`, by its last word.
_OF_A_RUN = {"result": "results"}
_OF_SCENARIOS = ("scenarios", *dict.fromkeys(_OF_A_SCENARIO.values()), *_OF_A_RUN.values())
MODULES = tuple(dict.fromkeys((*_OF_SCENARIOS, *_MODULES.values())))

api = Api()
_loaded: set[str] = set()


def router_of(module: str) -> Router:
    """The router of one of `MODULES`."""
    router: Router = import_module(f"functions.api.{module}").router
    return router


def whole_api() -> Api:
    """The API with every route loaded, for what looks at all of them."""
    _load(MODULES)
    return api


def modules_of(path: str) -> tuple[str, ...]:
    """The modules in which a route of `path` may be; every method of a path is in the same ones."""
    words = [word for word in path.split("/") if word]
    if not words:
        return ("documentation",)
    if words[0] == "v1":
        words = words[1:]
    noun = words[0].partition(":")[0] if words else ""
    if noun == "scenarios":
        if len(words) > 1 and words[1].partition(":")[0] == "runs":
            return _OF_SCENARIOS  # `/scenarios/runs…` also fits `/scenarios/<scenario_id>…`
        if len(words) > 4 and words[2] == "runs" and words[4] in _OF_A_RUN:
            return (_OF_A_RUN[words[4]],)
        return (_OF_A_SCENARIO.get(words[2] if len(words) > 2 else "", "scenarios"),)
    if noun == "admin":
        noun = words[1] if len(words) > 1 else ""
    return (_MODULES[noun],) if noun in _MODULES else ()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    _load(modules_of(event.get("rawPath") or ""))
    return api.handle(event, context)


def _load(modules: tuple[str, ...]) -> None:
    for module in modules:
        if module not in _loaded:
            api.include(router_of(module))
            _loaded.add(module)
