"""The columns of a row's dataclass, for a statement to name: the dataclass is where they are listed."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def columns_of(row: type[DataclassInstance], within: str | None = None) -> sql.Composed:
    """The columns that `row` has fields for; with `within`, those of that composite value: `(run).id, …`."""
    names = [sql.Identifier(field.name) for field in fields(row)]
    if within is None:
        return sql.SQL(", ").join(names)
    return sql.SQL(", ").join(sql.SQL("({}).{}").format(sql.Identifier(within), name) for name in names)
