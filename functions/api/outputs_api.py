"""The API's entry for the routes that read the lake, and the only one that loads DuckDB."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api import comparison, exports, output_analysis, output_files, outputs, report_creation
from functions.api.http.app import Api

api = Api(
    outputs.router,
    exports.router,
    output_analysis.router,
    output_files.router,
    comparison.router,
    report_creation.router,
)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.handle(event, context)
