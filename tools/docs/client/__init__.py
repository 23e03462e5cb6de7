"""The generated part of the Python client: models and operations from the OpenAPI document, and the sync face from the async one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "clients" / "python" / "sextant_client"


def files() -> Mapping[Path, str]:
    from tools.docs.client import baseline_columns, models, operations, sync

    return {**baseline_columns.files(), **models.files(), **operations.files(), **sync.files()}


def formatted(text: str, path: Path) -> str:
    """`text` as ruff writes a file of the client at `path`."""
    ruff = str(Path(sys.executable).parent / "ruff")
    settings = ("--stdin-filename", str(path))
    for command in (
        ("check", "--fix", "--quiet", "--exit-zero", "--select", "I,UP,F401"),
        ("format", "--quiet"),
    ):
        done = subprocess.run(
            [ruff, *command, *settings, "-"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        if done.returncode:
            raise RuntimeError(f"{path.name}: {done.stderr}")
        text = done.stdout
    return text
