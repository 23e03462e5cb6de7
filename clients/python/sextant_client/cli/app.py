"""The command line's root."""

from __future__ import annotations

import typer

import sextant_client

app = typer.Typer(no_args_is_help=True)


@app.callback(invoke_without_command=True)
def root(*, version: bool = typer.Option(default=False, help="Show the version.")) -> None:
    """Sextant: what-if scenarios for power markets."""
    if version:
        typer.echo(sextant_client.__version__)


def run() -> int:
    """Run a command; answers with the exit status."""
    app()
    return 0
