"""What can be wrong with a request about a webhook."""

from __future__ import annotations

from sextant.errors import ConflictError, NotFoundError


class WebhookNotFoundError(NotFoundError):
    """There is no such webhook."""

    code, title = "webhook_not_found", "Webhook not found"


class DeliveryNotFoundError(NotFoundError):
    """There is no such delivery: what is older than 30 days is forgotten."""

    code, title = "webhook_delivery_not_found", "Delivery not found"


class TooManyWebhooksError(ConflictError):
    """The tenant has as many webhooks as it may have."""

    code, title = "too_many_webhooks", "Too many webhooks"
    remedy = "Delete one that is not needed, or widen the filters of one."


class WebhookDisabledError(ConflictError):
    """The webhook is disabled, so that nothing is sent to it."""

    code, title = "webhook_disabled", "Webhook disabled"
    remedy = "Enable it first: PATCH its state to ENABLED."
