"""Runs the migrations as the database's administrator; called by the deployment and by `local/`."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

import migrations

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Upgrade to `event["revision"]`, by default the newest; running it again changes nothing."""
    revision = str(event.get("revision", "head"))
    migrations.upgrade(os.environ["DATABASE_URL"], revision)
    at = migrations.revisions()[-1] if revision == "head" else revision
    logger.info("database is up to date", extra={"revision": at})
    return {"revision": at}
