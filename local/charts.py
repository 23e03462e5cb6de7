"""Yearly series as a picture and as text for a terminal."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

# Distinguishable with every common colour-vision deficiency (Okabe and Ito).
_COLOURS = ("#555555", "#0072b2", "#d55e00", "#009e73", "#cc79a7")
_MARKS = "o+x*#"
_MARK_OF_SEVERAL = "="


@dataclass(frozen=True)
class Panel:
    """One quantity over the years: `series` is year → value by name, in the order of the legend."""

    title: str
    unit: str
    series: Mapping[str, Mapping[int, float]]


def draw(panels: Sequence[Panel], path: Path, *, title: str) -> None:
    """Writes a PNG with one small plot a panel."""
    os.environ.setdefault("MPLCONFIGDIR", str(path.parent / ".matplotlib"))
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    path.parent.mkdir(parents=True, exist_ok=True)
    columns = 2
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(11, 3.4 * rows + 0.8), squeeze=False)
    for axis, panel in zip(axes.flat, panels, strict=False):
        for colour, (name, values) in zip(_COLOURS, panel.series.items(), strict=False):
            axis.plot(list(values), list(values.values()), color=colour, linewidth=2, label=name)
        axis.set_title(f"{panel.title} ({panel.unit})", loc="left", fontsize=10)
        axis.grid(axis="y", color="#dddddd", linewidth=0.8)
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_ylim(bottom=min(0.0, axis.get_ylim()[0]))
        axis.tick_params(labelsize=9)
        axis.xaxis.get_major_locator().set_params(integer=True)
    for axis in list(axes.flat)[len(panels) :]:
        axis.remove()
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.suptitle(title, x=0.02, ha="left", fontsize=13)
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), frameon=False)
    figure.tight_layout(rect=(0, 0.05, 1, 0.97))
    figure.savefig(path, dpi=130)
    plt.close(figure)


def text(panel: Panel, *, width: int = 66, height: int = 13) -> str:
    """The panel as lines of text, each series with a mark of its own, `=` where several coincide."""
    years = sorted({year for values in panel.series.values() for year in values})
    numbers = [value for values in panel.series.values() for value in values.values()]
    if len(years) < 2:
        return f"{panel.title}: too few years to draw"
    low, high = min(0.0, *numbers), max(numbers)
    span = (high - low) or 1.0
    grid = [[" "] * width for _ in range(height)]
    for mark, values in zip(_MARKS, panel.series.values(), strict=False):
        for column in range(width):
            year = years[0] + (years[-1] - years[0]) * column / (width - 1)
            row = height - 1 - round((_at(values, year) - low) / span * (height - 1))
            grid[row][column] = mark if grid[row][column] in (" ", mark) else _MARK_OF_SEVERAL
    label_width = max(len(_label(high)), len(_label(low)))
    lines = [f"{panel.title}, {panel.unit}"]
    for index, cells in enumerate(grid):
        value = high - span * index / (height - 1)
        label = _label(value) if index in (0, height // 2, height - 1) else ""
        lines.append(f"{label:>{label_width}} ┤{''.join(cells).rstrip()}")
    margin = " " * (label_width + 2)
    lines.append(f"{margin}{years[0]!s:<{width - 4}}{years[-1]}")
    legend = "   ".join(f"{mark} {name}" for mark, name in zip(_MARKS, panel.series, strict=False))
    lines.append(f"{margin}{legend}   {_MARK_OF_SEVERAL} several")
    return "\n".join(lines)


def _at(values: Mapping[int, float], year: float) -> float:
    """Linear between the years there are."""
    known = sorted(values)
    if year <= known[0]:
        return values[known[0]]
    for left, right in pairwise(known):
        if year <= right:
            return values[left] + (values[right] - values[left]) * (year - left) / (right - left)
    return values[known[-1]]


def _label(value: float) -> str:
    return f"{value:,.2f}" if abs(value) < 10 else f"{value:,.0f}"
