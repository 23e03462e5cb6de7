"""Tables as people have them: rows by column name, read cell by cell or by the column, with every error named by its place.

Tables are sequences of rows, as `csv.DictReader` or Arrow's `to_pylist` give them; values may be text or numbers, empty text
and None count as absent, and so does a row of which every cell is. Rows are numbered from 1, without the header.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np

from sextant.drivers.errors import ModelInputError
from sextant.engine.system import FloatArray, IntArray, Note

Cell: TypeAlias = str | float | int | bool | date | None
Row: TypeAlias = Mapping[str, Cell]

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
MOST_ERRORS = 100
_DECIMAL_COMMA = re.compile(r"\s*[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?\s*")


@dataclass(frozen=True)
class TableError:
    """One broken rule; row 0 is the table as a whole, column "" the whole row."""

    table: str
    row: int
    column: str
    rule: str

    @property
    def path(self) -> str:
        """As a JSON reader would write it: there the first row is 0, as everywhere in a path."""
        place = f"{self.table}[{self.row - 1}]" if self.row else self.table
        return f"{place}.{self.column}" if self.column else place

    def __str__(self) -> str:
        place = f"{self.table} row {self.row}" if self.row else self.table
        return f"{place}, column {self.column}: {self.rule}" if self.column else f"{place}: {self.rule}"


class BaselineError(ModelInputError):
    """The tables break rules; `errors` lists the first hundred."""

    def __init__(self, errors: Sequence[TableError]) -> None:
        super().__init__(errors[0].path, errors[0].rule)
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def rows_from_csv(text: str) -> list[dict[str, Cell]]:
    """A CSV text with a header as rows; in short rows the last cells are empty.

    Cells are separated by comma, semicolon or tab, whichever the header has most; `sep=` in a line of its own before it
    decides. Where it is not the comma, a comma in a number is its decimal point. Spaces around names don't matter.

    Raises ValueError for a header that names a column twice, and for a row with more cells than the header.
    """
    lines = text.splitlines()
    separator = ""
    if lines and lines[0].strip().strip('"').lower().startswith("sep="):
        separator = lines[0].strip().strip('"')[4:5] or "\t"
        lines = lines[1:]
    first = lines[0] if lines else ""
    separator = separator or max(",;\t", key=first.count)
    reader = csv.reader(
        lines if '"' not in text else _whole(lines), delimiter=separator, skipinitialspace=True
    )
    header = [column.strip() for column in next(reader, [])]
    while header and not header[-1]:
        header.pop()
    for column in header:
        if header.count(column) > 1:
            raise ValueError(f"its header names the column {column[:40]!r} twice")
    width = len(header)
    rows: list[dict[str, Cell]] = []
    for number, cells in enumerate((cells for cells in reader if cells), start=1):
        if any(cell.strip() for cell in cells[width:]):
            raise ValueError(f"row {number} has more cells than the header, which has {width}")
        # Each row has every column, for the first one says which the table has.
        cells.extend([""] * (width - len(cells)))
        if separator != ",":
            rows.append(dict(zip(header, map(_with_point, cells), strict=False)))
        else:
            rows.append(dict(zip(header, cells, strict=False)))
    return rows


def _with_point(cell: str) -> str:
    """The cell, with a decimal comma made a point."""
    return cell.replace(",", ".") if "," in cell and _DECIMAL_COMMA.fullmatch(cell) else cell


def _whole(lines: Sequence[str]) -> Iterable[str]:
    """The lines with their ends, which a cell in quotes may hold."""
    return (f"{line}\n" for line in lines)


def _is_number(value: Cell) -> bool:
    """Whether a cell is a number, or spells one in ASCII digits: Python reads `1_000` and other scripts' digits too."""
    return not isinstance(value, str) or _NUMBER.fullmatch(value) is not None


class Table:
    """Reads cells and keeps what is wrong with them."""

    def __init__(self, name: str, rows: Sequence[Row], errors: list[TableError], notes: list[Note]) -> None:
        self.name, self._errors, self._notes = name, errors, notes
        # Spreadsheets write rows of nothing; what stands behind them keeps its number.
        self._places = [place for place, row in enumerate(rows, start=1) if not _is_empty(row)]
        self.rows = rows if len(self._places) == len(rows) else [rows[place - 1] for place in self._places]

    def part(self, rows: IntArray) -> Table:
        """Only these rows, counted from 0; what is wrong with them is told by their numbers in the whole."""
        part = Table(self.name, [self.rows[row] for row in rows.tolist()], self._errors, self._notes)
        part._places = [self._places[row] for row in rows.tolist()]
        return part

    def place(self, row: int) -> int:
        """The number that the row has in the table as it was sent; 0 is the table as a whole."""
        return self._places[row - 1] if row else 0

    def wrong(self, row: int, column: str, rule: str) -> None:
        if len(self._errors) < MOST_ERRORS:
            self._errors.append(TableError(self.name, self.place(row), column, rule))

    def note(self, column: str, rule: str, message: str) -> None:
        """Tell of something that is accepted, but may not be meant."""
        self._notes.append(Note(f"tables.{self.name}.{column}".rstrip("."), rule, message))

    def has(self, column: str) -> bool:
        """Whether the header names the column."""
        return bool(self.rows) and column in self.rows[0]

    def columns(self, required: Iterable[str], known: Iterable[str] | None = None) -> bool:
        """Whether every required column stands in the header; complains of unknown ones when `known` is given."""
        present = set(self.rows[0]) if self.rows else set()
        missing = [column for column in required if column not in present]
        for column in missing:
            self.wrong(0, column, "column is missing")
        if known is not None:
            allowed = set(known)
            for column in sorted(present - allowed):
                self.wrong(0, column, "unknown column")
        return not missing

    def cell(self, row: int, column: str) -> Cell:
        value = self.rows[row - 1].get(column)
        if isinstance(value, str):
            value = value.strip()
        return None if value == "" else value

    def number(self, row: int, column: str, least: float, most: float, default: float | None = None) -> float:
        value = self.cell(row, column)
        if value is None:
            if default is None:
                self.wrong(row, column, "a number is missing")
                return math.nan
            return default
        try:
            number = math.nan if isinstance(value, bool | date) or not _is_number(value) else float(value)
        except (ValueError, TypeError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            self.wrong(row, column, f"a number, not {str(value)[:40]!r}")
        elif not least <= number <= most:
            self.wrong(row, column, f"between {least:g} and {most:g}, not {number:g}")
        return number

    def numbers(
        self, column: str, least: float, most: float, default: float | None = None, *, whole: bool = False
    ) -> FloatArray:
        """The column's numbers, one a row; what is wrong with one is told by its row, and it counts as `least`."""
        cells = [row.get(column) for row in self.rows]
        values: FloatArray | None = None
        if all(type(cell) is float or type(cell) is int for cell in cells):
            values = np.array(cells, dtype=np.float64)
        elif all(type(cell) is str and _NUMBER.fullmatch(cell) for cell in cells):
            values = np.array([float(cell) for cell in map(str, cells)], dtype=np.float64)
        if values is not None and values.size:
            good = (values >= least) & (values <= most)
            if whole:
                good &= values == np.floor(values)
            if good.all():
                return values
        read = self.whole if whole else self.number
        slow = np.array([read(row, column, least, most, default) for row in self.each()], dtype=np.float64)  # type: ignore[arg-type]
        return np.where(np.isfinite(slow), slow, least)

    def whole(self, row: int, column: str, least: int, most: int, default: int | None = None) -> int:
        number = self.number(row, column, least, most, default)
        if math.isfinite(number) and number != math.floor(number):
            self.wrong(row, column, f"a whole number, not {number:g}")
        return int(number) if math.isfinite(number) else least

    def text(self, row: int, column: str, default: str | None = None) -> str:
        value = self.cell(row, column)
        if value is None:
            if default is None:
                self.wrong(row, column, "text is missing")
            return default or ""
        if len(str(value)) > 64:
            self.wrong(row, column, "at most 64 characters")
        return str(value)

    def flag(self, row: int, column: str) -> bool:
        value = str(self.cell(row, column)).lower()
        if value not in ("true", "false", "1", "0", "yes", "no", "none", "1.0", "0.0"):
            self.wrong(row, column, "true or false")
        return value in ("true", "1", "yes", "1.0")

    def each(self) -> range:
        return range(1, len(self.rows) + 1)


def _is_empty(row: Row) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in row.values())
