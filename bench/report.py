"""What a benchmark prints and keeps: one table, and the same as JSON under `bench/results/`."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """One figure: ours, and the peer's measured alternately in the same run, both medians.

    `ratio` is ours/other. `target` is what the ratio (or, without a peer, our figure) is to reach, and
    `better` says in which direction.
    """

    metric: str
    unit: str
    ours: float
    other: float | None = None
    other_name: str | None = None
    target: float | None = None
    better: Literal["higher", "lower"] = "higher"

    @property
    def ratio(self) -> float | None:
        return self.ours / self.other if self.other else None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        value = self.ratio if self.ratio is not None else self.ours
        return value >= self.target if self.better == "higher" else value <= self.target


def machine() -> str:
    return f"{os.cpu_count()} × {platform.machine()}, Python {platform.python_version()}, {platform.system()}"


def publish(name: str, rows: Sequence[Row]) -> Path:
    """Print the table and write `bench/results/<name>.json`; the path of the file."""
    head = ("metric", "unit", "ours", "other", "ratio", "target", "met")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    document = {
        "name": name,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "rows": [{**asdict(row), "ratio": row.ratio} for row in rows],
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def _cells(row: Row) -> tuple[str, ...]:
    other = "" if row.other is None else f"{_number(row.other)} ({row.other_name})"
    ratio = "" if row.ratio is None else _number(row.ratio)
    target = "" if row.target is None else f"{'≥' if row.better == 'higher' else '≤'} {_number(row.target)}"
    met = {None: "", True: "yes", False: "NO"}[row.met]
    return (row.metric, row.unit, _number(row.ours), other, ratio, target, met)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
