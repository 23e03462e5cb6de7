"""A run's rows as columns, and the one sorted Arrow table they become.

The order is (scenario_id, metric, asof_date, run_id, tags), in the hourly table with the hour behind: within a file it makes row groups
selective, and across files it is the order readers page in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sextant.lake.table.arrow import ARROW_SCHEMA
from sextant.lake.table.columns import COLUMNS, Kind, canonical_tags
from sextant.lake.write.tag_ranks import tag_ranks

_SEPARATORS: Final = {"\x1e", "\x1f"}


@dataclass(frozen=True)
class RunIdentity:
    """Whose rows these are: the same for every row of a run. `computed_ts` is timezone-aware."""

    tenant_id: str
    scenario_id: UUID
    run_id: UUID
    version_hash: str
    computed_ts: datetime


@dataclass(frozen=True)
class OutputRows:
    """A run's rows, column by column, all of one length and in any order.

    `metric` and `unit` are strings, `asof_date` dates (datetime64[D] or `date`), `value` and the bands
    float64 with NaN where there is none, `tags` one mapping a row (the same mapping may be repeated, and
    is then encoded once), `attribution` JSON texts or None. Leaving a column out leaves it null.
    """

    metric: Sequence[str] | npt.NDArray[Any]
    asof_date: Sequence[date] | npt.NDArray[Any]
    value: Sequence[float] | npt.NDArray[np.float64]
    unit: Sequence[str] | npt.NDArray[Any]
    band_lower: Sequence[float] | npt.NDArray[np.float64] | None = None
    band_upper: Sequence[float] | npt.NDArray[np.float64] | None = None
    tags: Sequence[Mapping[str, str]] | None = None
    attribution: Sequence[str | None] | None = None

    def __len__(self) -> int:
        return len(self.metric)


def to_arrow(rows: OutputRows, identity: RunIdentity) -> pa.Table:
    """The rows as an Arrow table of `ARROW_SCHEMA`, sorted in the paging order.

    Raises ValueError where the columns differ in length, or two rows have the same metric, date and
    tags: nobody could tell them apart or page between them.
    """
    count = len(rows)
    if identity.computed_ts.tzinfo is None:
        raise ValueError("computed_ts carries no time zone")
    tags, tag_ranks = _tags(rows.tags, count)
    columns = {
        c.name: _column(c.name, c.kind, rows, identity) for c in COLUMNS if c.kind is not Kind.STRING_MAP
    }
    table = pa.table({**columns, "tags": tags}, schema=ARROW_SCHEMA)
    keys = pa.table({"metric": table["metric"], "asof_date": table["asof_date"], "tags": tag_ranks})
    order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names])
    _refuse_twins(keys.take(order))
    return table.take(order)


def sorted_rows(table: pa.Table) -> pa.Table:
    """Rows of many runs and scenarios, of one of the tables, in the paging order."""
    keys = table.select(["scenario_id", "metric", "asof_date", "run_id"]).append_column(
        "tags", pa.array(tag_ranks(table["tags"]))
    )
    if "hour" in table.column_names:
        keys = keys.append_column("hour", table["hour"])
    return table.take(pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names]))


def _tags(tags: Sequence[Mapping[str, str]] | None, count: int) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """The tags of each row as a map, and the rank of their canonical text among all the texts."""
    if tags is None:
        tags = [{}] * count
    _check_length("tags", len(tags), count)
    text_of: dict[int, str] = {}
    items_of: dict[str, list[tuple[str, str]]] = {}
    for mapping in tags:
        if id(mapping) not in text_of:
            text = canonical_tags(mapping.items())
            if _SEPARATORS & set("".join(f"{key}{value}" for key, value in mapping.items())):
                raise ValueError("tags may not contain the control characters U+001E and U+001F")
            text_of[id(mapping)] = text
            items_of[text] = sorted(mapping.items())
    rank_of = {text: rank for rank, text in enumerate(sorted(items_of))}
    ranks = np.fromiter((rank_of[text_of[id(mapping)]] for mapping in tags), np.int64, count)
    distinct = pa.array([items_of[text] for text in sorted(items_of)], ARROW_SCHEMA.field("tags").type)
    return distinct.take(pa.array(ranks)), ranks


def _refuse_twins(keys: pa.Table) -> None:
    if len(keys) < 2:
        return
    same = [pc.equal(keys[name].slice(1), keys[name].slice(0, len(keys) - 1)) for name in keys.column_names]
    twins = pc.and_(pc.and_(same[0], same[1]), same[2])
    if pc.any(twins).as_py():
        first = keys.slice(pc.index(twins, True).as_py(), 1).to_pylist()[0]
        raise ValueError(f"two rows of metric {first['metric']} at {first['asof_date']} have the same tags")


def _column(name: str, kind: Kind, rows: OutputRows, identity: RunIdentity) -> pa.Array:
    """One column of the table: the run's in every row, or from the rows' own; null where they have none."""
    count, arrow_type = len(rows), ARROW_SCHEMA.field(name).type
    if hasattr(identity, name):
        value = getattr(identity, name)
        return pa.repeat(pa.scalar(str(value) if kind is Kind.STRING else value, arrow_type), count)
    values = getattr(rows, name)
    if values is None:
        return pa.nulls(count, arrow_type)
    _check_length(name, len(values), count)
    if kind is Kind.DOUBLE:
        # from_pandas: NaN becomes null, for Iceberg's bounds and for SQL's comparisons alike.
        return pa.array(np.asarray(values, np.float64), arrow_type, from_pandas=True)
    if kind is Kind.DATE and isinstance(values, np.ndarray):
        values = values.astype("datetime64[D]")
    return pa.array(values, arrow_type)


def _check_length(name: str, length: int, count: int) -> None:
    if length != count:
        raise ValueError(f"{name} has {length} rows where metric has {count}")
