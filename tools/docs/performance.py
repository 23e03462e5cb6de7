"""The tables of docs/performance.md, from the figures that `make bench` and `make chaos` left in `bench/results/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.docs.marks import fill

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "performance.md"


def files() -> Mapping[Path, str]:
    return {PAGE: fill(PAGE.read_text(encoding="utf-8"), lambda name: _table(name.removeprefix("results: ")))}


def _table(name: str) -> str:
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return "Not measured yet."
    document = json.loads(path.read_text(encoding="utf-8"))
    if "rows" not in document:
        return _campaign(document)
    lines = ["| what | unit | ours | other | ratio | target | met |", "|---|---|---|---|---|---|---|"]
    lines += [_line(row) for row in document["rows"]]
    return "\n".join([*lines, "", f"{document['machine']}, {document['when'][:10]}."])


def _line(row: dict[str, Any]) -> str:
    other = "" if row["other"] is None else f"{_number(row['other'])} ({row['other_name']})"
    ratio, target = row["ratio"], row["target"]
    judged = ratio if ratio is not None else row["ours"]
    higher = row["better"] == "higher"
    met = "" if target is None else "yes" if (judged >= target if higher else judged <= target) else "**no**"
    cells = (
        row["metric"],
        row["unit"],
        _number(row["ours"]),
        other,
        "" if ratio is None else _number(ratio),
        "" if target is None else f"{'≥' if higher else '≤'} {_number(target)}",
        met,
    )
    return f"| {' | '.join(cells)} |"


def _campaign(document: dict[str, Any]) -> str:
    lines = ["| injected | | found | |", "|---|---|---|---|"]
    injected = [(name, _number(value)) for name, value in document["injected"].items()]
    found = [(name, _number(value)) for name, value in {**document["found"], **document["wrong"]}.items()]
    for turn in range(max(len(injected), len(found))):
        left = injected[turn] if turn < len(injected) else ("", "")
        right = found[turn] if turn < len(found) else ("", "")
        lines.append(f"| {left[0]} | {left[1]} | {right[0]} | {right[1]} |")
    return "\n".join([*lines, "", f"Seed {document['seed']}, {document['when'][:10]}."])


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
