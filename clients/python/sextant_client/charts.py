"""Pictures of outputs and comparisons, in the console's colours. matplotlib is loaded when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sextant_client.frames import library
from sextant_client.numbers import scale_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sextant_client._generated import models

# Those of console/src/styles/base.css and charts.css, of the light theme.
_SERIES = ("#0d6e77", "#c2571a", "#4a56b8", "#93304f", "#5c7a12", "#8a5a00", "#2776b8", "#6d3fa0")
_TECHNOLOGIES = {
    "nuclear": "#7a5bb5",
    "waste": "#8a7a6a",
    "run_of_river": "#1c7f8c",
    "biomass": "#5d8a2a",
    "chp": "#c98a4b",
    "coal": "#4b5058",
    "ccgt": "#d9772b",
    "ocgt": "#e8a05d",
    "oil_peaker": "#8c4a2f",
    "import": "#b5688f",
    "onshore_wind": "#6fa8dc",
    "offshore_wind": "#2f6eb0",
    "solar": "#eab830",
}
_INK, _GRID = "#4a5665", "#e6e9ed"


def outputs(series: Sequence[models.SeriesBody], ax: Axes | None = None) -> Axes:
    """Series over the years as lines, with their bands. They must be of one unit: choose a metric."""
    units = {each.unit for each in series}
    if len(units) != 1:
        raise ValueError(
            f"a picture has one unit, and these have {', '.join(sorted(units)) or 'none'}: choose a metric"
        )
    (unit,) = units
    runs = {each.run_id for each in series}
    lines = [
        _Line(
            _label(each.tags, str(each.run_id)[-6:] if len(runs) > 1 else "") or each.metric,
            [_year(day) for day in each.t],
            list(each.v),
            each.tags.get("technology", ""),
            each.lo,
            each.hi,
        )
        for each in series
    ]
    metrics = {each.metric for each in series}
    return _drawn(ax, words(metrics.pop()) if len(metrics) == 1 else "", unit, lines)


def comparison(records: Sequence[Mapping[str, Any]], metric: str | None, ax: Axes | None = None) -> Axes:
    """One metric of a comparison: the baseline run beside the others, as lines over the years, or bars of a single year."""
    if not records:
        raise ValueError("the comparison has no rows")
    metric = metric or str(records[0]["metric"])
    rows = [record for record in records if record["metric"] == metric]
    if not rows:
        there = ", ".join(sorted({str(record["metric"]) for record in records}))
        raise ValueError(f"the comparison has no metric {metric!r}; it has {there}")
    known = {"metric", "year", "unit", "scenario", "run_id", "value", "baseline", "delta", "relative"}
    lines: dict[tuple[Any, ...], _Line] = {}
    for row in rows:
        tags = {name: value for name, value in row.items() if name not in known and value is not None}
        for who, value in (("baseline", row["baseline"]), (f"{row['scenario']}", row["value"])):
            key = (who, row["run_id"] if who != "baseline" else "", *sorted(tags.items()))
            line = lines.setdefault(key, _Line(_label(tags, who), [], []))
            if row["year"] not in line.years:
                line.years.append(row["year"])
                line.values.append(value)
    return _drawn(ax, words(metric), str(rows[0]["unit"]), list(lines.values()))


class _Line:
    def __init__(
        self,
        label: str,
        years: list[int],
        values: list[float | None],
        technology: str = "",
        low: Sequence[float | None] | None = None,
        high: Sequence[float | None] | None = None,
    ) -> None:
        self.label, self.years, self.values = label, years, values
        self.technology, self.low, self.high = technology, low, high


def _drawn(ax: Axes | None, title: str, unit: str, lines: Sequence[_Line]) -> Axes:
    library("matplotlib", "matplotlib")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import MaxNLocator

    if ax is None:
        _, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
    largest = max((abs(value) for line in lines for value in line.values if value is not None), default=0.0)
    scale = scale_of(unit, largest)
    colours = [_TECHNOLOGIES.get(line.technology) or _SERIES[place % 8] for place, line in enumerate(lines)]
    if all(len(line.years) == 1 for line in lines):
        heights = [_scaled(line.values, scale.factor)[0] for line in lines]
        ax.bar([line.label for line in lines], heights, color=colours, width=0.6)
        ax.axhline(0, color=_INK, linewidth=0.8)
    else:
        for line, colour in zip(lines, colours, strict=True):
            ax.plot(
                line.years, _scaled(line.values, scale.factor), color=colour, linewidth=2, label=line.label
            )
            if line.low is not None and line.high is not None:
                low, high = _scaled(line.low, scale.factor), _scaled(line.high, scale.factor)
                ax.fill_between(line.years, low, high, color=colour, alpha=0.16, linewidth=0)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if len(lines) > 1:
            ax.legend(frameon=False, fontsize=9)
    ax.set_title(title, loc="left", fontsize=12, fontweight="bold")
    ax.set_ylabel(scale.unit, color=_INK)
    ax.grid(visible=True, axis="y", color=_GRID)
    ax.set_axisbelow(True)
    ax.tick_params(colors=_INK, length=0)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color("#c3cad3")
    return ax


def words(name: str) -> str:
    """`renewable_share` → `Renewable share`."""
    text = name.replace("_", " ")
    return text.upper() if text in ("npv", "ccgt", "ocgt", "chp") else text[:1].upper() + text[1:]


def _label(tags: Mapping[str, str], who: str) -> str:
    parts = [words(value) if name == "technology" else f"{name} {value}" for name, value in tags.items()]
    return ", ".join([*parts, *([who] if who else [])])


def _year(day: str) -> int:
    return int(str(day)[:4])


def _scaled(values: Sequence[float | None], factor: float) -> list[float]:
    return [float("nan") if value is None else value / factor for value in values]
