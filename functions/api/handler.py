"""The API's entry for everything that needs no lake. It must never import pyarrow, numpy or pyiceberg."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.app import Api
from functions.api.routes import (
    actions,
    config,
    decisions,
    documentation,
    events,
    figures,
    health,
    incidents,
    kill_switches,
    metrics,
    run_control,
    runs,
    scenario_history,
    scenarios,
    tenants,
    vendors,
    workflows,
)

api = Api()
for routes in (
    health,
    scenarios,
    scenario_history,
    runs,
    run_control,
    metrics,
    config,
    figures,
    documentation,
):
    routes.register(api)
for routes in (events, incidents, decisions, actions, kill_switches, workflows, vendors, tenants):
    routes.register(api)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.handle(event, context)
