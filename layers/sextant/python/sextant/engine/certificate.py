"""How good a dispatch is, proved by its own published prices.

Whatever prices p and values of stored energy y are put to the program of a year, weak duality bounds its cost from below:

    Σ_h w_h (p_h·load_h − Σ_u a_uh·max(0, p_h − b_u)) − Σ_s profit_s(p, y)  ≤  cost of every feasible dispatch

with profit_s(p, y) the most that a storage could earn at these prices, bounded by its values y. With a renewable target the bids
are less the credit price, and credit · target is added. Where bound and cost are the same, the dispatch is an optimum and the
prices are its duals: nobody need believe how either was found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sextant.engine.dispatch import DispatchProblem
from sextant.engine.stack import Problem
from sextant.engine.storage.several import Operation
from sextant.engine.system import BoolArray, FloatArray

FEW_UNITS = 4
"""Of so many units of a profile each is looked at by itself."""
CERTAIN = 1e-12
"""A gap below this is rounding, which processors differ in: it is told as 0."""


@dataclass(frozen=True)
class Certificate:
    """What the dispatch of B years costs, and what none can cost less than."""

    cost: FloatArray  # [B] EUR: bids, value of lost load, RPS builds of the year, compliance
    bound: FloatArray  # [B] EUR

    @property
    def gap(self) -> FloatArray:
        """[B] share of the cost by which it can be from the optimum at most."""
        scale = np.maximum(np.abs(self.cost), 1.0)
        gap = np.maximum(self.cost - self.bound, 0.0) / scale
        return np.where(gap < CERTAIN, 0.0, gap)


@dataclass(frozen=True)
class Obligation:
    """What a renewable target adds to the program, by draw and year."""

    holds: BoolArray  # [D, Y] whether there is a target
    energy: FloatArray  # [D, Y] MWh
    compliance_rate: FloatArray  # [D, Y] EUR/MWh
    built: FloatArray  # [D, Y] MW of the mix, in this year
    yearly_cost: FloatArray  # [D, Y] EUR/MW of the mix
    mix: FloatArray  # [D, Y, U] net MW per MW built
    least: FloatArray  # [D, Y] EUR: no dispatch of what stands costs less
    least_of_build: (
        FloatArray  # [D, Y] EUR/MW by which each MW of the mix raises that, its yearly cost with it
    )

    @classmethod
    def none(cls, draws: int, years: int, units: int) -> Obligation:
        """No target in any year; `put` writes those that there are."""
        flat = (draws, years)
        energy, rate, built, cost, least, least_of_build = (np.zeros(flat) for _ in range(6))
        mix = np.zeros((*flat, units))
        return cls(np.zeros(flat, dtype=np.bool_), energy, rate, built, cost, mix, least, least_of_build)

    def put(self, year: int, standard: Problem, built: FloatArray) -> None:
        """Write one year's target and what was built for it."""
        self.holds[:, year] = standard.energy > 0.0
        self.energy[:, year], self.compliance_rate[:, year] = standard.energy, standard.compliance_rate
        self.built[:, year], self.yearly_cost[:, year] = built, standard.yearly_cost
        self.mix[:, year] = standard.mix
        # What a MW of each unit saves at most: all that it can give, at its bid where that is below zero.
        given = (standard.profiles @ standard.weights)[standard.profile_of]
        saved = np.minimum(standard.bids.min(axis=1), 0.0) * given
        self.least[:, year] = (saved * standard.capacity).sum(axis=1)
        self.least_of_build[:, year] = standard.yearly_cost + (saved * standard.mix).sum(axis=1)

    def cost(self, renewable: FloatArray) -> FloatArray:
        """[D·Y] EUR: what is built in the year, and what is paid for renewable MWh [D·Y] that are missing."""
        missing = np.maximum(self.energy.ravel() - renewable, 0.0)
        return np.asarray(
            self.yearly_cost.ravel() * self.built.ravel() + self.compliance_rate.ravel() * missing
        )

    def value(self, credit: FloatArray, earned: FloatArray, cost: FloatArray) -> FloatArray:
        """[D·Y] EUR that the target adds to the bound of years that cost so much [D·Y], at credit prices [D·Y] and units' rents [D·Y, U]."""
        built, yearly = self.built.ravel(), self.yearly_cost.ravel()
        yielded = np.einsum("bu,bu->b", self.mix.reshape(earned.shape), earned)
        return np.asarray(
            credit * self.energy.ravel()
            + yielded * built
            - np.where(yielded > yearly, (yielded - yearly) * self._most(credit, cost), 0.0)
        )

    def _most(self, credit: FloatArray, cost: FloatArray) -> FloatArray:
        """[D·Y] MW beyond which no build costs less than that.

        Without a credit the target needs no more than what is built, and nothing is built beyond that. With one, more may be: as much
        as the whole cost would pay for.
        """
        of_build = self.least_of_build.ravel()
        with np.errstate(divide="ignore", invalid="ignore"):
            payable = np.where(of_build > 0.0, (cost - self.least.ravel()) / of_build, np.inf)
        return np.where(credit > 0.0, np.maximum(payable, self.built.ravel()), self.built.ravel())


def certify(
    problem: DispatchProblem,
    price: FloatArray,
    cost: FloatArray,
    earned: FloatArray,
    obligation: Obligation,
    credit: FloatArray,
    operation: Operation | None,
) -> Certificate:
    """The certificate of B years that cost so much [B], at their prices [B, H], units' rents [B, U] and credit prices [B].

    `problem` is the dispatch of the consumers' load at bids less the credit. The program has one limit beside those of its
    equations: nothing is built beyond what the target needs.
    """
    bound = np.einsum("bh,bh,h->b", price, problem.load, problem.weights)
    bound = bound - np.einsum("bu,bu->b", problem.capacity, earned)
    if operation is not None:
        bound = bound - storage_profits(problem, price, operation)
    if np.any(obligation.holds):
        bound = bound + obligation.value(credit, earned, cost)
    return Certificate(cost, bound)


def rents(problem: DispatchProblem, price: FloatArray) -> FloatArray:
    """[B, U] EUR/MW and year that a unit earns above its bid at the prices [B, H].

    Of a profile of many units by sorted prices and running sums, which is no work of hours times units; of others unit by unit.
    """
    rows, groups, units = problem.bids.shape
    earned = np.zeros((rows, units))
    profiles, profile_of, count = np.unique(problem.profile_of, return_inverse=True, return_counts=True)
    weighted = problem.profiles[profiles] * problem.weights
    few = np.flatnonzero(count[profile_of] <= FEW_UNITS)
    many = [np.flatnonzero(profile_of == profile) for profile in np.flatnonzero(count > FEW_UNITS)]
    for group in range(groups):
        hours = np.flatnonzero(problem.season == group) if groups > 1 else slice(None)
        of_hours = weighted[:, hours]
        of_few = of_hours[profile_of[few]]
        for row in range(rows):
            prices, bids = price[row, hours], problem.bids[row, group]
            above = np.maximum(prices - bids[few, None], 0.0)
            earned[row, few] += np.einsum("fh,fh->f", of_few, above)
            order = np.argsort(-prices, kind="stable")
            ranked = -prices[order]
            for those in many:
                energy = of_hours[profile_of[those[0]], order]
                passed = np.zeros((2, len(prices) + 1))
                np.cumsum(energy, out=passed[0, 1:])
                np.cumsum(-energy * ranked, out=passed[1, 1:])
                # The hours in which the price is above the bid are the first so many.
                first = np.searchsorted(ranked, -bids[those], side="left")
                earned[row, those] += passed[1, first] - bids[those] * passed[0, first]
    return earned


def storage_profits(problem: DispatchProblem, price: FloatArray, operation: Operation) -> FloatArray:
    """[B] EUR: the storages cannot earn more at these prices."""
    storages = operation.storages
    rows, hours = price.shape
    periods = (hours // storages.period, storages.period)
    weights = problem.weights
    profits = np.zeros(rows)
    for row in range(rows):
        for at, reservoir in enumerate(storages.reservoirs(row)):
            if reservoir is None:
                continue
            value, paid = operation.value[row, at], price[row]
            hourly = (
                reservoir.charge * np.maximum(value * reservoir.charge_efficiency - paid, 0.0)
                + reservoir.discharge * np.maximum(paid - value / reservoir.discharge_efficiency, 0.0)
                + reservoir.inflow * np.maximum(value, 0.0)
            )
            values = value.reshape(periods)
            held = reservoir.energy * np.maximum(np.diff(values, axis=1), 0.0).sum(axis=1)
            first, last = values[:, 0], values[:, -1]
            if reservoir.initial is None or reservoir.final is None:
                held += reservoir.energy * np.maximum(first - last, 0.0)
            else:
                end = np.where(last >= 0.0, reservoir.final, reservoir.energy)
                held += first * reservoir.initial - last * end
            scale = weights.reshape(periods)[:, 0] / storages.step
            profits[row] += float(hourly @ weights + held @ scale)
    return profits
