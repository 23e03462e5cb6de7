"""Statements over planned files. What a caller sent is bound, and never part of a statement's text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sextant.lake.read.query import Condition, OutputFilter, PageKey
from sextant.lake.table.columns import Definition, Kind, tags_of

SOURCE: Final = "read_parquet($files, hive_partitioning = false)"
"""The rows of the files that a statement is given; `Engine` puts the path of the reading in."""

_TYPES: Final = {
    Kind.STRING: "VARCHAR",
    Kind.DOUBLE: "DOUBLE",
    Kind.INTEGER: "INTEGER",
    Kind.DATE: "DATE",
    Kind.TIMESTAMPTZ: "TIMESTAMPTZ",
    Kind.STRING_MAP: "MAP(VARCHAR, VARCHAR)",
}


def nothing(table: Definition) -> str:
    """No rows, of the table's columns."""
    columns = ", ".join(f"CAST(NULL AS {_TYPES[c.kind]}) AS {c.name}" for c in table.columns)
    return f"(SELECT {columns} WHERE false)"


SWEEP_POINT: Final = (
    "map_from_entries(list_filter(map_entries(tags), lambda pair: starts_with(pair.key, $sweep)))"
)
"""Of a row's tags those that say at which point of a sweep it was computed; `$sweep` is what they begin with."""

Values = dict[str, Any]


def matching(tenant_id: str, scenario_id: str, where: OutputFilter) -> tuple[str, Values]:
    """The condition of a scenario's rows that pass the filter, and what is bound in it.

    Every row is held against its owner: files are chosen by partition and bounds, which say less.
    """
    values: Values = {"tenant": tenant_id, "scenario": scenario_id}
    conditions = ["tenant_id = $tenant", "scenario_id = $scenario", *filtered(where, values)]
    return " AND ".join(conditions), values


def filtered(where: OutputFilter, values: Values) -> list[str]:
    """The conditions of the rows that pass the filter; what is bound in them goes into `values`."""
    conditions = [
        _spelled(condition, f"c{number}", values) for number, condition in enumerate(where.conditions)
    ]
    for number, (key, value) in enumerate(sorted(where.tags.items())):
        conditions.append(f"tags[$k{number}] = $v{number}")
        values |= {f"k{number}": key, f"v{number}": value}
    return conditions


def one_of(column: str, choices: Iterable[str], name: str, values: Values) -> str:
    """The condition of the rows whose column is one of `choices`, bound in `values` by `name` and their place."""
    bound = {f"{name}_{place}": choice for place, choice in enumerate(sorted(choices))}
    values |= bound
    return f"{column} IN ({', '.join(f'${one}' for one in bound)})"


def _spelled(condition: Condition, name: str, values: Values) -> str:
    column, operator, value = condition
    if operator == "IN":
        return one_of(column, value, name, values)
    values[name] = value
    # DuckDB puts NaN, which other engines may write, above every number.
    number = f" AND NOT isnan({column})" if isinstance(value, float) else ""
    return f"{column} {operator} ${name}{number}"


def beyond(key: PageKey, name: str, *, backwards: bool, metric: str | None) -> tuple[str, Values]:
    """The condition of the rows after `key`, or before it; `metric` where all rows are of that one.

    Tags are compared as lists of pairs, which for tags without control characters is the order of their texts.
    """
    than, at_least = ("<", "<=") if backwards else (">", ">=")
    values: Values = {
        f"{name}_metric": key.metric,
        f"{name}_date": key.asof_date,
        f"{name}_run": key.run_id,
        f"{name}_keys": list(tags_of(key.tags)),
        f"{name}_values": list(tags_of(key.tags).values()),
    }
    tags = f"map(${name}_keys::VARCHAR[], ${name}_values::VARCHAR[])"
    in_run = f"tags {than} {tags}"
    if key.hour:
        values[f"{name}_hour"] = key.hour
        in_run = f"({in_run} OR (tags = {tags} AND hour {than} ${name}_hour))"
    in_day = f"run_id {than} ${name}_run OR (run_id = ${name}_run AND {in_run})"
    in_metric = f"asof_date {than} ${name}_date OR (asof_date = ${name}_date AND ({in_day}))"
    # The outer comparison is one by which files and row groups are left out.
    if metric == key.metric:
        del values[f"{name}_metric"]
        return f"asof_date {at_least} ${name}_date AND ({in_metric})", values
    return (
        f"metric {at_least} ${name}_metric"
        f" AND (metric {than} ${name}_metric OR (metric = ${name}_metric AND ({in_metric})))",
        values,
    )
