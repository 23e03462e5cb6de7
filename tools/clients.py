"""Holds the OpenAPI document against programs that read it: a validator, a linter, and what makes clients in Python.

`.tools/clients` has those in Python, from `tools/clients.txt`, `.tools/redocly` the linter, from `tools/redocly`. Each must take the
whole document, without a warning. What makes clients in TypeScript is run by `tools.console`, whose client that is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools import node as nodes
from tools.audit import UNDONE
from tools.environment import ROOT, python_of

DOCUMENT = ROOT / "functions" / "api" / "openapi.json"
PACKAGE = "generated_client_of_sextant"


class DocumentRefusedError(RuntimeError):
    """A program does not take the document; the message is its own."""


def python() -> Path:
    """The interpreter that has the programs, and what a generated client needs."""
    return python_of("clients", ROOT / "tools" / "clients.txt")


def validate() -> None:
    """Raises `DocumentRefusedError` where the document breaks a rule of OpenAPI 3.1 or a default its own schema."""
    _run(python(), "-m", "openapi_spec_validator", DOCUMENT)


def lint() -> None:
    """Raises `DocumentRefusedError` for what Redocly would warn of, and `NodeError` where it cannot be installed."""
    installed = nodes.installed(ROOT / "tools" / "redocly")
    node, _ = nodes.node_and_npm()
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    command = installed / "node_modules" / "@redocly" / "cli" / "bin" / "cli.js"
    _run(
        *(node, command, "lint", DOCUMENT, "--extends", "recommended-strict"),
        environment=nodes.environment(node) | quiet,
    )


def make_python_client(folder: Path) -> None:
    """Make the package `generated_client_of_sextant` in `folder`. Raises `DocumentRefusedError` where a part of the document is left out."""
    # It formats what it made with the ruff beside it.
    path = f"{python().parent}{os.pathsep}{os.environ['PATH']}"
    _run(
        *(python(), "-m", "openapi_python_client", "generate", "--path", DOCUMENT, "--meta", "none"),
        *("--output-path", folder / PACKAGE, "--fail-on-warning"),
        environment={**os.environ, "PATH": path},
        folder=folder,
    )


def _run(*command: str | Path, environment: Mapping[str, str] | None = None, folder: Path = ROOT) -> None:
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise DocumentRefusedError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


def main() -> int:
    try:
        validate()
        lint()
        with tempfile.TemporaryDirectory() as folder:
            make_python_client(Path(folder))
    except DocumentRefusedError as refused:
        print(refused, file=sys.stderr)
        return 1
    except nodes.RegistryOutOfReachError as unreachable:
        print(unreachable, file=sys.stderr)
        return UNDONE
    return 0


if __name__ == "__main__":
    sys.exit(main())
