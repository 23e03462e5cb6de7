"""The command line `sextant`. It needs `sextant-client[cli]`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; the exit status is that of `sextant_client.cli.exits`."""
    try:
        import rich  # noqa: F401 - only to say what is missing
        import typer  # noqa: F401
    except ImportError as error:
        sys.stderr.write(f'{error.name} is not installed: pip install "sextant-client[cli]"\n')
        raise SystemExit(1) from error
    from sextant_client.cli.app import run

    run()
