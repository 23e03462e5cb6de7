"""Charts of characters, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from sextant_client.numbers import scale_of

_EIGHTHS = " ▏▎▍▌▋▊▉"
_COLOURS = ("cyan", "yellow", "magenta", "green", "blue", "red")
_WIDTH = 40


def bars(groups: Mapping[str, Sequence[tuple[str, float | None]]], unit: str) -> Text:
    """Horizontal bars, grouped: of each group (such as a year) a bar for each name, all in one scale."""
    values = [value for group in groups.values() for _, value in group if value is not None]
    largest = max((abs(value) for value in values), default=0.0)
    scale = scale_of(unit, largest)
    names = list(dict.fromkeys(name for group in groups.values() for name, _ in group))
    widest = max((len(group) for group in groups), default=0)
    longest = max((len(name) for name in names), default=0)
    text = Text(no_wrap=True)
    for group, entries in groups.items():
        for place, (name, value) in enumerate(entries):
            text.append(f"{group if place == 0 else '':<{widest}}  {name:<{longest}}  ")
            colour = _COLOURS[names.index(name) % len(_COLOURS)]
            text.append(_bar(value, largest), style=colour if (value or 0) >= 0 else f"{colour} reverse")
            text.append(f" {scale.text(value)} {scale.unit}\n")
    text.rstrip()
    return text


def _bar(value: float | None, largest: float) -> str:
    if value is None or not largest:
        return " " * _WIDTH
    eighths = round(abs(value) / largest * _WIDTH * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(_WIDTH)


def compared(records: Sequence[Mapping[str, Any]], metric: str) -> Text:
    """One metric of a comparison: of each year, and what it is of, the baseline run's bar and the others'."""
    known = {"metric", "year", "unit", "scenario", "run_id", "value", "baseline", "delta", "relative"}
    rows = [record for record in records if record["metric"] == metric]
    groups: dict[str, list[tuple[str, float | None]]] = {}
    for row in rows:
        of = " ".join(str(value) for name, value in row.items() if name not in known and value is not None)
        group = groups.setdefault(f"{row['year']} {of}".strip(), [("baseline", row["baseline"])])
        group.append((str(row["scenario"]), row["value"]))
    return bars(groups, str(rows[0]["unit"]) if rows else "1")
