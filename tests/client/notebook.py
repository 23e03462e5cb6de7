"""Runs `examples/notebook.ipynb` against a system; `python -m tests.client.notebook` stores it with what came of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from local.running import RunningSystem, running

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"


def stored() -> Any:
    """The notebook as it stands in the project."""
    return nbformat.reads(NOTEBOOK.read_text(), as_version=4)  # type: ignore[no-untyped-call]


def executed(system: RunningSystem, tenant: str, home: Path) -> Any:
    """The notebook with its outputs; raises `CellExecutionError` where a cell fails."""
    notebook = stored()
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute(
        env=_environment(system, tenant, home)
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran
    return notebook


def _environment(system: RunningSystem, tenant: str, home: Path) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    folders = dict.fromkeys(
        ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "IPYTHONDIR", "MPLCONFIGDIR"), str(home)
    )
    return {**kept, **folders, "SEXTANT_URL": system.url, "SEXTANT_TENANT": tenant}


def main() -> None:
    with tempfile.TemporaryDirectory() as home, running(Path(home)) as system:
        text = nbformat.writes(executed(system, "demo", Path(home)))  # type: ignore[no-untyped-call]
        NOTEBOOK.write_text(text + "\n")


if __name__ == "__main__":
    main()
