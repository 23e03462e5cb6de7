"""Scenarios as code: files say what there should be; the difference first, then the change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.text import Text

from sextant_client._sync.scenarios import Scenario
from sextant_client.cli import exits, scenario_files
from sextant_client.cli.scenarios import differences_text
from sextant_client.cli.session import Session, command
from sextant_client.problems import NotFoundError, RefusedError

Files = Annotated[
    Path, typer.Option("--file", "-f", help="A folder of YAML or JSON files, or one file.", exists=True)
]


@dataclass(frozen=True)
class Step:
    """What one scenario of the files needs: nothing, to be created or to be changed."""

    file: Path
    document: dict[str, Any]
    stored: Scenario | None
    differences: list[dict[str, Any]]

    @property
    def verb(self) -> str:
        """`create`, `change` or `keep`."""
        if self.stored is None:
            return "create"
        return "change" if self.differences else "keep"


def add_to(app: typer.Typer) -> None:
    """Add the commands to the root."""
    command(app, "plan")(plan)
    command(app, "apply")(apply)
    command(app, "schema")(schema)


def plan(
    session: Session,
    *,
    file: Files,
    check: Annotated[bool, typer.Option("--check", help="Exit with 10 where something differs.")] = False,
) -> None:
    """Show what `apply` would do, and change nothing. Every file is held against the API's rules."""
    steps = _steps(session, file)
    session.answer([_told(step) for step in steps], lambda: _shown(steps))
    if check and any(step.verb != "keep" for step in steps):
        raise typer.Exit(exits.DIFFERENT)


def apply(
    session: Session,
    *,
    file: Files,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Run what was created or changed, and wait for it.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Of the runs' draws.", show_default=False)] = None,
) -> None:
    """Make the scenarios what the files say. A scenario that no file names stays as it is.

    What somebody changed after the difference was shown is not overwritten: that is refused, and `apply` shows the new difference.
    """
    steps = _steps(session, file)
    work = [step for step in steps if step.verb != "keep"]
    if not session.as_json:
        session.err.print(_shown(steps))
    if work and not yes and not typer.confirm("Apply?", err=True):
        raise typer.Exit(exits.OTHER)
    done = []
    for step in work:
        scenario = _carried_out(session, step)
        session.warn(scenario.warnings)
        done.append(scenario)
    requested = [scenario.run(seed=seed) for scenario in done] if run else []
    ended = [each.wait(progress=True) for each in requested]
    entries: list[dict[str, Any]] = []
    for place, (step, scenario) in enumerate(zip(work, done, strict=True)):
        entry: dict[str, Any] = {"action": step.verb, "scenario": scenario.body.to_dict()}
        if ended:
            entry["run"] = ended[place].body.to_dict()
        entries.append(entry)
    lines = [
        f"{entry['action']} {entry['scenario']['id']} {entry.get('run', {}).get('id', '')}".rstrip()
        for entry in entries
    ]
    session.answer(entries, lambda: "\n".join(lines))


def schema(session: Session) -> None:
    """Print the JSON Schema of a scenario file, for an editor's completion."""
    document = session.client.transport.request("GET", "/openapi.json").json()
    text = json.dumps(document["components"]["schemas"]).replace("#/components/schemas/", "#/$defs/")
    definitions = json.loads(text)
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **definitions.pop("NewScenario")}
    whole["properties"].pop("tenant_id", None)
    whole["properties"]["$schema"] = {"type": "string"}
    session.answer({**whole, "$defs": _reached(whole, definitions)})


def _reached(whole: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The definitions that the schema leads to, and no others."""
    reached: dict[str, Any] = {}
    todo = [whole]
    while todo:
        text = json.dumps(todo.pop())
        for name in definitions.keys() - reached.keys():
            if f'"#/$defs/{name}"' in text:
                reached[name] = definitions[name]
                todo.append(definitions[name])
    return dict(sorted(reached.items()))


def _steps(session: Session, path: Path) -> list[Step]:
    return [_step(session, file, document) for file, document in scenario_files.read(path)]


def _step(session: Session, file: Path, document: dict[str, Any]) -> Step:
    """What a scenario needs. The API completes and checks it, so that only what differs in meaning is shown."""
    try:
        stored = session.client.scenarios.get(str(document["name"]))
    except NotFoundError:
        stored = None
    try:
        draft = session.client.api.validate_scenario(document).data.to_dict()
    except RefusedError as error:
        raise RefusedError(error.status, {**error.body, "detail": f"{file}: {error.detail}"}) from error
    before = {} if stored is None else stored.body.to_dict()
    differences = []
    for field in scenario_files.FIELDS:
        if field in draft:
            differences += _differences(field, before.get(field), draft[field])
    return Step(file, document, stored, differences)


def _differences(path: str, before: Any, after: Any) -> list[dict[str, Any]]:
    if before == after or (not before and not after):
        return []
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = dict.fromkeys((*before, *after))
        return [
            each
            for name in names
            for each in _differences(f"{path}.{name}", before.get(name), after.get(name))
        ]
    if isinstance(before, list) and isinstance(after, list) and path == "assumptions":
        longest = max(len(before), len(after))
        pairs = ((_at(before, place), _at(after, place)) for place in range(longest))
        return [each for place, pair in enumerate(pairs) for each in _differences(f"{path}[{place}]", *pair)]
    change = "ADDED" if before is None else "REMOVED" if after is None else "CHANGED"
    return [{"path": path, "change": change, "before": before, "after": after}]


def _at(items: list[Any], place: int) -> Any:
    return items[place] if place < len(items) else None


def _carried_out(session: Session, step: Step) -> Scenario:
    if step.stored is None:
        document = {name: value for name, value in step.document.items() if name != "status"}
        return session.client.scenarios.create(**document)
    return step.stored.replace(if_unchanged=True, **step.document)


def _told(step: Step) -> dict[str, Any]:
    return {
        "action": step.verb,
        "name": step.document["name"],
        "file": str(step.file),
        "differences": step.differences,
    }


def _shown(steps: list[Step]) -> Group:
    parts: list[Any] = []
    for step in steps:
        sign, style = {"create": ("+", "green"), "change": ("~", "yellow")}.get(step.verb, ("=", "dim"))
        parts.append(Text(f"{sign} {step.verb} {step.document['name']} ({step.file})", style=f"bold {style}"))
        if step.verb != "keep":
            lines = differences_text(step.differences)
            parts.append(Text("\n").join(Text("    ") + line for line in lines.split("\n")))
    counts = {verb: sum(step.verb == verb for step in steps) for verb in ("create", "change", "keep")}
    parts.append(Text(", ".join(f"{count} to {verb}" for verb, count in counts.items())))
    return Group(*parts)
