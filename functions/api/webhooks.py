"""Webhooks: endpoints that are told of events, their secrets, and what was delivered to them."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import Field, StringConstraints

from functions.addresses import (
    RefusedAddressError,
    RefusedUrlError,
    UnresolvedError,
    addresses_of,
    refuse_own,
    resolved,
    target_of,
)
from functions.api.http.changes import CHANGES, BeforeVersion, Changes
from functions.api.http.envelopes import (
    AnswerBody,
    Description,
    Envelope,
    Flag,
    ListEnvelope,
    RequestBody,
    answers,
    reply,
)
from functions.api.http.etag import IfMatch, etag
from functions.api.http.headers import ETAG, LOCATION
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit, States, check_tenant, several
from functions.api.http.plain_noun import KeptNoun, NewThing
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.config import ApiSettings
from sextant.errors import FieldError, ValidationError
from sextant.ids import WebhookId, new_id
from sextant.moments import Moment
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.webhooks import service
from sextant.webhooks.keys import Key, new_key
from sextant.webhooks.model import (
    DELIVERY_STATES,
    Attempt,
    Delivery,
    DeliveryFilter,
    EventType,
    Resent,
    Signing,
    Webhook,
    WebhookState,
)
from sextant.webhooks.sender import OwnHosts

Url = Annotated[str, StringConstraints(min_length=8, max_length=2000)]
EventTypes = Annotated[list[EventType], Field(max_length=20)]
Scenarios = Annotated[list[UUID], Field(max_length=100)]
Tags = Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=100)]], Field(max_length=20)]


class WebhookDocument(NewThing):
    _about = Webhook

    url: Url
    description: Description = ""
    event_types: EventTypes = Field(default_factory=list)
    scenario_ids: Scenarios = Field(default_factory=list)
    tags: Tags = Field(default_factory=list)
    ordered: Flag = False
    signing: Signing = "hmac"
    state: Literal["ENABLED", "PAUSED"] = "ENABLED"


class WebhookChanges(Changes):
    _about = Webhook

    url: Url | None = None
    description: Description | None = None
    event_types: EventTypes | None = None
    scenario_ids: Scenarios | None = None
    tags: Tags | None = None
    ordered: Flag | None = None
    state: WebhookState | None = None


class ResendRequest(RequestBody):
    """Which deliveries to send again: what failed or was cancelled of what happened since a moment."""

    since: Moment
    """Of what happened at this moment or later."""
    preview: Flag = False
    """Only say which they are."""


class WebhookBody(AnswerBody, shows=Webhook, hides=("tenant_id", "deleted_at")): ...


class NewWebhookBody(WebhookBody):
    secret: str | None
    """With `hmac` what signatures are verified with; it is shown this once. Null with `ed25519`, whose private key nobody is shown."""


class DeliveryBody(AnswerBody, shows=Delivery, hides=("tenant_id",)): ...


class DeliveryAttemptBody(AnswerBody, shows=Attempt): ...


class WholeDeliveryBody(DeliveryBody):
    body: str
    """What is sent, byte for byte."""
    tries: list[DeliveryAttemptBody]
    """What was tried, the last first, at most 100."""


class ResentBody(AnswerBody, shows=Resent):
    preview: bool
    """Whether nothing was done."""


class WebhookEnvelope(Envelope[WebhookBody]): ...


class NewWebhookEnvelope(Envelope[NewWebhookBody]): ...


class WebhookList(ListEnvelope[WebhookBody]): ...


class DeliveryEnvelope(Envelope[DeliveryBody]): ...


class WholeDeliveryEnvelope(Envelope[WholeDeliveryBody]): ...


class DeliveryList(ListEnvelope[DeliveryBody]): ...


class ResentEnvelope(Envelope[ResentBody]): ...


router = Router("Webhooks")
webhooks = KeptNoun(router, "/v1/webhooks", WebhookEnvelope, service)

_OK = answers("The webhook", WebhookEnvelope, ETAG, LOCATION)
_NEW = answers("The webhook with its secret", NewWebhookEnvelope, ETAG, LOCATION)
_LIST = answers("Webhooks, newest first", WebhookList)
_DELIVERY = answers("The delivery", DeliveryEnvelope)


@router.post("/v1/webhooks", summary="Create a webhook", responses={201: _NEW})
@needs("operations:write")
def create_webhook(document: Annotated[WebhookDocument, Body()]) -> Response[Any]:
    """The answer alone shows the secret, so that this takes no idempotency key: what is not wanted can be deleted."""
    caller = router.caller
    check_tenant(document.tenant_id, caller)
    _check_url(document.url)
    webhook, key = WebhookId(new_id()), new_key(document.signing)
    sealed = bootstrap.sealing().seal(caller.tenant, webhook, key.signs)
    values = {**document.model_dump(exclude={"tenant_id"}), "public_key": key.verifies}
    created = router.transaction(
        lambda session: service.create(session, webhook, values, sealed, caller.subject)
    )
    return _with_secret(created, key, 201)


@router.get("/v1/webhooks", summary="List webhooks", responses={200: _LIST})
@needs("outbox:read")
def list_webhooks(limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response[Any]:
    """Newest first."""
    return listing(router, WebhookList, "webhooks", limit, cursor, service.list_webhooks)


@router.get("/v1/webhooks/<webhook_id>", summary="Get a webhook", responses={200: _OK})
@needs("outbox:read")
def get_webhook(webhook_id: UUID) -> Response[Any]:
    """Where it goes, what it is told of, and whether it is enabled."""
    return webhooks.get(webhook_id)


@router.patch("/v1/webhooks/<webhook_id>", summary="Change a webhook", responses={200: _OK})
@needs("operations:write")
def change_webhook(
    webhook_id: UUID, document: Annotated[WebhookChanges, Body()], if_match: IfMatch = None
) -> Response[Any]:
    """What is left out stays. With `If-Match` only where nobody changed it since: else 412.

    Disabling cancels what waits; what is on its way that moment still arrives.
    """
    if document.url is not None:
        _check_url(document.url)
    answer = webhooks.change(webhook_id, document, if_match)
    if document.state == "ENABLED":
        bootstrap.nudge_relay()
    return answer


@router.delete(
    "/v1/webhooks/<webhook_id>", summary="Delete a webhook", responses={204: {"description": "Deleted"}}
)
@needs("operations:write")
def delete_webhook(webhook_id: UUID, if_match: IfMatch = None) -> Response[Any]:
    """What waits is cancelled. With `If-Match` only where nobody changed it since: else 412."""
    return webhooks.delete(webhook_id, if_match)


@router.get(
    "/v1/webhooks/<webhook_id>/changes",
    summary="What was changed of a webhook, field by field, newest first",
    responses={200: CHANGES},
)
@needs("outbox:read")
def list_webhook_changes(
    webhook_id: UUID,
    limit: Limit = MAX_LIMIT,
    cursor: Cursor = None,
    before_version: BeforeVersion = None,
) -> Response[Any]:
    """Newest first."""
    return webhooks.changes(webhook_id, limit, cursor, before_version)


@router.post(
    "/v1/webhooks/<webhook_id>/secret:rotate",
    summary="Give a webhook another secret",
    responses={200: _NEW},
)
@needs("operations:write")
def rotate_webhook_secret(webhook_id: UUID) -> Response[Any]:
    """For 24 hours everything is signed by both, so that no signature fails while the consumer changes over. A third secret, from a
    rotation before that, no longer signs. With `ed25519` it is another pair of keys, and `public_key` is the new one's.
    """
    with router.session() as session:
        stored = service.get(session, webhook_id)
    key, actor = new_key(stored.signing), router.caller.subject
    sealed = bootstrap.sealing().seal(stored.tenant_id, stored.id, key.signs)
    rotated = router.transaction(
        lambda session: service.rotate(session, webhook_id, sealed, key.verifies, actor)
    )
    return _with_secret(rotated, key, 200)


@router.post(
    "/v1/webhooks/<webhook_id>/test", summary="Have a test event delivered", responses={202: _DELIVERY}
)
@needs("operations:write")
def test_webhook(webhook_id: UUID) -> Response[Any]:
    """An event `webhook.test` for this endpoint alone; GET of the delivery says what came of it."""
    delivery = router.transaction(lambda session: service.test(session, webhook_id))
    bootstrap.nudge_relay()
    return reply(DeliveryEnvelope.of(delivery, router.caller), 202)


@router.get(
    "/v1/webhooks/<webhook_id>/deliveries",
    summary="List what is delivered to a webhook",
    responses={200: answers("Deliveries, newest first", DeliveryList)},
)
@needs("outbox:read")
def list_webhook_deliveries(
    webhook_id: UUID,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    state: States = None,
    event_type: Annotated[str | None, Query(max_length=100, description="Of this type of event")] = None,
) -> Response[Any]:
    """Newest first, of the last 30 days; everything given narrows."""
    where = DeliveryFilter(several("state", state, DELIVERY_STATES), event_type)
    scope = f"deliveries {webhook_id} {where}"
    return listing(router, DeliveryList, scope, limit, cursor, service.list_deliveries, webhook_id, where)


@router.post(
    "/v1/webhooks/<webhook_id>/deliveries:resend",
    summary="Send again what failed",
    responses={200: answers("What is sent again", ResentEnvelope)},
)
@needs("operations:write")
def resend_failed_deliveries(webhook_id: UUID, document: Annotated[ResendRequest, Body()]) -> Response[Any]:
    """Those that failed or were cancelled, the oldest 1,000; each under its own `webhook-id`, for three more days."""
    resent = router.transaction(
        lambda session: service.resend_failed(session, webhook_id, document.since, preview=document.preview)
    )
    if not document.preview:
        bootstrap.nudge_relay()
    body = ResentBody.of(resent, preview=document.preview)
    return reply(ResentEnvelope.around(body, router.caller))


@router.get(
    "/v1/webhooks/<webhook_id>/deliveries/<delivery_id>",
    summary="Get a delivery with what was sent and what came back",
    responses={200: answers("The delivery", WholeDeliveryEnvelope)},
)
@needs("outbox:read")
def get_webhook_delivery(webhook_id: UUID, delivery_id: UUID) -> Response[Any]:
    """Each attempt with its headers, the head of the answer, and how long it took."""
    with router.session() as session:
        delivery, content, attempts = service.get_delivery(session, webhook_id, delivery_id)
    tries = [DeliveryAttemptBody.of(attempt) for attempt in attempts]
    body = WholeDeliveryBody.of(delivery, body=content, tries=tries)
    return reply(WholeDeliveryEnvelope.around(body, router.caller))


@router.post(
    "/v1/webhooks/<webhook_id>/deliveries/<delivery_id>/resend",
    summary="Send a delivery again",
    responses={202: _DELIVERY},
)
@needs("operations:write")
def resend_webhook_delivery(webhook_id: UUID, delivery_id: UUID) -> Response[Any]:
    """Under the same `webhook-id`, whatever became of it; one that still waits stays as it is."""
    delivery = router.transaction(lambda session: service.resend(session, webhook_id, delivery_id))
    bootstrap.nudge_relay()
    return reply(DeliveryEnvelope.of(delivery, router.caller), 202)


def _check_url(url: str) -> None:
    """Raises `ValidationError` for a URL that nothing could be sent to; a resolver that does not answer is no reason."""
    local = bootstrap.settings(ApiSettings).stage == "local"
    try:
        target = target_of(url, local=local)
        refuse_own(
            target,
            (*bootstrap.settings(OwnHosts).hosts, router.current_event["requestContext"]["domainName"]),
        )
        addresses_of(target, resolved, local=local)
    except RefusedUrlError as error:
        raise _refused(str(error)) from error
    except RefusedAddressError as error:
        raise _refused(f"must lead to the public internet: {error}") from error
    except UnresolvedError as error:
        raise _refused(f"must name a host that can be resolved: {error}") from error


def _refused(message: str) -> ValidationError:
    return ValidationError(errors=[FieldError("url", "webhook_url", message)])


def _with_secret(webhook: Webhook, key: Key, status: int) -> Response[Any]:
    headers = {"ETag": etag(webhook.id, webhook.version), "Location": f"/v1/webhooks/{webhook.id}"}
    body = NewWebhookBody.of(webhook, secret=None if key.verifies else key.signs)
    return reply(NewWebhookEnvelope.around(body, router.caller), status, headers)
