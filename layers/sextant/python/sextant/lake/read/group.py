"""One row group in memory: its columns as arrays of codes and numbers rather than as Python objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sextant.lake.table.columns import canonical_tags

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Coded:
    """A column of texts: the distinct values, and each row's index into them."""

    values: list[str]
    codes: npt.NDArray[np.int32]

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Coded:
        """A column of strings, dictionary-encoded or not."""
        array = column.combine_chunks()
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
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

    def coded(self) -> Coded:
        """The canonical texts of all rows."""
        rows = len(self._offsets) - 1
        numbers: dict[str, int] = {}
        distinct = self._distinct()
        if distinct is None:
            codes = [numbers.setdefault(self.text(row), len(numbers)) for row in range(rows)]
            return Coded(list(numbers), np.array(codes, np.int32))
        first, place = distinct
        codes = [numbers.setdefault(self.text(row), len(numbers)) for row in first.tolist()]
        return Coded(list(numbers), np.array(codes, np.int32)[place])

    def _distinct(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
        """A row of each distinct list of pairs, and each row's place among those; None where there are so
        many kinds of pairs that a list of them doesn't fit a number."""
        starts, counts = self._offsets[:-1], np.diff(self._offsets)
        longest = int(counts.max(initial=0))
        kinds = len(self._keys.values) * len(self._values.values) + 1
        if kinds**longest >= 1 << 62:
            return None
        pairs = self._keys.codes.astype(np.int64) * len(self._values.values) + self._values.codes + 1
        numbers = np.zeros(len(counts), np.int64)
        for nth in range(longest):
            there = counts > nth
            numbers *= kinds
            numbers[there] += pairs[starts[there] + nth]
        _, first, place = np.unique(numbers, return_index=True, return_inverse=True)
        return first, place


class RowGroup:
    """Rows with the columns that were read, and those of which the footer said that all values are one."""

    def __init__(self, table: pa.Table, constants: Mapping[str, Any] | None = None) -> None:
        self.table = table
        self._constants = constants or {}

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def coded(self, name: str) -> Coded:
        if name in self._constants:
            return Coded([self._constants[name]], np.zeros(len(self), np.int32))
        return Coded.of(self.table[name])

    def doubles(self, name: str) -> npt.NDArray[np.float64]:
        """A column of numbers; where there is none, NaN, which no comparison holds for."""
        if name in self._constants:
            return np.full(len(self), np.nan)
        values: npt.NDArray[np.float64] = self.table[name].to_numpy()
        return values

    @cached_property
    def days(self) -> npt.NDArray[np.int64]:
        """`asof_date` in days since 1970."""
        if "asof_date" in self._constants:
            return np.full(len(self), self._constants["asof_date"].toordinal() - _EPOCH_ORDINAL)
        days: npt.NDArray[np.int32] = self.table["asof_date"].cast(pa.int32()).to_numpy()
        return days.astype(np.int64)

    @cached_property
    def tags(self) -> TagPairs:
        return TagPairs(self.table["tags"])

    def rows(self, places: list[int], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
        """Some columns of some rows."""
        picked = self.table.select([name for name in columns if name not in self._constants]).take(places)
        lists = [
            [self._constants[name]] * len(places) if name in self._constants else picked[name].to_pylist()
            for name in columns
        ]
        return list(zip(*lists, strict=True))


_EPOCH_ORDINAL = 719_163  # of 1970-01-01, as date.toordinal counts
