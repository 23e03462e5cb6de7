"""The guide to the API does what it says: its Python is run, from the first block to the last, against the system."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from local.running import RunningSystem

GUIDE = Path(__file__).parents[2] / "docs" / "api" / "guide.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_guide_works_as_written(system: RunningSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEXTANT_URL", system.url)
    monkeypatch.setenv("SEXTANT_TOKEN", system.token("guide"))
    text = GUIDE.read_text()
    names: dict[str, Any] = {"__name__": "guide"}
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) > 5
    try:
        for block in blocks:
            line = text.count("\n", 0, block.start(1))
            # Padded, so that an error names the line of the guide.
            exec(compile("\n" * line + block[1], str(GUIDE), "exec"), names)
    finally:
        if "client" in names:
            names["client"].close()
