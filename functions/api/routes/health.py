"""Liveness and readiness, and the pages that problem types point to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel

from functions.api.app import Api, public, reply
from functions.api.problem_pages import page_of
from sextant import bootstrap
from sextant.errors import NotFoundError
from sextant.storage.errors import StorageError


class Check(BaseModel):
    name: str
    status: Literal["healthy", "degraded", "unhealthy"]
    detail: str = ""


class Health(BaseModel):
    status: Literal["healthy", "degraded", "unhealthy"]
    checks: list[Check] = []


def register(api: Api) -> None:
    @api.get("/v1/health", summary="Is the process alive", tags=["Health"])
    @public
    def live() -> Response[Any]:
        return reply(Health(status="healthy"))

    @api.get("/v1/health/ready", summary="Can it serve", tags=["Health"])
    @public
    def ready() -> Response[Any]:
        check = _database()
        return reply(Health(status=check.status, checks=[check]), 200 if check.status == "healthy" else 503)

    @api.get("/problems/<code>", summary="What a problem type means", tags=["Problems"])
    @public
    def problem_page(code: Annotated[str, Path()]) -> Response[Any]:
        text = page_of(code)
        if text is None:
            raise NotFoundError("There is no such problem type.")
        return Response(status_code=200, content_type="text/html; charset=utf-8", body=text)


def _database() -> Check:
    try:
        with bootstrap.platform_database().platform_autocommit() as session:
            session.fetch_one("SELECT 1", row=int)
    except StorageError as error:
        return Check(name="database", status="unhealthy", detail=error.detail)
    return Check(name="database", status="healthy")
