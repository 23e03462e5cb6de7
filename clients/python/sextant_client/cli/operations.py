"""`sextant incidents …`, `sextant api …` and `sextant mcp`."""

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

Limit = Annotated[int, typer.Option(help="At most so many.", min=1)]


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


def serve_tools(
    session: Session,
    *,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Leave out the tools that change something.")
    ] = False,
) -> None:
    """Serve tools for a language model on standard input and output, by the Model Context Protocol; a program that speaks it starts this."""
    import sextant_client
    from sextant_client import model_context

    model_context.serve(session.client, read_only=read_only, version=sextant_client.__version__)


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
