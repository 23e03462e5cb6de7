"""Which rows of one row group a page wants, found on the key columns alone.

Strings arrive dictionary-encoded, so a filter is decided once per distinct value and applied as an
array look-up; only rows that may stand on the page become Python objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sextant.lake.columns import canonical_tags
from sextant.lake.query import OutputFilter, PageKey

_EPOCH: Final = date(1970, 1, 1)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Coded:
    """A dictionary-encoded string column: distinct values, and each row's index into them."""

    values: list[str]
    codes: npt.NDArray[np.int32]

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Coded:
        array = column.combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = (
                array.unify_dictionaries().chunk(0)
                if array.num_chunks
                else array.type.wrap_array(pa.nulls(0))
            )
        return cls(array.dictionary.to_pylist(), array.indices.to_numpy(zero_copy_only=False))

    def where(self, holds: Callable[[str], bool]) -> Mask:
        """The rows whose value `holds`."""
        return np.fromiter(map(holds, self.values), np.bool_, len(self.values))[self.codes]

    def ranks(self) -> npt.NDArray[np.int64]:
        """Each row's value as its rank among the distinct ones."""
        rank = np.empty(len(self.values), np.int64)
        rank[sorted(range(len(self.values)), key=self.values.__getitem__)] = np.arange(len(self.values))
        return rank[self.codes]


class TagPairs:
    """The tags column: where each row's pairs lie, and which pairs they are."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        array = column.combine_chunks()
        self._offsets = array.offsets.to_numpy()
        self._keys = Coded.of(pa.chunked_array([array.keys]))
        self._values = Coded.of(pa.chunked_array([array.items]))
        self._texts: dict[tuple[bytes, bytes], str] = {}

    def where(self, tags: Mapping[str, str]) -> Mask:
        """The rows that hold every pair of `tags`."""
        mask = np.ones(len(self._offsets) - 1, np.bool_)
        for key, value in tags.items():
            pairs = self._keys.where(key.__eq__) & self._values.where(value.__eq__)
            before = np.concatenate(([0], np.cumsum(pairs)))
            mask &= before[self._offsets[1:]] > before[self._offsets[:-1]]
        return mask

    def text(self, row: int) -> str:
        """The canonical text of one row's tags."""
        span = slice(self._offsets[row], self._offsets[row + 1])
        keys, values = self._keys.codes[span], self._values.codes[span]
        pairs = (keys.tobytes(), values.tobytes())
        known = self._texts.get(pairs)
        if known is None:
            known = canonical_tags(
                (self._keys.values[key], self._values.values[value])
                for key, value in zip(keys, values, strict=True)
            )
            self._texts[pairs] = known
        return known


Owner = tuple[str, str]
"""A tenant, and a scenario of theirs."""


def columns_needed(wanted: OutputFilter, owner: Owner | None) -> list[str]:
    """The columns that `matching` and `nearest` look at."""
    columns = ["metric", "asof_date", "run_id", "tags"]
    if wanted.min_value is not None or wanted.max_value is not None:
        columns.append("value")
    if owner is not None:
        columns += ["tenant_id", "scenario_id"]
    return columns


def matching(group: pa.Table, wanted: OutputFilter, owner: Owner | None) -> Mask:
    """The rows of the group that pass the filter, and are `owner`'s where not all of them are known to be."""
    mask = np.ones(group.num_rows, np.bool_)
    if owner is not None:
        mask &= Coded.of(group["tenant_id"]).where(owner[0].__eq__)
        mask &= Coded.of(group["scenario_id"]).where(owner[1].__eq__)
    if wanted.metric is not None:
        mask &= Coded.of(group["metric"]).where(wanted.metric.__eq__)
    if wanted.run_ids:
        runs = {str(run_id) for run_id in wanted.run_ids}
        mask &= Coded.of(group["run_id"]).where(runs.__contains__)
    if wanted.start is not None or wanted.end is not None:
        days = days_of(group)
        if wanted.start is not None:
            mask &= days >= (wanted.start - _EPOCH).days
        if wanted.end is not None:
            mask &= days <= (wanted.end - _EPOCH).days
    if wanted.min_value is not None or wanted.max_value is not None:
        values = group["value"].to_numpy()  # null becomes NaN, which no comparison holds for
        if wanted.min_value is not None:
            mask &= values >= wanted.min_value
        if wanted.max_value is not None:
            mask &= values <= wanted.max_value
    if wanted.tags:
        mask &= TagPairs(group["tags"]).where(wanted.tags)
    return mask


def nearest(
    group: pa.Table,
    mask: Mask,
    count: int,
    *,
    after: PageKey | None,
    before: PageKey | None,
    backwards: bool,
) -> list[tuple[PageKey, int]]:
    """The masked rows between the keys, each with its index in the group: the first `count` of them in
    their order, or backwards from the last."""
    metrics, runs, days, tags = Coded.of(group["metric"]), Coded.of(group["run_id"]), days_of(group), None
    if after is not None or before is not None:
        tags = TagPairs(group["tags"])
        for edge, want_less in ((after, False), (before, True)):
            if edge is not None:
                mask = mask & _beyond(edge, metrics, runs, days, tags, backwards=want_less)
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
    tags = tags or TagPairs(group["tags"])
    found = [
        (
            PageKey(
                metrics.values[metrics.codes[row]],
                _EPOCH + timedelta(day),
                runs.values[runs.codes[row]],
                tags.text(row),
            ),
            row,
        )
        for row, day in zip(rows.tolist(), days[rows].tolist(), strict=True)
    ]
    found.sort(reverse=backwards)
    return found[:count]


def _beyond(
    edge: PageKey,
    metrics: Coded,
    runs: Coded,
    days: npt.NDArray[np.int64],
    tags: TagPairs,
    *,
    backwards: bool,
) -> Mask:
    day = (edge.asof_date - _EPOCH).days
    later: Callable[[str], Callable[[str], bool]] = (
        (lambda e: e.__gt__) if backwards else (lambda e: e.__lt__)
    )
    same = metrics.where(edge.metric.__eq__)
    mask = metrics.where(later(edge.metric)) | (same & ((days < day) if backwards else (days > day)))
    same &= days == day
    mask |= same & runs.where(later(edge.run_id))
    same &= runs.where(edge.run_id.__eq__)
    for row in np.flatnonzero(same):
        mask[row] = later(edge.tags)(tags.text(int(row)))
    return mask


def days_of(group: pa.Table) -> npt.NDArray[np.int64]:
    days: npt.NDArray[np.int32] = group["asof_date"].cast(pa.int32()).to_numpy()
    return days.astype(np.int64)
