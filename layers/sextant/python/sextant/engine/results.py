"""From a cleared market to named, dated values with units, and their valuation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sextant.engine.capital import annuities, owing
from sextant.engine.inputs import Fleet
from sextant.engine.market import Cleared, Terms, emissions, mean_price
from sextant.engine.system import FloatArray, IntArray
from sextant.engine.valuation import net_present_value

EXCEEDANCE_PERCENT = (0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 100)
"""Points of the price duration curve: the price that is reached or passed in this share of the year's hours."""


@dataclass(frozen=True)
class Column:
    """One series of results, yearly unless `yearly` says otherwise."""

    metric: str
    unit: str
    tags: tuple[tuple[str, str], ...] = ()
    yearly: bool = True

    @property
    def tag_map(self) -> Mapping[str, str]:
        return dict(self.tags)


@dataclass(frozen=True)
class Measured:
    """Values by series: yearly ones [D, Y], scalars [D, 1]."""

    columns: tuple[Column, ...]
    values: tuple[FloatArray, ...]

    def of(self, metric: str) -> FloatArray:
        """Values of the first series of that metric."""
        for column, values in zip(self.columns, self.values, strict=True):
            if column.metric == metric:
                return values
        raise KeyError(metric)


def together(places: Sequence[IntArray], parts: Sequence[Measured], draws: int) -> Measured:
    """What was measured of some draws each, at their places, as one; a series that a part does not have is 0 in it."""
    columns: dict[Column, None] = {}
    for part in parts:
        columns |= dict.fromkeys(part.columns)
    values = []
    for column in columns:
        known = [dict(zip(part.columns, part.values, strict=True)).get(column) for part in parts]
        width = next(value.shape[1] for value in known if value is not None)
        whole = np.zeros((draws, width))
        for at, value in zip(places, known, strict=True):
            if value is not None:
                whole[at] = value
        values.append(whole)
    return Measured(tuple(columns), tuple(values))


def measure(cleared: Cleared, fleet: Fleet, terms: Terms, *, detail: bool = True) -> Measured:
    """All metrics of docs/model.md, "Results"; without detail only the scalars that valuation needs."""
    weights, inputs = terms.weights, cleared.inputs
    load = np.broadcast_to(inputs.load, cleared.price.shape)
    load_energy = np.einsum("dyh,h->dy", load, weights)
    unserved = np.einsum("dyh,h->dy", cleared.unserved, weights)
    renewable = np.where(fleet.renewable, cleared.energy, 0.0).sum(axis=2)
    required = np.broadcast_to(inputs.rps_target, load_energy.shape) * load_energy
    running = cleared.fuel_cost.sum(axis=2)
    fixed = np.einsum("dyu,u->dy", cleared.capacity, fleet.fixed_cost)
    financed = np.broadcast_to(inputs.financed, cleared.capacity.shape)
    owed = owing(financed, cleared.capacity, fleet, terms.years)
    capital = np.einsum("dyu,u->dy", owed, annuities(fleet, terms.discount_rate))
    revenue = np.einsum("dyh,dyh,h->dy", cleared.price, load - cleared.unserved, weights)
    revenue = revenue + cleared.credit_price * renewable
    system_cost = running + fixed + capital + terms.value_of_lost_load * unserved
    cash_flow = revenue - running - fixed - capital

    def present(flow: FloatArray) -> FloatArray:
        return net_present_value(flow, terms.years, terms.base_year, terms.discount_rate)[:, None]

    series: list[tuple[Column, FloatArray]] = [
        (Column("npv", "EUR", yearly=False), present(cash_flow)),
        (Column("system_cost_npv", "EUR", yearly=False), present(system_cost)),
    ]
    if detail:
        spill = np.where(fleet.variable, cleared.available - cleared.energy, 0.0)
        spill = np.where(spill > 1e-9 * cleared.available, spill, 0.0)
        share = renewable / np.where(load_energy > 0.0, load_energy, 1.0)
        series += [
            (Column("price", "EUR/MWh"), mean_price(cleared, terms)),
            (Column("time_weighted_price", "EUR/MWh"), cleared.price @ weights / weights.sum()),
            (Column("load", "MWh"), load_energy),
            (Column("emissions", "t"), emissions(cleared, fleet)),
            (Column("system_cost", "EUR"), system_cost),
            (Column("cash_flow", "EUR"), cash_flow),
            (Column("unserved_energy", "MWh"), unserved),
            (Column("curtailment", "MWh"), spill.sum(axis=2)),
            (Column("renewable_share", "1"), share),
            (Column("renewable_build", "MW"), cleared.built),
            (Column("renewable_shortfall", "MWh"), _shortfall(required, renewable)),
            (Column("credit_price", "EUR/MWh"), cleared.credit_price),
            (Column("compliance_payment", "EUR"), cleared.credit_price * required),
            *_by_technology(cleared, fleet, weights),
            *_proof(cleared),
            *_storages(cleared, fleet, terms),
            *_duration_curve(cleared.price, weights),
        ]
    return Measured(tuple(column for column, _ in series), tuple(values for _, values in series))


def _shortfall(required: FloatArray, renewable: FloatArray) -> FloatArray:
    missing = required - renewable
    return np.where(missing > 1e-9 * required, missing, 0.0)


def _by_technology(cleared: Cleared, fleet: Fleet, weights: FloatArray) -> list[tuple[Column, FloatArray]]:
    series = []
    for technology in sorted(fleet.technologies):
        chosen = fleet.of_technology(technology)
        installed = np.where(chosen, cleared.capacity, 0.0).sum(axis=2)
        if not np.any(installed > 0.0):
            continue
        energy = np.where(chosen, cleared.energy, 0.0).sum(axis=2)
        possible = installed * weights.sum()
        factor = np.where(possible > 0.0, energy / np.where(possible > 0.0, possible, 1.0), 0.0)
        tags = (("technology", technology),)
        series.append((Column("capacity", "MW", tags), installed))
        series.append((Column("generation", "MWh", tags), energy))
        series.append((Column("capacity_factor", "1", tags), factor))
        earned = np.where(chosen, cleared.earned, 0.0).sum(axis=2)
        # Without generation there is no price that it was sold at.
        captured = np.where(energy > 0.0, earned / np.where(energy > 0.0, energy, 1.0), 0.0)
        series.append((Column("capture_price", "EUR/MWh", tags), captured))
    return series


def _proof(cleared: Cleared) -> list[tuple[Column, FloatArray]]:
    """The certificate by year: what the dispatch costs, what none can cost less than, and the gap between them."""
    certificate, shape = cleared.certificate, cleared.credit_price.shape
    return [
        (Column("dispatch_cost", "EUR"), certificate.cost.reshape(shape)),
        (Column("dispatch_cost_bound", "EUR"), certificate.bound.reshape(shape)),
        (Column("optimality_gap", "1"), certificate.gap.reshape(shape)),
    ]


def _storages(cleared: Cleared, fleet: Fleet, terms: Terms) -> list[tuple[Column, FloatArray]]:
    """What each storage that ever stands takes, loses and earns by year, and what all of them save from curtailment."""
    operation = cleared.operation
    if operation is None:
        return []
    shape = cleared.credit_price.shape
    series = [
        (Column("curtailment_avoided", "MWh"), np.where(fleet.variable, cleared.avoided, 0.0).sum(axis=2))
    ]
    price = cleared.price.reshape(-1, cleared.price.shape[2])
    for at, unit in enumerate(fleet.storages):
        installed = cleared.capacity[:, :, unit]
        storage = fleet.units[unit].storage
        if storage is None or not np.any(installed > 0.0):
            continue
        taken, given = operation.charge[:, at], operation.discharge[:, at]
        charge, discharge = (np.reshape(power @ terms.weights, shape) for power in (taken, given))
        lost = charge * (1.0 - storage.charge_efficiency)
        lost = lost + discharge * (1.0 / storage.discharge_efficiency - 1.0)
        energy = installed * storage.energy_hours
        drawn = discharge / storage.discharge_efficiency
        tags = (("technology", fleet.units[unit].technology), ("unit", fleet.units[unit].name))
        series += [
            (Column("storage_charge", "MWh", tags), charge),
            (Column("storage_discharge", "MWh", tags), discharge),
            (Column("storage_losses", "MWh", tags), lost),
            (
                Column("storage_cycles", "1", tags),
                np.where(energy > 0, drawn / np.where(energy > 0, energy, 1), 0.0),
            ),
            (
                Column("storage_revenue", "EUR", tags),
                ((given - taken) * price @ terms.weights).reshape(shape),
            ),
        ]
    return series


def _duration_curve(price: FloatArray, weights: FloatArray) -> list[tuple[Column, FloatArray]]:
    order = np.argsort(-price, axis=2, kind="stable")
    ranked = np.take_along_axis(price, order, axis=2)
    passed = np.cumsum(weights[order], axis=2) / weights.sum()
    series = []
    for percent in EXCEEDANCE_PERCENT:
        # The first hour, from the dearest, by which that share of the year has gone by.
        at = np.minimum((passed < percent / 100.0 - 1e-12).sum(axis=2), price.shape[2] - 1)
        level = np.take_along_axis(ranked, at[:, :, None], axis=2)[:, :, 0]
        series.append((Column("price_duration", "EUR/MWh", (("exceedance_percent", str(percent)),)), level))
    return series
