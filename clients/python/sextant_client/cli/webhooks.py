"""`sextant webhooks …`: endpoints that are told of events, and what was delivered to them."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from sextant_client._sync.pages import items
from sextant_client.cli import listening
from sextant_client.cli.scenarios import _first, moment
from sextant_client.cli.session import Session, command
from sextant_client.problems import ConfigurationError, SextantError

app = typer.Typer(no_args_is_help=True, help="Webhooks: other systems that are told of events.")

WebhookId = Annotated[str, typer.Argument(help="A webhook's id.", show_default=False)]
Events = Annotated[
    list[str] | None,
    typer.Option(
        "--event", "-e", help="Of this type, such as run.failed; may be repeated.", show_default=False
    ),
]
Scenarios = Annotated[
    list[str] | None,
    typer.Option("--scenario", help="Of this scenario, by name or id; may be repeated.", show_default=False),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", "-t", help="Of scenarios with this tag; may be repeated.", show_default=False),
]
_ENDS = ("DELIVERED", "FAILED", "CANCELLED")


@command(app, "list")
def list_webhooks(session: Session) -> None:
    """List webhooks, the newest first."""
    listed = list(items(session.client.api.list_webhooks))
    session.answer(
        listed,
        lambda: session.table(
            ["ID", "STATE", "URL", "EVENTS", "DESCRIPTION"],
            (
                (each.id, each.state, each.url, ", ".join(each.event_types) or "all", each.description)
                for each in listed
            ),
        ),
    )


@command(app, "create")
def create(
    session: Session,
    address: Annotated[str, typer.Argument(help="Where events are posted to: a URL.", show_default=False)],
    *,
    event: Events = None,
    scenario: Scenarios = None,
    tag: Tags = None,
    description: Annotated[str, typer.Option(help="What it is for.", show_default=False)] = "",
    ordered: Annotated[bool, typer.Option("--ordered", help="One event after the other.")] = False,
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="Signed so that a public key verifies, instead of a secret.")
    ] = False,
) -> None:
    """Create a webhook. What it is verified with is shown: a secret this once, a public key whenever it is asked for."""
    body = {
        "url": address,
        "description": description,
        "ordered": ordered,
        "signing": "ed25519" if ed25519 else "hmac",
        **narrowed(session, event, scenario, tag),
    }
    _shown(session, session.client.api.create_webhook(body).data)


@command(app, "show")
def show(session: Session, webhook_id: WebhookId) -> None:
    """Show a webhook."""
    _shown(session, session.client.api.get_webhook(webhook_id).data)


@command(app, "pause")
def pause(session: Session, webhook_id: WebhookId) -> None:
    """Send it nothing for now; what comes is kept until `resume`."""
    _shown(session, session.client.api.change_webhook(webhook_id, {"state": "PAUSED"}).data)


@command(app, "resume")
def resume(session: Session, webhook_id: WebhookId) -> None:
    """Send to it again, after a pause or after it was disabled."""
    _shown(session, session.client.api.change_webhook(webhook_id, {"state": "ENABLED"}).data)


@command(app, "disable")
def disable(session: Session, webhook_id: WebhookId) -> None:
    """Send it nothing, and keep nothing for it; what waits is cancelled."""
    _shown(session, session.client.api.change_webhook(webhook_id, {"state": "DISABLED"}).data)


@command(app, "delete")
def delete(session: Session, webhook_id: WebhookId) -> None:
    """Delete a webhook; what waits is cancelled."""
    session.client.api.delete_webhook(webhook_id)
    session.answer({"id": webhook_id, "deleted": True}, lambda: f"deleted {webhook_id}")


@command(app, "rotate")
def rotate(session: Session, webhook_id: WebhookId) -> None:
    """Give it another secret, or pair of keys. For 24 hours both sign."""
    _shown(session, session.client.api.rotate_webhook_secret(webhook_id).data)


@command(app, "test")
def send_test(
    session: Session,
    webhook_id: WebhookId,
    *,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for what comes of it; 0: do not wait.", min=0)
    ] = 30.0,
) -> None:
    """Have a `webhook.test` delivered, and say what came of the first attempt."""
    delivery: Any = session.client.api.test_webhook(webhook_id).data
    until = time.monotonic() + wait
    while not (delivery.attempts or delivery.state in _ENDS) and time.monotonic() < until:
        time.sleep(0.5)
        delivery = session.client.api.get_webhook_delivery(webhook_id, delivery.id).data
    session.answer(delivery, lambda: _deliveries(session, [delivery]))
    if wait and delivery.state != "DELIVERED":
        raise SextantError(delivery.error or f"it is {delivery.state}: the webhook may be paused")


@command(app, "deliveries")
def deliveries(
    session: Session,
    webhook_id: WebhookId,
    *,
    state: Annotated[
        str | None,
        typer.Option(help="PENDING, DELIVERED, FAILED, CANCELLED; several by commas.", show_default=False),
    ] = None,
    event: Annotated[
        str | None, typer.Option("--event", "-e", help="Of this type.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
) -> None:
    """List what is delivered to a webhook, the newest first."""
    listing = items(session.client.api.list_webhook_deliveries, webhook_id, state=state, event_type=event)
    listed = _first(listing, limit)
    session.answer(listed, lambda: _deliveries(session, listed))


@command(app, "delivery")
def delivery(
    session: Session,
    webhook_id: WebhookId,
    delivery_id: Annotated[str, typer.Argument(help="A delivery's id.", show_default=False)],
) -> None:
    """Show a delivery: what was sent, and what came back each time."""
    shown = session.client.api.get_webhook_delivery(webhook_id, delivery_id).data

    def text() -> Any:
        from rich.console import Group

        tries = (
            (each.number, each.started_at, each.status, each.timing.get("whole"), each.error)
            for each in shown.tries
        )
        table = session.table(["TRY", "AT", "STATUS", "MS", "ERROR"], tries, right=["TRY", "STATUS", "MS"])
        return Group(_deliveries(session, [shown]), "", table, "", shown.body)

    session.answer(shown, text)


@command(app, "resend")
def resend(
    session: Session,
    webhook_id: WebhookId,
    delivery_id: Annotated[
        list[str] | None, typer.Argument(help="These deliveries.", show_default=False)
    ] = None,
    *,
    since: Annotated[
        str | None,
        typer.Option(
            help="All that failed since: a time, or an age such as 15m, 2h, 7d.", show_default=False
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="With --since: do it, instead of saying how many.")
    ] = False,
) -> None:
    """Send again: deliveries by their ids, or with --since all that failed or were cancelled. Each keeps its id."""
    if bool(delivery_id) == bool(since):
        raise ConfigurationError("give either ids of deliveries or --since")
    if since:
        body = {"since": moment(since), "preview": not yes}
        resent = session.client.api.resend_failed_deliveries(webhook_id, body).data
        words = "are sent again" if yes else "would be sent again; --yes does it"
        session.answer(resent, lambda: f"{resent.matching} deliveries {words}")
        return
    sent = [session.client.api.resend_webhook_delivery(webhook_id, each).data for each in delivery_id or ()]
    session.answer(sent, lambda: _deliveries(session, sent))


@command(app, "listen")
def listen(
    session: Session,
    forward_to: Annotated[
        str,
        typer.Argument(
            help="A port of this machine, or an address such as localhost:8080/hooks.", show_default=False
        ),
    ],
    *,
    event: Events = None,
    scenario: Scenarios = None,
    tag: Tags = None,
    count: Annotated[int, typer.Option(help="End after so many events; 0: go on until Ctrl-C.", min=0)] = 0,
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2)] = 1.0,
) -> None:
    """Forward events to a program of this machine as they happen, signed as they would come. No public address is needed.

    A webhook is made for it, paused, and deleted at the end: its events are kept and sent to nobody, read from here every moment,
    signed with its secret, which is shown, and posted to the program. What the program refuses is told, and not tried again.
    """
    body = narrowed(session, event, scenario, tag)
    listening.listen(session, listening.target(forward_to), body, count=count, every=every)


def narrowed(
    session: Session, event: list[str] | None, scenario: list[str] | None, tag: list[str] | None
) -> dict[str, Any]:
    """The filters of a webhook."""
    ids = [str(session.client.scenarios.get(each).id) for each in scenario or ()]
    return {"event_types": event or [], "scenario_ids": ids, "tags": tag or []}


def _shown(session: Session, webhook: Any) -> None:
    fields = {name: value for name, value in webhook.to_dict().items() if value not in (None, "", [])}
    listed = {name: ", ".join(value) if isinstance(value, list) else value for name, value in fields.items()}
    session.answer(webhook, lambda: session.fields(listed))


def _deliveries(session: Session, deliveries: list[Any]) -> Any:
    return session.table(
        ["ID", "STATE", "EVENT", "TRIES", "STATUS", "HAPPENED", "ERROR"],
        (
            (each.id, each.state, each.event_type, each.attempts, each.status, each.created_at, each.error)
            for each in deliveries
        ),
        right=["TRIES", "STATUS"],
    )
