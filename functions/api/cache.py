"""Make what is cached of a tenant's outputs stale."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api.http.envelopes import AnswerBody, Envelope, RequestBody, answers, reply
from functions.api.http.reasons import OutboxReason
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.outputs import service


class InvalidationRequest(RequestBody):
    reason: OutboxReason


class InvalidationBody(AnswerBody):
    output_version: int
    """Raised by one."""


class InvalidationEnvelope(Envelope[InvalidationBody]): ...


router = Router("Administration")


@router.post(
    "/v1/admin/cache/invalidate",
    summary="Have the tenant's outputs read afresh",
    responses={200: answers("The output version that holds from now on", InvalidationEnvelope)},
)
@needs("config:write")
def invalidate_cache(document: Annotated[InvalidationRequest, Body()]) -> Response[Any]:
    """What was cached of the tenant's outputs is no longer used: the next reading looks at the table."""
    version = router.transaction(lambda session: service.invalidate(session, document.reason))
    bootstrap.nudge_relay()
    body = InvalidationBody.model_construct(output_version=version)
    return reply(InvalidationEnvelope.around(body, router.caller))
