"""What a temporal table looks like. docs/storage.md shows the SQL that a migration writes for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, LiteralString, TypeVar

from sextant.storage.errors import StatementRejected
from sextant.storage.statements import identifier

T = TypeVar("T")

_TYPE = re.compile(r"[a-z][a-z0-9_ ]*(\(\d+(, ?\d+)?\))?(\[\])?")


class Strategy(StrEnum):
    """How much of a record's past is kept."""

    NONE = "none"
    """Only what it is now."""
    COPY_ON_CHANGE = "copy_on_change"
    """A row in `<table>_audit` for each field that changed."""
    SCD2 = "scd2"
    """A whole row in `<table>_version` for each version, valid over a range of time."""


SYSTEM_COLUMNS: Mapping[str, str] = {
    "tenant_id": "text",
    "id": "uuid",
    "version": "integer",
    "created_at": "timestamp with time zone",
    "created_by": "text",
    "updated_at": "timestamp with time zone",
    "updated_by": "text",
    "deleted_at": "timestamp with time zone",
}
"""Every temporal table has these; the storage layer alone writes them."""

AUDIT_COLUMNS: Mapping[str, str] = {
    "tenant_id": "text",
    "record_id": "uuid",
    "version": "integer",
    "field": "text",
    "old_value": "jsonb",
    "new_value": "jsonb",
    "changed_at": "timestamp with time zone",
    "changed_by": "text",
    "transaction_id": "bigint",
}

VERSION_COLUMNS: Mapping[str, str] = {
    "tenant_id": "text",
    "id": "uuid",
    "version": "integer",
    "valid": "tstzrange",
    "deleted_at": "timestamp with time zone",
    "changed_by": "text",
    "transaction_id": "bigint",
}
"""A version table has these and the record's own columns."""


@dataclass(frozen=True, eq=False)
class TableSpec(Generic[T]):
    """A tenant's records in `table`: their own `columns` (name → PostgreSQL type) beside the system's.

    `record` is called with every column as a keyword, system columns included. A listing may be narrowed to records
    that equal a value in one of the columns `filters` (give each an index that begins with `tenant_id`), or that meet
    one of the `conditions`: SQL by its name, with `{value}` in the place of the value.
    """

    table: str
    record: type[T]
    columns: Mapping[str, str]
    strategy: Strategy = Strategy.NONE
    filters: frozenset[str] = frozenset()
    conditions: Mapping[str, LiteralString] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (self.table, *self.columns):
            identifier(name)
        for column, kind in self.columns.items():
            if not _TYPE.fullmatch(kind):
                raise StatementRejected(f"{kind!r} is not the name of a type")
            if column in SYSTEM_COLUMNS or column.startswith("__"):
                raise StatementRejected(f"{column!r} is reserved")
        if unknown := self.filters - self.columns.keys():
            raise StatementRejected(f"filters on unknown columns: {', '.join(sorted(unknown))}")

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Key and version, the record's own, then who and when."""
        system = tuple(SYSTEM_COLUMNS)
        return (*system[:3], *self.columns, *system[3:])

    def parameter(self, column: str) -> str:
        """The placeholder of the value of `column`, cast to its type."""
        return f"%(v_{column})s::{self.columns[column]}"

    def condition(self, name: str) -> str:
        """The condition of a listing that is narrowed by the filter or condition `name`; its value is `w_<name>`."""
        if name in self.conditions:
            return self.conditions[name].format(value=f"%(w_{name})s")
        if name in self.filters:
            return f'"{name}" = %(w_{name})s::{self.columns[name]}'
        raise StatementRejected(f"{name!r} is not a filter of {self.table}")

    def is_json(self, column: str) -> bool:
        return self.columns.get(column) in {"json", "jsonb"}

    @property
    def mutable_columns(self) -> tuple[str, ...]:
        """Columns whose Python values a caller could change in place."""
        return tuple(
            column for column, kind in self.columns.items() if self.is_json(column) or kind.endswith("[]")
        )

    def tables(self) -> Mapping[str, Mapping[str, str]]:
        """Every table this spec needs, with its columns and their types."""
        tables: dict[str, Mapping[str, str]] = {self.table: {**SYSTEM_COLUMNS, **self.columns}}
        if self.strategy is Strategy.COPY_ON_CHANGE:
            tables[f"{self.table}_audit"] = AUDIT_COLUMNS
        elif self.strategy is Strategy.SCD2:
            tables[f"{self.table}_version"] = {**VERSION_COLUMNS, **self.columns}
        return tables


def quoted(columns: Iterable[str], prefix: str = "") -> str:
    """Column names, each quoted and with `prefix`, separated by commas."""
    return ", ".join(f'{prefix}"{column}"' for column in columns)


def statement(text: str) -> LiteralString:
    """`text` as a query: made of a `TableSpec`'s names, which were validated, and of parameters."""
    return " ".join(text.split())
