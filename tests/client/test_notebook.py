"""The notebook runs from its first cell to its last, and the stored one shows what comes of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.running import RunningSystem
from tests.client.notebook import executed, stored


def test_the_notebook_comes_to_what_is_stored_with_it(system: RunningSystem, tmp_path: Path) -> None:
    ran = executed(system, f"notebook-{uuid.uuid4().hex[:8]}", tmp_path)

    shown, kept = list(_shown(ran)), list(_shown(stored()))
    assert [kind for kind, _ in shown].count("image/svg+xml") == 2
    # Numbers too: the seed is given, and so the same engine computes the same.
    assert [each for each in shown if each[0] != "image/svg+xml"][1:] == [
        each for each in kept if each[0] != "image/svg+xml"
    ][1:]
    assert [kind for kind, _ in shown] == [kind for kind, _ in kept]


def _shown(notebook: Any) -> Iterator[tuple[str, str]]:
    """Kind and text of each output, but for progress on standard error."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/svg+xml" in data:
                yield "image/svg+xml", ""
            elif "text/plain" in data:
                yield "text/plain", data["text/plain"]
