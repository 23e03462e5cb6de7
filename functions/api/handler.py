"""The API's entry for everything that needs no lake. It must never import pyarrow, numpy or pyiceberg.

A noun's routes are loaded by the first request whose path begins with it: a cold start pays for the noun that
was asked for, and for no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.app import Api


class _Routes(Protocol):
    def register(self, api: Api) -> None: ...


def _scenarios() -> Iterable[_Routes]:
    from functions.api.routes import metrics, run_control, runs, scenario_history, scenarios

    return scenarios, scenario_history, runs, run_control, metrics


def _operations() -> Iterable[_Routes]:
    from functions.api.routes import (
        actions,
        decisions,
        events,
        incidents,
        kill_switches,
        tenants,
        vendors,
        workflows,
    )

    return events, incidents, decisions, actions, kill_switches, workflows, vendors, tenants


def _administration() -> Iterable[_Routes]:
    from functions.api.routes import cache, config, outbox

    return config, outbox, cache


def _platform() -> Iterable[_Routes]:
    from functions.api.routes import documentation, figures, health

    return health, figures, documentation


_GROUPS: dict[str, Callable[[], Iterable[_Routes]]] = {
    "scenarios": _scenarios,
    "admin": _administration,
    **dict.fromkeys(
        ("events", "incidents", "decisions", "actions", "kill-switches", "workflows", "vendors", "tenants"),
        _operations,
    ),
    **dict.fromkeys(("health", "problems", "metrics", "openapi.json", "docs"), _platform),
}

api = Api()
_loaded: set[Callable[[], Iterable[_Routes]]] = set()


def _load(group: Callable[[], Iterable[_Routes]]) -> None:
    if group not in _loaded:
        for routes in group():
            routes.register(api)
        _loaded.add(group)


def whole_api() -> Api:
    """The API with every route loaded, for what looks at all of them."""
    for group in dict.fromkeys(_GROUPS.values()):
        _load(group)
    return api


def noun_of(path: str) -> str:
    """`scenarios` in `/v1/scenarios:validate` and in `/v1/scenarios/7/run`."""
    words = [word for word in path.split("/") if word]
    if words and words[0] == "v1":
        words = words[1:]
    return words[0].partition(":")[0] if words else ""


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    group = _GROUPS.get(noun_of(event.get("rawPath") or ""))
    if group is not None:
        _load(group)
    return api.handle(event, context)
