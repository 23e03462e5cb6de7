"""Which rows of one row group a reading wants.

Strings arrive dictionary-encoded, so a filter is decided once per distinct value and applied as an
array look-up; only rows that may stand on the page become Python objects.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import numpy as np

from sextant.lake.read.group import Coded, Mask, RowGroup
from sextant.lake.read.query import Condition, OutputFilter, PageKey

_EPOCH: Final = date(1970, 1, 1)

Owner = tuple[str, str]
"""A tenant, and a scenario of theirs."""


def columns_matched(where: OutputFilter, owner: Owner | None) -> list[str]:
    """The columns that `matching` looks at."""
    of_owner = ["tenant_id", "scenario_id"] if owner else []
    of_tags = ["tags"] if where.tags else []
    return list(dict.fromkeys([*of_owner, *(condition.column for condition in where.conditions), *of_tags]))


def matching(group: RowGroup, where: OutputFilter, owner: Owner | None) -> Mask:
    """The rows of the group that pass the filter, and are `owner`'s where not all of them are known to be."""
    mask = np.ones(len(group), np.bool_)
    if owner is not None:
        mask &= group.coded("tenant_id").where(owner[0].__eq__)
        mask &= group.coded("scenario_id").where(owner[1].__eq__)
    for condition in where.conditions:
        mask &= _holding(group, condition)
    if where.tags:
        mask &= group.tags.where(where.tags)
    return mask


def _holding(group: RowGroup, condition: Condition) -> Mask:
    column, operator, value = condition
    match operator:
        case "=":
            return group.coded(column).where(value.__eq__)
        case "IN":
            return group.coded(column).where(value.__contains__)
        case ">=" | "<=":
            numbers, bound = (
                (group.days, (value - _EPOCH).days)
                if isinstance(value, date)
                else (group.doubles(column), value)
            )
            mask: Mask = numbers >= bound if operator == ">=" else numbers <= bound
            return mask


def nearest(
    group: RowGroup,
    mask: Mask,
    count: int,
    *,
    after: PageKey | None,
    before: PageKey | None,
    backwards: bool,
) -> list[tuple[PageKey, int]]:
    """The masked rows between the keys, each with its index in the group: the first `count` of them in
    their order, or backwards from the last."""
    metrics, runs, days = group.coded("metric"), group.coded("run_id"), group.days
    if after is not None:
        mask = mask & _beyond(after, group, metrics, runs, backwards=False)
    if before is not None:
        mask = mask & _beyond(before, group, metrics, runs, backwards=True)
    rows = np.flatnonzero(mask)
    if not len(rows):
        return []
    first_day = int(days[rows].min())
    span = int(days[rows].max()) - first_day + 1
    # One number a row, in the order of (metric, asof_date, run_id); 2^62 holds those of a million rows.
    order = (metrics.ranks()[rows] * span + days[rows] - first_day) * len(runs.values) + runs.ranks()[rows]
    if backwards:
        order = -order
    if len(rows) > count:
        # Rows equal in all but their tags stay together here and are told apart below.
        rows = rows[order <= np.partition(order, count - 1)[count - 1]]
    keys = [
        (
            PageKey(
                metrics.values[metrics.codes[row]],
                _EPOCH + timedelta(day),
                runs.values[runs.codes[row]],
                group.tags.text(row),
            ),
            row,
        )
        for row, day in zip(rows.tolist(), days[rows].tolist(), strict=True)
    ]
    keys.sort(reverse=backwards)
    return keys[:count]


def _beyond(edge: PageKey, group: RowGroup, metrics: Coded, runs: Coded, *, backwards: bool) -> Mask:
    """The rows after the edge, or before it."""
    day, days = (edge.asof_date - _EPOCH).days, group.days
    later: Callable[[str], Callable[[str], bool]] = (
        (lambda e: e.__gt__) if backwards else (lambda e: e.__lt__)
    )
    same = metrics.where(edge.metric.__eq__)
    mask = metrics.where(later(edge.metric)) | (same & ((days < day) if backwards else (days > day)))
    same &= days == day
    mask |= same & runs.where(later(edge.run_id))
    same &= runs.where(edge.run_id.__eq__)
    for row in np.flatnonzero(same).tolist():
        mask[row] = later(edge.tags)(group.tags.text(row))
    return mask
