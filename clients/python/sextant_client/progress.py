"""A run's progress on standard error: one line, redrawn on a terminal, a new one for each change elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_WIDTH = 30


def shown_by(progress: bool | Callable[[Any], None]) -> Callable[[Any], None]:  # noqa: FBT001 - the argument of `wait`
    """What shows a run that has changed: nothing, a bar, or the function given."""
    if callable(progress):
        return progress
    return Bar() if progress else _nothing


class Bar:
    """Draws a run whenever it is called with it."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, run: Any) -> None:
        done = 100 if run.state == "SUCCEEDED" else run.progress
        filled = _WIDTH * done // 100
        line = f"run {run.id} {run.state:<9} {'█' * filled}{'░' * (_WIDTH - filled)} {done:3d} %"
        if line == self._last:
            return
        self._last = line
        on_terminal = sys.stderr.isatty()
        end = "\n" if run.ended or not on_terminal else ""
        sys.stderr.write(f"\r\x1b[2K{line}{end}" if on_terminal else f"{line}\n")
        sys.stderr.flush()


def _nothing(run: Any) -> None:
    del run
