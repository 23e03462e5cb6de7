"""CSV files of your own as a baseline: columns renamed and converted as you say, and told what has no place."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sextant_client._generated.baseline_columns import COLUMNS
from sextant_client.importers.baseline import ImportedBaseline
from sextant_client.importers.report import ImportRefusedError, Report

_NEEDED = {"units": ("name", "technology", "capacity_mw"), "load": ("load_mw",)}


def from_csv(
    folder: str | Path,
    *,
    name: str | None = None,
    columns: Mapping[str, str] | None = None,
    factors: Mapping[str, float] | None = None,
    **options: Any,
) -> ImportedBaseline:
    """A folder with `units.csv` and `load.csv`, and where there are some `profiles.csv`, `storage.csv`, `prices.csv`.

    name: the baseline's; the folder's without it
    columns: your name of a column → the table's, such as `{"Capacity (GW)": "capacity_mw"}`
    factors: the table's column → what its numbers are multiplied by, such as `{"capacity_mw": 1000.0}`
    options: of the baseline: `currency`, `price_year`, `value_of_lost_load`, …

    Files are read with commas, semicolons or tabs. Raises `ImportRefusedError`, with file, row and column, and FileNotFoundError
    for one of the two that are needed.
    """
    place = Path(folder)
    report = Report(f"CSV, {place}")
    names, scale = columns or {}, factors or {}
    tables: dict[str, list[dict[str, Any]]] = {}
    met: set[str] = set()
    for table, known in COLUMNS.items():
        file = place / f"{table}.csv"
        if not file.exists():
            if table in _NEEDED:
                raise FileNotFoundError(f"{file}: a baseline needs units.csv and load.csv")
            continue
        header, rows = _read(file)
        titles = {title: names.get(title.strip(), title.strip()) for title in header}
        met.update(title for title in header if title.strip() in names)
        unknown = [title for title, target in titles.items() if known is not None and target not in known]
        missing = [target for target in _NEEDED.get(table, ()) if target not in titles.values()]
        if missing:
            raise ImportRefusedError(
                f"{file.name}: there is no column {', '.join(missing)}; it has {', '.join(header)}. `columns` gives yours the table's names"
            )
        if len({*titles.values()}) < len(titles):
            twice = sorted({target for target in titles.values() if list(titles.values()).count(target) > 1})
            raise ImportRefusedError(f"{file.name}: two columns are {', '.join(twice)}")
        kept = {title: target for title, target in titles.items() if title not in unknown}
        tables[table] = [
            {
                target: _scaled(row[title], scale.get(target), f"{file.name}, row {number}, column {title}")
                for title, target in kept.items()
            }
            for number, row in enumerate(rows, 1)
        ]
        report.map(f"{file.name}: {', '.join(kept)}", f"{table}: {', '.join(kept.values())}", len(rows))
        for target in scale:
            if target in kept.values():
                report.convert(f"{file.name}: {target}", f"times {scale[target]:g}", len(rows))
        for title in unknown:
            report.leave_out(f"{file.name}: {title}", f"{table} has no such column", len(rows))
    if unmet := [title for title in names if title not in {each.strip() for each in met}]:
        raise ImportRefusedError(f"columns: no file has {', '.join(map(repr, unmet))}")
    return ImportedBaseline(name or place.resolve().name, tables, options, report)


def _read(file: Path) -> tuple[list[str], list[dict[str, str]]]:
    text = file.read_text(encoding="utf-8-sig")
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.DictReader(text.splitlines(), delimiter=separator)
    header = list(reader.fieldnames or [])
    if not header:
        raise ImportRefusedError(f"{file.name}: the file is empty")
    rows = [row for row in reader if any(value not in (None, "") for value in row.values())]
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise ImportRefusedError(
                f"{file.name}, row {number}: it has not as many cells as the header, which has {len(header)}"
            )
    return header, rows


def _scaled(cell: str, factor: float | None, place: str) -> Any:
    value = cell.strip()
    if factor is None or not value:
        return value
    try:
        return (
            float(value.replace(",", ".") if value.count(",") == 1 and "." not in value else value) * factor
        )
    except ValueError as error:
        raise ImportRefusedError(
            f"{place}: {value!r} is no number, and is to be multiplied by {factor:g}"
        ) from error
