"""A scenario's rows as a statement for Athena (engine version 3, Trino's SQL), pinned to a snapshot.

What decides whose rows are read is never text of the statement: tenant, scenario and every filter are bound
as parameters. Athena takes a parameter as the text of an SQL literal; all of ours are strings, which the
statement casts where it needs another type.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from sextant.errors import BadRequestError
from sextant.lake.read.export import ExportFormat, exported
from sextant.lake.read.query import OutputFilter
from sextant.lake.table.columns import NAMESPACE, OUTPUTS, Definition

# A statement's parameter may have so many characters (API reference of StartQueryExecution).
_LONGEST_PARAMETER: Final = 1024

# The instant as our own CSV spells it.
_CSV: Final = {
    "tags": "json_format(CAST(tags AS json))",
    "computed_ts": "CAST(CAST(at_timezone(computed_ts, 'UTC') AS timestamp(6)) AS varchar) || 'Z'",
}
# UNLOAD writes as Hive does: instants without a zone, in milliseconds.
_PARQUET: Final = {"computed_ts": "CAST(at_timezone(computed_ts, 'UTC') AS timestamp(3))"}

FORMATS: Final = frozenset({ExportFormat.CSV, ExportFormat.PARQUET})
"""What Athena can write: one CSV file as a query's result, or Parquet files by UNLOAD."""


class FilterTooLongError(BadRequestError):
    """A filter's text is too long for an export of this size."""

    code, title = "filter_too_long", "Filter too long"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with a `?` for each of its parameters, which are SQL literals."""

    text: str
    parameters: tuple[str, ...]


def statement(
    tenant_id: str,
    scenario_id: str,
    where: OutputFilter,
    snapshot_id: int,
    form: ExportFormat,
    unload_to: str,
    table: Definition = OUTPUTS,
) -> Statement:
    """Every row of a scenario that passes the filter, in the columns of an export, in no order.

    A SELECT for CSV, an UNLOAD to the empty place `unload_to` (`s3://…/`) for Parquet. Raises
    `FilterTooLongError`, and ValueError for another format.
    """
    if form not in FORMATS:
        raise ValueError(f"Athena exports no {form.name}")
    spelled = _CSV if form is ExportFormat.CSV else _PARQUET
    names = [column.name for column in exported(table)]
    columns = ", ".join(f"{spelled[name]} AS {name}" if name in spelled else name for name in names)
    conditions, values = zip(*_conditions(tenant_id, scenario_id, where), strict=True)
    text = (  # no caller's text is in it: columns and conditions are ours, values are bound
        f'SELECT {columns} FROM "{NAMESPACE}"."{table.name}" FOR VERSION AS OF {int(snapshot_id)}'  # noqa: S608
        f" WHERE {' AND '.join(conditions)}"
    )
    if form is ExportFormat.PARQUET:
        text = f"UNLOAD ({text}) TO {literal(unload_to)} WITH (format = 'PARQUET', compression = 'ZSTD')"
    return Statement(text, tuple(_bound(value) for bound in values for value in bound))


def literal(text: str) -> str:
    """The text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def _bound(value: str) -> str:
    spelled = literal(value)
    if len(spelled) > _LONGEST_PARAMETER:
        raise FilterTooLongError
    return spelled


def _conditions(
    tenant_id: str, scenario_id: str, where: OutputFilter
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each condition and what is bound in it, in order."""
    yield "tenant_id = ?", (tenant_id,)
    yield "scenario_id = ?", (scenario_id,)
    for column, operator, value in where.conditions:
        if operator == "IN":
            yield f"{column} IN ({', '.join('?' * len(value))})", tuple(sorted(value))
        elif isinstance(value, date):
            yield f"{column} {operator} CAST(? AS date)", (value.isoformat(),)
        elif isinstance(value, str):
            yield f"{column} {operator} ?", (value,)
        else:
            yield f"{column} {operator} CAST(? AS double)", (repr(value),)
    for key, value in sorted(where.tags.items()):
        yield "element_at(tags, ?) = ?", (key, value)
