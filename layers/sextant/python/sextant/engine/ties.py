"""Equal bids: units that ask for the same are called together, each for the same share of what it has available in the hour.

The order is walked unit by unit all the same; what a tie was called for is then shared out anew. Units of one profile share
their energy by capacity. Where profiles differ, the share of each hour is what was called over what was available.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sextant.engine.system import BoolArray, FloatArray, IntArray


class Offers(Protocol):
    """What a tie is told by, of a `DispatchProblem` with one season of bids."""

    @property
    def capacity(self) -> FloatArray: ...
    @property
    def bids(self) -> FloatArray: ...
    @property
    def ranking(self) -> FloatArray: ...
    @property
    def profiles(self) -> FloatArray: ...
    @property
    def profile_of(self) -> IntArray: ...
    @property
    def must_take(self) -> BoolArray: ...
    @property
    def weights(self) -> FloatArray: ...


@dataclass
class _Tie:
    """Units of unlike profiles that follow one another in some rows' orders with equal bids."""

    rows: IntArray
    units: IntArray
    before: FloatArray | None = None  # [rows, H] MW that were missing before them


class Ties:
    """The ties of all rows' orders [B, U]."""

    def __init__(self, offers: Offers, order: IntArray) -> None:
        self._offers, self._order = offers, order
        bids, ranking = offers.bids[:, 0], offers.ranking[:, 0]
        self._equal = np.zeros(
            order.shape, dtype=np.bool_
        )  # [B, U] whether a position ties with the one before
        if order.shape[1] > 1:
            must = np.broadcast_to(offers.must_take, ranking.shape)
            for numbers in (ranking, bids, must):
                ordered = np.take_along_axis(numbers, order, axis=1)
                alike = ordered[:, 1:] == ordered[:, :-1]
                self._equal[:, 1:] = alike if numbers is ranking else self._equal[:, 1:] & alike
        self._unlike = np.zeros_like(self._equal)
        profiles = offers.profile_of[order]
        self._unlike[:, 1:] = self._equal[:, 1:] & (profiles[:, 1:] != profiles[:, :-1])
        self._begins: dict[int, list[_Tie]] = defaultdict(list)
        self._ends: dict[int, list[_Tie]] = defaultdict(list)
        self._find_unlike()

    def _find_unlike(self) -> None:
        rows_of: dict[tuple[int, bytes], list[int]] = defaultdict(list)
        for row in np.flatnonzero(self._unlike.any(axis=1)).tolist():
            edges: IntArray = np.flatnonzero(~self._equal[row])
            ends = np.append(edges[1:], len(self._order[row]))
            places = np.searchsorted(edges, np.flatnonzero(self._unlike[row]), side="right") - 1
            for place in np.unique(places).tolist():
                start = int(edges[place])
                units = self._order[row][start : int(ends[place])]
                rows_of[start, units.tobytes()].append(row)
        for (start, content), rows in rows_of.items():
            units = np.frombuffer(content, dtype=self._order.dtype)
            tie = _Tie(np.array(rows), units)
            self._begins[start].append(tie)
            self._ends[start + len(units) - 1].append(tie)

    def begin(self, position: int, residual: FloatArray) -> None:
        """Before a position is called: what is missing [B, H]."""
        for tie in self._begins.get(position, ()):
            tie.before = residual[tie.rows]

    def end(
        self, position: int, residual: FloatArray, energy: FloatArray, generation: FloatArray | None
    ) -> None:
        """After a position was called: share out, into energy [B, U] and generation [B, U, H], what the ties that end here gave."""
        offers = self._offers
        for tie in self._ends.get(position, ()):
            assert tie.before is not None
            capacity = offers.capacity[tie.rows[:, None], tie.units]
            shapes = offers.profiles[offers.profile_of[tie.units]]
            available = np.einsum("ru,uh->rh", capacity, shapes)
            called = tie.before - residual[tie.rows]
            share = np.minimum(called / np.where(available > 0.0, available, np.inf), 1.0)
            hours = np.einsum("rh,uh->ru", share * offers.weights, shapes)
            energy[tie.rows[:, None], tie.units] = capacity * hours
            if generation is not None:
                given = (capacity[:, :, None] * shapes) * share[:, None, :]
                generation[tie.rows[:, None], tie.units] = given

    def share_alike(self, energy: FloatArray, generation: FloatArray | None) -> None:
        """Share out what ties of one profile gave, by capacity."""
        group = np.cumsum(~self._equal, axis=1) - 1
        flat = group + np.arange(len(group))[:, None] * group.shape[1]
        size = np.bincount(flat.ravel(), minlength=group.size)
        unlike = np.bincount(flat.ravel(), weights=self._unlike.ravel(), minlength=group.size)
        chosen = ((size > 1) & (unlike == 0.0))[flat]
        if not np.any(chosen):
            return
        capacity = np.take_along_axis(self._offers.capacity, self._order, axis=1)
        total = np.bincount(flat.ravel(), weights=capacity.ravel(), minlength=group.size)[flat]
        share = capacity / np.where(total > 0.0, total, np.inf)
        ordered = np.take_along_axis(energy, self._order, axis=1)
        together = np.bincount(flat.ravel(), weights=ordered.ravel(), minlength=group.size)[flat]
        np.put_along_axis(energy, self._order, np.where(chosen, share * together, ordered), axis=1)
        if generation is None:
            return
        for row, first in np.argwhere(chosen & ~self._equal).tolist():
            end = first + int(size[flat[row, first]])
            units = self._order[row, first:end]
            given = generation[row, units].sum(axis=0)
            generation[row, units] = share[row, first:end, None] * given
