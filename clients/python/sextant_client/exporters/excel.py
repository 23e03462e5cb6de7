"""A workbook: a sheet of what it is, one of assumptions, one of metrics, and one of each metric as a series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sextant_client.frames import library, tag_columns

if TYPE_CHECKING:
    import pandas as pd

_LONGEST = 31
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))


def to_excel(
    path: str | Path,
    scenarios: Mapping[str, pd.DataFrame],
    *,
    assumptions: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    about: Mapping[str, Any] | None = None,
) -> Path:
    """Write a workbook; its path. Needs `sextant-client[excel]`.

    path: of the `.xlsx` file
    scenarios: name → its outputs as `outputs.to_pandas()` gives them
    assumptions: name → the scenario's assumptions as the API has them
    about: further lines of the first sheet, such as the run's id and version hash

    The sheets are `About`, `Assumptions`, `Metrics` (a row each metric, tags and scenario, a column each year) and one a metric with a
    column each scenario and set of tags, and its bands where there are some. Numbers are numbers, in the unit of their own column or title.
    """
    openpyxl = library("openpyxl", "excel")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "About"
    for line in [
        ("Written by", "sextant-client"),
        *((name, _cell(value)) for name, value in (about or {}).items()),
    ]:
        sheet.append(line)
    for scenario, frame in scenarios.items():
        sheet.append(("Scenario", scenario, "runs", *sorted({str(run) for run in frame.get("run_id", ())})))
    _assumptions(book.create_sheet("Assumptions"), assumptions or {})
    rows = _rows(scenarios)
    _metrics(book.create_sheet("Metrics"), rows)
    taken = {"about", "assumptions", "metrics"}
    for metric in sorted({row["metric"] for row in rows}):
        _series(book.create_sheet(_title(metric, taken)), [row for row in rows if row["metric"] == metric])
    for sheet in book.worksheets:
        sheet.freeze_panes = "A2"
    target = Path(path)
    book.save(target)
    return target


def _rows(scenarios: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    rows = []
    for scenario, frame in scenarios.items():
        tags = [
            column for column in tag_columns(frame) if frame[column].map(lambda v: isinstance(v, str)).any()
        ]
        for row in frame.to_dict("records"):
            text = ", ".join(f"{tag}={row[tag]}" for tag in tags if isinstance(row[tag], str))
            bands = {name: _number(row.get(name)) for name in ("band_lower", "band_upper")}
            rows.append(
                {
                    "scenario": scenario,
                    "metric": row["metric"],
                    "unit": row["unit"],
                    "tags": text,
                    "year": row["asof_date"].year,
                    "date": row["asof_date"].to_pydatetime(),
                    "value": _number(row["value"]),
                    **bands,
                }
            )
    return rows


def _assumptions(sheet: Any, assumptions: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    sheet.append(("scenario", "number", "driver", "field", "value"))
    for scenario, statements in assumptions.items():
        for number, statement in enumerate(statements, 1):
            for name, value in statement.get("payload", {}).items():
                sheet.append((scenario, number, statement.get("driver_type"), name, _cell(value)))


def _metrics(sheet: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    years = sorted({row["year"] for row in rows})
    sheet.append(("metric", "unit", "tags", "scenario", *years))
    lines: dict[tuple[str, ...], dict[int, Any]] = {}
    for row in rows:
        lines.setdefault((row["metric"], row["unit"], row["tags"], row["scenario"]), {})[row["year"]] = row[
            "value"
        ]
    for line in sorted(lines):
        sheet.append((*line, *(lines[line].get(year) for year in years)))


def _series(sheet: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    columns: dict[str, dict[Any, Any]] = {}
    for row in rows:
        title = f"{row['scenario']}{', ' if row['tags'] else ''}{row['tags']} ({row['unit']})"
        columns.setdefault(title, {})[row["date"]] = row["value"]
        for name, label in (("band_lower", "P5"), ("band_upper", "P95")):
            if row[name] is not None:
                columns.setdefault(f"{title} {label}", {})[row["date"]] = row[name]
    dates = sorted({row["date"] for row in rows})
    sheet.append(("date", *columns))
    for date in dates:
        sheet.append((date.date(), *(values.get(date) for values in columns.values())))


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)  # noqa: PLR0124 - NaN


def _cell(value: Any) -> Any:
    """A value as a cell takes it. Text that a spreadsheet would carry out as a formula stays text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _title(metric: str, taken: set[str]) -> str:
    """A sheet's name: at most 31 characters, and no other sheet's."""
    name, number = metric.translate(_FORBIDDEN)[:_LONGEST], 1
    while name.lower() in taken:
        number += 1
        name = f"{metric.translate(_FORBIDDEN)[: _LONGEST - 3]}~{number}"
    taken.add(name.lower())
    return name
