"""`sextant scenario …`: define what is to be computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from sextant_client.cli import scenario_files
from sextant_client.cli.complete import scenario_names
from sextant_client.cli.session import Session, command

app = typer.Typer(no_args_is_help=True, help="Scenarios: create, list, show, compare, copy, delete.")

Scenario = Annotated[
    str, typer.Argument(help="A scenario's name or id.", autocompletion=scenario_names, show_default=False)
]
Parameter = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", help="NAME=VALUE; may be repeated.", show_default=False),
]


_AGES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@command(app, "create")
def create(
    session: Session,
    name: Annotated[str, typer.Argument(help="Its name.", show_default=False)] = "",
    *,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="A YAML or JSON file.", exists=True, show_default=False),
    ] = None,
    assumption: Annotated[
        list[str] | None,
        typer.Option("--assumption", "-a", help="A driver as JSON; may be repeated.", show_default=False),
    ] = None,
    parameter: Parameter = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", "-t", help="May be repeated.", show_default=False)
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.", show_default=False)] = "",
) -> None:
    """Store a scenario, from arguments or from a file."""
    contents: list[Mapping[str, Any]] = [each for _, each in scenario_files.read(file)] if file else [{}]
    if name and len(contents) > 1:
        raise ValueError(f"{file} has {len(contents)} scenarios: a name fits one")
    made = []
    for content in contents:
        fields = {**content, **({"name": name} if name else {})}
        if "name" not in fields:
            raise typer.BadParameter("give a NAME, or a --file that has one")
        fields["assumptions"] = [*fields.get("assumptions", []), *map(_json, assumption or ())]
        fields["parameters"] = {**fields.get("parameters", {}), **values(parameter)}
        fields["tags"] = [*fields.get("tags", []), *(tag or ())]
        if description:
            fields["description"] = description
        fields.pop("status", None)
        scenario = session.client.scenarios.create(**fields)
        session.warn(scenario.warnings)
        made.append(scenario)
    session.answer(
        [each.body for each in made] if len(made) > 1 else made[0].body,
        lambda: "\n".join(str(each.id) for each in made),
    )


@command(app, "list")
def list_scenarios(
    session: Session,
    *,
    name: Annotated[str | None, typer.Option(help="A part of the name.", show_default=False)] = None,
    tag: Annotated[str | None, typer.Option(help="One that it has.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
) -> None:
    """List scenarios, the newest first."""
    scenarios = _first(session.client.scenarios.list(name=name, tag=tag), limit)
    session.answer(
        [each.body for each in scenarios],
        lambda: session.table(
            ["ID", "NAME", "VERSION", "TAGS", "CHANGED", "BY"],
            (
                (
                    each.id,
                    each.name,
                    each.version,
                    " ".join(each.body.tags),
                    each.body.updated_at,
                    each.body.updated_by,
                )
                for each in scenarios
            ),
            right=["VERSION"],
        ),
    )


@command(app, "show")
def show(session: Session, scenario: Scenario) -> None:
    """Show a scenario whole."""
    body = session.client.scenarios.get(scenario).body

    def text() -> Any:
        fields = body.to_dict()
        assumptions = fields.pop("assumptions")
        fields["tags"] = " ".join(fields["tags"])
        fields["parameters"] = json.dumps(fields["parameters"])
        for place, each in enumerate(assumptions):
            fields[f"assumptions[{place}]"] = f"{each['driver_type']} {json.dumps(each['payload'])}"
        return session.fields(fields)

    session.answer(body, text)


@command(app, "diff")
def diff(
    session: Session,
    scenario: Scenario,
    other: Annotated[
        str | None,
        typer.Argument(help="Another scenario.", autocompletion=scenario_names, show_default=False),
    ] = None,
    *,
    from_version: Annotated[int | None, typer.Option("--from", help="A version.", show_default=False)] = None,
    to_version: Annotated[int | None, typer.Option("--to", help="A later one.", show_default=False)] = None,
) -> None:
    """Show what differs from another scenario, or between two versions."""
    first = session.client.scenarios.get(scenario)
    second = None if other is None else session.client.scenarios.get(other)
    differences = first.diff(second, from_version=from_version, to_version=to_version)
    session.answer(differences, lambda: differences_text([each.to_dict() for each in differences]))


@command(app, "fork")
def fork(
    session: Session,
    scenario: Scenario,
    name: Annotated[str, typer.Argument(help="The copy's name.", show_default=False)],
    *,
    parameter: Parameter = None,
) -> None:
    """Copy a scenario under another name."""
    changes = {"parameters": values(parameter)} if parameter else {}
    copy = session.client.scenarios.get(scenario).fork(name, **changes)
    session.warn(copy.warnings)
    session.answer(copy.body, lambda: str(copy.id))


@command(app, "delete")
def delete(session: Session, scenario: Scenario) -> None:
    """Delete a scenario; the API keeps it for `restore`."""
    stored = session.client.scenarios.get(scenario)
    stored.delete()
    session.answer({"id": str(stored.id), "deleted": True}, lambda: f"deleted {stored.name} ({stored.id})")


def values(parameters: list[str] | None) -> dict[str, Any]:
    """`NAME=VALUE` arguments as a mapping; a value that is JSON is taken as such."""
    pairs = {}
    for each in parameters or ():
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{each!r} is not NAME=VALUE")
        pairs[name] = value_of(value)
    return pairs


def value_of(text: str) -> Any:
    """A number, true, false, null, or else a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def differences_text(differences: list[dict[str, Any]]) -> Text:
    """Differences as lines: what was added, removed or changed, and how."""
    text = Text()
    for each in differences:
        sign, style = {"ADDED": ("+", "green"), "REMOVED": ("-", "red")}.get(each["change"], ("~", "yellow"))
        before, after = (json.dumps(each.get(side)) for side in ("before", "after"))
        value = {"+": after, "-": before}.get(sign, f"{before} → {after}")
        text.append(f"{sign} {each['path']}: {value}\n", style=style)
    text.rstrip()
    return text if differences else Text("no difference")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not JSON: {error}") from error


def _first(items: Any, limit: int) -> list[Any]:
    return [item for _, item in zip(range(limit), items, strict=False)]


def moment(text: str | None) -> str | None:
    """A time as it is, or an age (`90s`, `15m`, `2h`, `7d`) as the time that it means."""
    if text and text[-1] in _AGES and text[:-1].isascii() and text[:-1].isdigit():
        ago = timedelta(**{_AGES[text[-1]]: int(text[:-1])})
        return (datetime.now(timezone.utc) - ago).isoformat()
    return text
