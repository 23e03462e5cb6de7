"""The hours' supply curves as the storages see them: blocks of equal bids, cheapest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sextant.engine.dispatch import DispatchProblem
from sextant.engine.system import FloatArray, IntArray


@dataclass(frozen=True)
class SupplyCurves:
    """One row's curves: K blocks a season, whose capacity is the same in every hour, or a series.

    Block k of season g offers `flat[g, k]` MW, or where `series_of[g, k]` ≥ 0 `flat[g, k]` and that row of `series`. What
    lies above the last block is load shed at the value of lost load.
    """

    values: FloatArray  # [G, K] EUR/MWh, rising; unused places hold the value of lost load and offer nothing
    flat: FloatArray  # [G, K] MW
    series_of: IntArray  # [G, K] row of series, −1 for none
    series: FloatArray  # [N, H] MW
    season: IntArray  # [H]
    value_of_lost_load: float  # EUR/MWh

    def offered(self) -> FloatArray:
        """MW of each block in each hour, [H, K]."""
        return np.stack([self.offered_by(block) for block in range(self.values.shape[1])], axis=1)

    def offered_by(self, block: int) -> FloatArray:
        """MW of one block in each hour, [H]."""
        offered: FloatArray = self.flat[self.season, block]
        for group in np.flatnonzero(self.series_of[:, block] >= 0):
            hours = slice(None) if len(self.flat) == 1 else self.season == group
            offered[hours] += self.series[self.series_of[group, block], hours]
        return offered


def supply_curves(problem: DispatchProblem, row: int) -> SupplyCurves:
    """The curves of one row of a dispatch: its bids, its capacities. Units above the value of lost load stay out."""
    groups = problem.bids.shape[1]
    constant = np.all(problem.profiles == problem.profiles[:, :1], axis=1)
    made: list[tuple[FloatArray, FloatArray, IntArray]] = []
    series: list[FloatArray] = []
    for group in range(groups):
        bids, capacity = problem.bids[row, group], problem.capacity[row]
        usable = np.flatnonzero((capacity > 0.0) & (bids <= problem.value_of_lost_load))
        values, block = np.unique(bids[usable], return_inverse=True)
        profile = problem.profile_of[usable]
        steady = constant[profile]
        offered = capacity[usable] * np.where(steady, problem.profiles[profile, 0], 1.0)
        flat = np.bincount(block[steady], weights=offered[steady], minlength=len(values))
        series_of = np.full(len(values), -1, dtype=np.int64)
        for index in np.unique(block[~steady]):
            members = ~steady & (block == index)
            per_profile = np.bincount(
                profile[members], weights=offered[members], minlength=len(problem.profiles)
            )
            series_of[index] = len(series)
            series.append(per_profile @ problem.profiles)
        made.append((values, np.asarray(flat, dtype=np.float64), series_of))
    most = max(len(values) for values, _, _ in made)

    def padded(parts: list[FloatArray], filler: float) -> FloatArray:
        return np.array([np.append(part, np.full(most - len(part), filler)) for part in parts])

    return SupplyCurves(
        values=padded([values for values, _, _ in made], problem.value_of_lost_load),
        flat=padded([flat for _, flat, _ in made], 0.0),
        series_of=padded([of.astype(np.float64) for _, _, of in made], -1.0).astype(np.int64),
        series=np.array(series).reshape(len(series), problem.load.shape[1]),
        season=problem.season,
        value_of_lost_load=problem.value_of_lost_load,
    )
