"""`sextant incidents …`, `sextant outbox …` and `sextant api …`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sextant_client._sync.pages import items
from sextant_client.cli.scenarios import _first
from sextant_client.cli.session import Session, command
from sextant_client.problems import SextantError

incidents = typer.Typer(no_args_is_help=True, help="Incidents: failures that belong together.")
outbox = typer.Typer(no_args_is_help=True, help="The outbox: events on their way to the bus.")

Limit = Annotated[int, typer.Option(help="At most so many.", min=1)]
Tenant = Annotated[
    str | None, typer.Option(help="Another tenant, for who manages tenants.", show_default=False)
]


@command(incidents, "list")
def list_incidents(
    session: Session,
    *,
    state: Annotated[str | None, typer.Option(help="Such as OPEN.", show_default=False)] = None,
    severity: Annotated[str | None, typer.Option(help="Such as CRITICAL.", show_default=False)] = None,
    limit: Limit = 20,
) -> None:
    """List incidents, the newest first."""
    listed = _first(items(session.client.api.list_incidents, state=state, severity=severity), limit)
    session.answer(
        listed,
        lambda: session.table(
            ["ID", "STATE", "SEVERITY", "EVENTS", "LAST SEEN", "TITLE"],
            (
                (each.id, each.state, each.severity, each.event_count, each.last_seen, each.title)
                for each in listed
            ),
            right=["EVENTS"],
        ),
    )


@command(incidents, "show")
def show_incident(
    session: Session, incident_id: Annotated[str, typer.Argument(help="Its id.", show_default=False)]
) -> None:
    """Show an incident and its timeline."""
    incident = session.client.api.get_incident(incident_id).data
    timeline = list(items(session.client.api.get_incident_timeline, incident_id))

    def text() -> Any:
        from rich.console import Group

        lines = ([each.to_dict().get("at"), json.dumps(each.to_dict())] for each in timeline)
        return Group(session.fields(incident.to_dict()), "", session.table(["AT", "WHAT"], lines))

    session.answer({**incident.to_dict(), "timeline": [each.to_dict() for each in timeline]}, text)


@command(outbox, "summary")
def summary(session: Session, *, tenant: Tenant = None) -> None:
    """Show what waits, what is on its way and what was given up, by tenant."""
    figures = session.client.api.summarise_outbox(tenant=tenant).data
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


@command(outbox, "list")
def list_outbox(
    session: Session,
    *,
    status: Annotated[str | None, typer.Option(help="Such as PENDING or DEAD.", show_default=False)] = None,
    topic: Annotated[str | None, typer.Option(help="Where they go.", show_default=False)] = None,
    tenant: Tenant = None,
    limit: Limit = 50,
) -> None:
    """List events of the outbox."""
    listed = _first(items(session.client.api.list_outbox, status=status, topic=topic, tenant=tenant), limit)
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


@command(outbox, "replay")
def replay(
    session: Session,
    *,
    reason: Annotated[str, typer.Option(help="Why; it is kept.", show_default=False)],
    event: Annotated[
        list[str] | None, typer.Option("--id", help="This event; may be repeated.", show_default=False)
    ] = None,
    status: Annotated[str | None, typer.Option(help="Such as DEAD.", show_default=False)] = None,
    topic: Annotated[str | None, typer.Option(help="Where they go.", show_default=False)] = None,
    tenant: Tenant = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it, instead of saying how many.")] = False,
) -> None:
    """Send events again. Without --yes it only says how many that would be."""
    selection: dict[str, Any] = {"reason": reason, "preview": not yes}
    selection |= {
        key: value for key, value in (("ids", event), ("status", status), ("topic", topic)) if value
    }
    answer = session.client.api.replay_outbox(selection, tenant=tenant).data
    session.answer(answer, lambda: session.fields(answer.to_dict()))


def call_api(
    session: Session,
    method: Annotated[str, typer.Argument(help="GET, POST, PUT, PATCH or DELETE.", show_default=False)],
    path: Annotated[str, typer.Argument(help="Such as /v1/runs?state=FAILED.", show_default=False)],
    *,
    data: Annotated[
        str | None,
        typer.Option("--data", "-d", help="A JSON body, @FILE, or - for standard input.", show_default=False),
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", help="NAME: VALUE; may be repeated.", show_default=False),
    ] = None,
    include: Annotated[
        bool, typer.Option("--include", "-i", help="Status and headers on standard error.")
    ] = False,
) -> None:
    """Make a request of the API as it is, signed in. The answer goes to standard output."""
    headers = dict(_header(each) for each in header or ())
    content = _body(data)
    repeatable = method.upper() != "POST" or any(name.lower() == "idempotency-key" for name in headers)
    if content is not None:
        headers.setdefault("Content-Type", "application/json")
    answer = session.client.transport.request(
        method.upper(),
        path if path.startswith("/") else f"/{path}",
        repeatable=repeatable,
        headers=headers,
        content=content,
    )
    if include:
        session.say(f"HTTP {answer.status_code}")
        for name, value in answer.headers.items():
            session.say(f"{name}: {value}")
    if "json" in answer.headers.get("Content-Type", ""):
        session.answer(answer.json())
    else:
        sys.stdout.buffer.write(answer.content)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise SextantError(f"{text!r} is not NAME: VALUE")
    return name.strip(), value.strip()


def _body(data: str | None) -> bytes | None:
    if data is None:
        return None
    if data == "-":
        return sys.stdin.buffer.read()
    return Path(data[1:]).read_bytes() if data.startswith("@") else data.encode()
