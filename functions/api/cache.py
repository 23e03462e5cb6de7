"""Make what is cached of a tenant's outputs stale."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, ConfigDict, StringConstraints

from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import Meta, meta
from sextant import bootstrap
from sextant.outputs import repository


class InvalidationRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    reason: Annotated[
        str, StringConstraints(strict=True, strip_whitespace=True, min_length=3, max_length=500)
    ]


class InvalidationBody(BaseModel):
    output_version: int


class InvalidationEnvelope(BaseModel):
    data: InvalidationBody
    meta: Meta


def register(api: Api) -> None:
    @api.post(
        "/v1/admin/cache/invalidate",
        summary="Have the tenant's outputs read afresh",
        tags=["Administration"],
        responses={200: answers("The output version that holds from now on", InvalidationEnvelope)},
    )
    @needs("config:write")
    def invalidate_cache(document: Annotated[InvalidationRequest, Body()]) -> Response[Any]:
        caller = api.caller
        version = bootstrap.database().run(
            caller.tenant, lambda session: repository.invalidate(session, document.reason)
        )
        bootstrap.nudge_relay()
        body = InvalidationBody(output_version=version)
        return reply(InvalidationEnvelope.model_construct(data=body, meta=meta(caller)))
