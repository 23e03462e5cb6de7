"""The command line's root."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import sextant_client
from sextant_client.cli import (
    access,
    baselines,
    code,
    exits,
    export,
    operations,
    outbox,
    runs,
    scenarios,
    webhooks,
)
from sextant_client.cli.session import command

_EXITS = "  ".join(f"{status} {meaning.partition(':')[0]}." for status, meaning in exits.MEANINGS.items())

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=f"Results go to standard output, everything else to standard error. Exit statuses: {_EXITS}",
)
app.add_typer(scenarios.app, name="scenario")
runs.add_to(app)
code.add_to(app)
app.add_typer(baselines.app, name="baseline")
command(app, "import")(baselines.import_from)
command(app, "export")(export.export)
app.add_typer(operations.incidents, name="incidents")
app.add_typer(outbox.app, name="outbox")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(webhooks.app, name="webhook", hidden=True)
command(app, "api")(operations.call_api)
command(app, "mcp")(operations.serve_tools)
access.add_to(app)


def _version(shown: bool) -> None:  # noqa: FBT001 - a callback's argument
    if shown:
        typer.echo(sextant_client.__version__)
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """What-if scenarios for power markets, from the command line.

    Without configuration it works against the local system (`make up`). `sextant login --url …` signs in elsewhere; profiles,
    variables and files are in docs/command-line.md.
    """
    del version


def run() -> None:
    """Run a command; ends the process with its exit status."""
    try:
        app(prog_name="sextant")
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; what was asked for goes on\n")
        raise SystemExit(130) from None
