"""What a TableSpec refuses, and how rows travel as JSON."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from sextant.storage.errors import InvalidValue, StatementRejected
from sextant.storage.statements import MAX_STATEMENT_BYTES, compiled
from sextant.storage.temporal import Strategy, TableSpec
from sextant.storage.temporal.encoding import json_rows
from sextant.storage.temporal.writes import insert_many, update


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("no table", {}),
        ('t"; DROP TABLE x; --', {}),
        ("t", {"bad name": "text"}),
        ("t", {"a": "text; DROP TABLE x"}),
        ("t", {"a": "text)"}),
        ("t", {"version": "integer"}),
        ("t", {"__pending": "text"}),
    ],
)
def test_names_and_types_that_are_none_are_refused(table: str, columns: dict[str, str]) -> None:
    with pytest.raises(StatementRejected):
        TableSpec(table, dict, columns)


def test_a_filter_must_be_a_column() -> None:
    with pytest.raises(StatementRejected, match="unknown columns: b"):
        TableSpec("t", dict, {"a": "text"}, filters=frozenset({"b"}))


def test_statements_stay_short_however_wide_the_table() -> None:
    wide = TableSpec("t", dict, {f"column_{n}": "text" for n in range(60)}, Strategy.SCD2)
    columns = tuple(wide.columns)
    for text in (insert_many(wide, columns), update(wide, columns, None).write):
        assert len(compiled(text).text) < MAX_STATEMENT_BYTES


def test_each_kind_of_value_survives_json() -> None:
    row = {
        "uuid": UUID(int=1),
        "decimal": Decimal("0.10"),
        "time": datetime(2030, 1, 1, tzinfo=UTC),
        "date": date(2030, 1, 1),
        "bytes": b"\x00\xff",
        "nan": float("nan"),
        "infinite": float("-inf"),
        "nested": {"a": [1, None]},
    }
    assert json.loads(json_rows([row])) == [
        {
            "uuid": "00000000-0000-0000-0000-000000000001",
            "decimal": "0.10",
            "time": "2030-01-01T00:00:00+00:00",
            "date": "2030-01-01",
            "bytes": "\\x00ff",
            "nan": "nan",
            "infinite": "-inf",
            "nested": {"a": [1, None]},
        }
    ]


def test_what_cannot_be_stored_is_named() -> None:
    with pytest.raises(InvalidValue, match="set"):
        json_rows([{"a": {1}}])
