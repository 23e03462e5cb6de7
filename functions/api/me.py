"""Who asks, as the service sees them: tenant, roles, permissions, and limits with what is used of them."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.api.http.envelopes import AnswerBody, Envelope, answers, reply
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.config import ApiSettings
from sextant.runs import service as runs
from sextant.runs.model import RunLimits
from sextant.settings import service
from sextant.settings.model import DEFAULTS, LONG_POLL, RateLimit


class RateLimitBody(AnswerBody, shows=RateLimit): ...


class RunLimitsBody(AnswerBody, shows=RunLimits): ...


class LimitsBody(AnswerBody):
    rate_limits: list[RateLimitBody]
    """A request falls under the longest rule that its path fits; none where nothing is limited."""
    runs: RunLimitsBody
    """How many runs may be in work."""
    longest_wait_seconds: int
    """The longest that a request with `wait` is held."""
    body_bytes: int
    """The largest body of a request."""


class MeBody(AnswerBody):
    subject: str
    """Who the token is of."""
    tenant_id: str
    """Whose data is seen and changed."""
    roles: list[str]
    """The roles in the token."""
    permissions: list[str]
    """What the roles allow, in alphabetical order."""
    limits: LimitsBody
    """What is limited, and what of it is used."""


class MeEnvelope(Envelope[MeBody]): ...


router = Router("Tenants")


@router.get(
    "/v1/me",
    summary="Who am I, and what may I do",
    responses={200: answers("The caller", MeEnvelope)},
)
@needs("scenarios:read")
def get_me() -> Response[Any]:
    """The subject and tenant of the token, its roles and what they allow, and the tenant's limits with what is used of them."""
    caller = router.caller
    with router.session() as session:
        rates, of_runs = service.rate_limits(session), runs.limits(session)
    remembered = bootstrap.remembered_settings().of(caller.tenant)
    limits = LimitsBody.model_construct(
        rate_limits=[RateLimitBody.of(rate) for rate in rates],
        runs=RunLimitsBody.of(of_runs),
        longest_wait_seconds=remembered.config("long-poll", "seconds", DEFAULTS[LONG_POLL]["seconds"]),
        body_bytes=bootstrap.settings(ApiSettings).max_body_bytes,
    )
    body = MeBody.model_construct(
        subject=caller.subject,
        tenant_id=caller.tenant,
        roles=sorted(caller.roles),
        permissions=sorted(caller.permissions),
        limits=limits,
    )
    return reply(MeEnvelope.around(body, caller))
