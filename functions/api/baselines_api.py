"""The API's entry for the routes of baselines, and the only one that loads pyarrow and the engine."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api import baseline_merit_order, baseline_tables, baselines
from functions.api.http.app import Api

api = Api(baselines.router, baseline_merit_order.router, baseline_tables.router)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.handle(event, context)
