"""The columns of a baseline's tables, which the client's importers must know without the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sextant.engine.baseline import UNIT_COLUMNS
from sextant.engine.hours import LOAD_COLUMNS
from sextant.engine.storage import table as storage
from tools.docs.client import PACKAGE, formatted

PLACE = PACKAGE / "_generated" / "baseline_columns.py"
_HEAD = '''"""The columns of a baseline's tables, made from the engine by `python -m tools.docs client`: do not edit."""

from collections.abc import Mapping

'''


def files() -> Mapping[Path, str]:
    """The client's module: each table's columns, None where each further column is a profile or a fuel."""
    tables = {
        "units": UNIT_COLUMNS,
        "load": LOAD_COLUMNS,
        "profiles": None,
        "storage": storage.COLUMNS,
        "prices": None,
    }
    text = f"{_HEAD}COLUMNS: Mapping[str, tuple[str, ...] | None] = {tables!r}\n"
    return {PLACE: formatted(text, PLACE)}
