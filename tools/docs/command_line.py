"""The reference of docs/command-line.md: the commands with their options, and the exit statuses, as the code has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from sextant_client.cli import exits
from sextant_client.cli.app import app
from tools.docs.marks import fill

PAGE = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
# They stand at every command.
_SHARED = ("as_json", "profile", "url")


def files() -> Mapping[Path, str]:
    texts = {"exit statuses": _statuses(), "commands": "\n\n".join(_commands())}
    return {PAGE: fill(PAGE.read_text(), texts.get)}


def _statuses() -> str:
    lines = ["| status | meaning |", "|---|---|"]
    return "\n".join([*lines, *(f"| {status} | {meaning} |" for status, meaning in exits.MEANINGS.items())])


def _commands() -> Iterator[str]:
    for name, command in _leaves(typer.main.get_command(app), "sextant"):
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        options = [
            each for each in command.params if each.param_type_name == "option" and each.name not in _SHARED
        ]
        usage = " ".join(
            [name, *(f"<{each.name}>" if each.required else f"[{each.name}]" for each in arguments)]
        )
        text = f"### `{usage}`\n\n{' '.join((command.help or '').split())}"
        rows = [f"| `{each.name}` | {each.help or ''} |" for each in arguments]
        rows += [
            f"| `{', '.join((*each.opts, *each.secondary_opts))}` | {each.help or ''} |" for each in options
        ]
        yield "\n".join([f"{text}\n", "| argument, option | meaning |", "|---|---|", *rows]) if rows else text


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not getattr(command, "commands", None):
        yield name, command
        return
    for each, part in command.commands.items():
        yield from _leaves(part, f"{name} {each}")
