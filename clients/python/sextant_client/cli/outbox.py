"""`sextant outbox …`: events on their way to the bus, and what each tenant may publish."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Any

import typer

from sextant_client._sync.pages import items
from sextant_client.cli import exits
from sextant_client.cli.scenarios import _first, moment
from sextant_client.cli.session import Session, command

app = typer.Typer(no_args_is_help=True, help="The outbox: events on their way to the bus.")

Tenant = Annotated[
    str | None,
    typer.Option(help="Another tenant, or * for all, for who manages tenants.", show_default=False),
]
Status = Annotated[str | None, typer.Option(help="PENDING, DELAYED, FAILED or SENT.", show_default=False)]
Topic = Annotated[str | None, typer.Option(help="Where they go.", show_default=False)]
After = Annotated[
    str | None, typer.Option(help="Created since: a time, or an age such as 15m, 2h, 7d.", show_default=False)
]
Before = Annotated[str | None, typer.Option(help="Created before: a time, or an age.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why; it is kept.", show_default=False)]
Number = Annotated[int | None, typer.Option(min=0, show_default=False)]


@command(app, "summary")
def summary(session: Session, *, tenant: Tenant = None) -> None:
    """Show what waits, what is on its way and what was given up, by tenant."""
    figures = list(items(session.client.api.summarise_outbox, tenant=tenant))
    session.answer(
        figures,
        lambda: session.table(
            ["TENANT", "PENDING", "LEASED", "DELAYED", "DEAD", "OLDEST", "PUBLISHED"],
            (
                (
                    each.tenant_id,
                    each.pending,
                    each.leased,
                    each.delayed,
                    each.dead,
                    each.oldest_pending_at,
                    each.published,
                )
                for each in figures
            ),
            right=["PENDING", "LEASED", "DELAYED", "DEAD", "PUBLISHED"],
        ),
    )


@command(app, "list")
def list_outbox(
    session: Session,
    *,
    status: Status = None,
    topic: Topic = None,
    after: After = None,
    before: Before = None,
    tenant: Tenant = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
) -> None:
    """List events of the outbox, the newest first."""
    listing = items(
        session.client.api.list_outbox,
        status=status,
        topic=topic,
        created_after=moment(after),
        created_before=moment(before),
        tenant=tenant,
    )
    listed = _first(listing, limit)
    session.answer(
        listed,
        lambda: session.table(
            ["ID", "STATUS", "TOPIC", "ATTEMPTS", "CREATED", "LAST ERROR"],
            (
                (each.id, each.status, each.topic, each.attempts, each.created_at, each.last_error)
                for each in listed
            ),
            right=["ATTEMPTS"],
        ),
    )


@command(app, "show")
def show(
    session: Session,
    event_id: Annotated[str, typer.Argument(help="An event's id.", show_default=False)],
    *,
    tenant: Tenant = None,
) -> None:
    """Show an event whole: payload, headers, and each time it was published."""
    event = session.client.api.get_outbox_event(event_id, tenant=tenant).data
    session.answer(event, lambda: session.fields(event.to_dict()))


@command(app, "replay")
def replay(
    session: Session,
    *,
    reason: Reason,
    event: Annotated[
        list[str] | None, typer.Option("--id", help="This event; may be repeated.", show_default=False)
    ] = None,
    status: Status = None,
    topic: Topic = None,
    after: After = None,
    before: Before = None,
    tenant: Tenant = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it, instead of saying how many.")] = False,
) -> None:
    """Send events again, under their own ids. Without --yes it only says how many that would be."""
    selection: dict[str, Any] = {
        "ids": event,
        "status": status,
        "topic": topic,
        "created_after": moment(after),
        "created_before": moment(before),
    }
    body = {"reason": reason, "preview": not yes, **{key: value for key, value in selection.items() if value}}
    answer = session.client.api.replay_outbox(body, tenant=tenant).data
    session.answer(answer, lambda: session.fields(answer.to_dict()))


@command(app, "quotas")
def quotas(session: Session, *, tenant: Tenant = None) -> None:
    """Show what tenants may publish, and what of it is used."""
    listed = list(items(session.client.api.list_quotas, tenant=tenant))
    _quotas(session, listed, listed)


@command(app, "adjust")
def adjust(
    session: Session,
    *,
    reason: Reason,
    max_events: Number = None,
    window_seconds: Number = None,
    backoff_seconds: Number = None,
    batch_limit: Number = None,
    max_pending: Number = None,
    tenant: Tenant = None,
) -> None:
    """Change a quota: less than the defaults, or, for who manages tenants, anything; of `--tenant '*'` the defaults themselves."""
    values = {
        "max_events": max_events,
        "window_seconds": window_seconds,
        "backoff_seconds": backoff_seconds,
        "batch_limit": batch_limit,
        "max_pending": max_pending,
    }
    body = {"reason": reason, **{name: value for name, value in values.items() if value is not None}}
    quota = session.client.api.adjust_quota(body, tenant=tenant).data
    _quotas(session, quota, [quota])


@command(app, "reset")
def reset(session: Session, *, reason: Reason, tenant: Tenant = None) -> None:
    """Give a tenant the default quota again, with nothing used."""
    quota = session.client.api.reset_quota({"reason": reason}, tenant=tenant).data
    _quotas(session, quota, [quota])


@command(app, "check")
def check(
    session: Session,
    *,
    max_pending: Annotated[int | None, typer.Option(help="Events that may wait.", show_default=False)] = None,
    max_dead: Annotated[
        int | None, typer.Option(help="Events that may be given up.", show_default=False)
    ] = None,
    max_age: Annotated[
        float | None, typer.Option(help="Seconds that the oldest may wait.", show_default=False)
    ] = None,
    tenant: Tenant = None,
) -> None:
    """Exit with 1 where too much waits, or for too long: for a watch."""
    figures = list(items(session.client.api.summarise_outbox, tenant=tenant))
    oldest = min((each.oldest_pending_at for each in figures if each.oldest_pending_at), default=None)
    age = (datetime.now(timezone.utc) - oldest).total_seconds() if oldest else 0.0
    counts = {
        "pending": (sum(each.pending for each in figures), max_pending),
        "dead": (sum(each.dead for each in figures), max_dead),
        "oldest_seconds": (round(age, 1), max_age),
    }
    counted = {name: value for name, (value, _) in counts.items()}
    session.answer(counted, lambda: session.fields(counted))
    beyond = [(name, *each) for name, each in counts.items() if each[1] is not None and each[0] > each[1]]
    for name, value, limit in beyond:
        session.say(f"{name} is {value:g}, allowed {limit:g}")
    if beyond:
        raise typer.Exit(exits.OTHER)


def _quotas(session: Session, answer: Any, shown: list[Any]) -> None:
    columns = ("tenant_id", "max_events", "window_seconds", "max_pending", "used", "remaining", "overridden")
    session.answer(
        answer,
        lambda: session.table(
            [name.upper().replace("_", " ") for name in columns],
            (
                [
                    ", ".join(value) if isinstance(value := getattr(each, name), list) else value
                    for name in columns
                ]
                for each in shown
            ),
            right=["MAX EVENTS", "WINDOW SECONDS", "MAX PENDING", "USED", "REMAINING"],
        ),
    )
