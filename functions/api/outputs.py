"""The API's entry for the routes that read the lake, and the only one that loads pyarrow."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.app import Api
from functions.api.output_routes import analysis, baselines, exports, rows

api = Api()
for routes in (rows, exports, analysis, baselines):
    routes.register(api)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.handle(event, context)
