"""Clearing the market: inputs of D draws and Y years to dispatch, prices and builds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sextant.drivers.conditions import ConditionMetric
from sextant.engine import renewables
from sextant.engine.build_price import settle
from sextant.engine.capital import annuities
from sextant.engine.certificate import Certificate, Obligation, certify, rents
from sextant.engine.dispatch import DispatchProblem, dispatch
from sextant.engine.inputs import Fleet, Inputs
from sextant.engine.mixture import Mixture
from sextant.engine.stack import Problem
from sextant.engine.storage.building import build_with_storages
from sextant.engine.storage.chronology import chronology
from sextant.engine.storage.several import Operation, Storages, agreed_price, operate
from sextant.engine.system import FloatArray, IntArray


@dataclass(frozen=True)
class Terms:
    """What holds for the whole run: hours, years and how money is counted."""

    years: IntArray  # [Y]
    weights: FloatArray  # [H] hours of the year that each hour stands for
    month: IntArray  # [H] 1–12
    value_of_lost_load: float  # EUR/MWh
    spill_cost: float  # EUR/MWh
    discount_rate: float  # 1/year, real
    base_year: int  # to which cash flows are discounted
    as_listed: bool = False  # whether equal bids are called as listed, and not pro rata


@dataclass(frozen=True)
class Cleared:
    """The market's outcome; D draws, Y years, U units, H hours."""

    inputs: Inputs
    capacity: FloatArray  # [D, Y, U] MW installed, RPS builds among them
    running_cost: FloatArray  # [D, Y, U] EUR/MWh: fuel, variable cost and carbon (yearly mean)
    energy: FloatArray  # [D, Y, U] MWh
    available: FloatArray  # [D, Y, U] MWh
    fuel_cost: FloatArray  # [D, Y, U] EUR: fuel, variable cost and carbon
    price: FloatArray  # [D, Y, H] EUR/MWh
    unserved: FloatArray  # [D, Y, H] MW
    credit_price: FloatArray  # [D, Y] EUR/MWh
    built: FloatArray  # [D, Y] MW of RPS builds standing; each stands for its technology's life
    certificate: Certificate  # of each year, [D·Y]
    operation: Operation | None  # what the storages do in each year, [D·Y]; None where the fleet has none
    earned: FloatArray  # [D, Y, U] EUR that its energy sells for
    avoided: FloatArray  # [D, Y, U] MWh of available energy used that would not be without storage
    mixture: Mixture  # the dispatch behind it, [D·Y]


def clear(inputs: Inputs, fleet: Fleet, terms: Terms) -> Cleared:
    """Build what the RPS asks for, year by year, then dispatch everything at once."""
    years, hours = len(terms.years), len(terms.weights)
    units = len(fleet.units)
    draws = max(np.shape(getattr(inputs, name))[0] for name in inputs.__dataclass_fields__)
    bids, running = unit_bids(inputs, fleet, terms.spill_cost)
    seasons = bids.shape[2]
    season = terms.month - 1 if seasons > 1 else np.zeros(hours, dtype=np.int64)
    usable = np.minimum(inputs.availability * (1.0 - fleet.outage_rate), _room(fleet))
    shape2 = (draws, years, units)
    installed = np.broadcast_to(inputs.capacity, shape2).copy()
    # A storage is no supply: what it gives it has taken.
    net = np.broadcast_to(np.where(fleet.is_storage, 0.0, usable), shape2)
    load = np.broadcast_to(inputs.load, (draws, years, hours))
    all_bids = np.broadcast_to(bids, (draws, years, seasons, units))
    storages = _storages(fleet, terms, installed, np.broadcast_to(usable, shape2))
    operation = None if storages is None else Operation.idle(storages, hours)
    yearly = _Yearly(load, net, all_bids, season)
    standards = _meet_standards(inputs, fleet, terms, yearly, installed, operation)
    credit = standards.credit
    rows = draws * years
    flat_bids = all_bids.reshape(rows, seasons, units)
    flat_load, flat_net = load.reshape(rows, hours), (installed * net).reshape(rows, units)

    def problem(at: IntArray, order_by: FloatArray) -> DispatchProblem:
        return DispatchProblem(
            load=flat_load[at],
            capacity=flat_net[at],
            bids=flat_bids[at] - credit.reshape(rows, 1, 1)[at] * fleet.renewable,
            ranking=flat_bids[at] - order_by.reshape(rows, 1, 1)[at] * fleet.renewable,
            profiles=fleet.profiles,
            profile_of=fleet.profile_of,
            must_take=fleet.must_take,
            weights=terms.weights,
            season=season,
            value_of_lost_load=terms.value_of_lost_load,
            as_listed=terms.as_listed,
        )

    consumers = problem(np.arange(rows), standards.order_credit)
    served = consumers
    if operation is not None:
        free = np.flatnonzero(~standards.obligation.holds.reshape(rows))
        operation.put(free, operate(consumers.rows(free), operation.storages.rows(free)))
        served = replace(consumers, load=np.maximum(consumers.load + operation.position, 0.0))
    outcome = dispatch(served)
    by_season, other_order = outcome.energy, None
    mixed = np.flatnonzero(standards.blend.reshape(rows) > 0.0)
    if mixed.size:
        # Two orders are equally cheap at this credit; their mixture is what meets the target exactly.
        other_order = replace(problem(mixed, standards.other_credit), load=served.load[mixed])
        other = dispatch(other_order).energy
        by_season[mixed] += standards.blend.reshape(rows)[mixed, None, None] * (other - by_season[mixed])
    energy = by_season.sum(axis=1)
    price, avoided = outcome.price, np.zeros_like(energy)
    if operation is not None:
        price = agreed_price(consumers, outcome, operation)
        avoided = energy - dispatch(consumers).energy.sum(axis=1)
    spent = np.einsum("bgu,bgu->b", by_season, flat_bids)
    spent = spent + terms.value_of_lost_load * np.einsum("bh,h->b", outcome.unserved, terms.weights)
    spent = spent + standards.obligation.cost(np.where(fleet.renewable, energy, 0.0).sum(axis=1))
    rent = rents(consumers, price)
    if np.any(standards.obligation.holds):
        settle(consumers, price, rent, standards.obligation, operation)
    certificate = certify(
        consumers, price, spent, rent, standards.obligation, credit.reshape(rows), operation
    )
    # A unit called in part sells at its own bid; what else it sells earns its rent.
    earned = flat_net * rent + np.einsum("bgu,bgu->bu", by_season, consumers.bids)
    flat_running = np.broadcast_to(running, (draws, years, seasons, units)).reshape(rows, seasons, units)
    # Must-take energy is made, and paid for, whether or not the load can use it.
    spilled = np.where(fleet.must_take, np.maximum(outcome.available - energy, 0.0), 0.0)
    cost = np.einsum("bgu,bgu->bu", by_season, flat_running)
    cost = cost + spilled * (flat_running.mean(axis=1) + terms.spill_cost)
    if operation is not None:
        energy[:, fleet.storages] = np.einsum("bsh,h->bs", operation.discharge, terms.weights)
        earned[:, fleet.storages] = np.einsum("bsh,bh,h->bs", operation.discharge, price, terms.weights)
    return Cleared(
        inputs=inputs,
        capacity=installed,
        running_cost=running.mean(axis=2),
        energy=energy.reshape(shape2),
        available=outcome.available.reshape(shape2),
        fuel_cost=cost.reshape(shape2),
        price=price.reshape(draws, years, hours),
        unserved=outcome.unserved.reshape(draws, years, hours),
        credit_price=credit,
        built=installed[..., list(fleet.builds.values())].sum(axis=2),
        certificate=certificate,
        operation=operation,
        avoided=avoided.reshape(shape2),
        earned=earned.reshape(shape2),
        mixture=Mixture(served, mixed, other_order, standards.blend.reshape(rows)),
    )


@dataclass(frozen=True)
class _Yearly:
    """What the years' programs are made of, whatever is built; `usable` is what a MW gives, net of outages."""

    load: FloatArray  # [D, Y, H] MW
    usable: FloatArray  # [D, Y, U] share
    bids: FloatArray  # [D, Y, G, U] EUR/MWh
    season: IntArray  # [H]


@dataclass(frozen=True)
class _Standards:
    """What meeting the RPS gave, [D, Y]: credits as in `renewables.Build`, and the targets."""

    credit: FloatArray
    order_credit: FloatArray
    other_credit: FloatArray
    blend: FloatArray
    obligation: Obligation


def _meet_standards(
    inputs: Inputs,
    fleet: Fleet,
    terms: Terms,
    yearly: _Yearly,
    installed: FloatArray,
    operation: Operation | None,
) -> _Standards:
    """Build what the RPS asks for, year by year: into `installed` [D, Y, U], and what storages then do into `operation`."""
    shape = installed.shape
    draws, years, units = shape
    credit, order_credit, other_credit, blend = (np.zeros(shape[:2]) for _ in range(4))
    met = _Standards(credit, order_credit, other_credit, blend, Obligation.none(draws, years, units))
    if np.any(inputs.rps_target > 0.0):
        target = np.broadcast_to(inputs.rps_target, (draws, years))
        rate = np.broadcast_to(inputs.compliance_rate, (draws, years))
        mix = np.broadcast_to(inputs.build_mix, shape)
        per_mw = fleet.fixed_cost + annuities(fleet, terms.discount_rate)
        for year in range(years):
            if not np.any(target[:, year] > 0.0):
                continue
            total = mix[:, year].sum(axis=1, keepdims=True)
            share = mix[:, year] / np.where(total > 0.0, total, 1.0)
            standard = Problem(
                load=yearly.load[:, year],
                capacity=installed[:, year] * yearly.usable[:, year],
                mix=share * yearly.usable[:, year],
                bids=yearly.bids[:, year],
                profiles=fleet.profiles,
                profile_of=fleet.profile_of,
                renewable=fleet.renewable,
                must_take=fleet.must_take,
                weights=terms.weights,
                season=yearly.season,
                yearly_cost=share @ per_mw,
                energy=target[:, year] * np.einsum("dh,h->d", yearly.load[:, year], terms.weights),
                compliance_rate=rate[:, year],
                value_of_lost_load=terms.value_of_lost_load,
            )
            at = np.arange(draws) * years + year
            guess = met.credit[:, year - 1] if year else None
            if operation is not None and np.any(operation.storages.installed[at] > 0.0):
                solved, worked = build_with_storages(standard, operation.storages.rows(at), guess)
                operation.put(at, worked)
            else:
                solved = renewables.solve(standard, guess=guess)
            met.obligation.put(year, standard, solved.mw)
            for unit in fleet.builds.values():
                standing = slice(year, year + int(fleet.life_years[unit]))
                installed[:, standing, unit] += (solved.mw * share[:, unit])[:, None]
            met.credit[:, year], met.blend[:, year] = solved.credit, solved.blend
            met.order_credit[:, year], met.other_credit[:, year] = solved.order_credit, solved.other_credit
    return met


def _storages(fleet: Fleet, terms: Terms, installed: FloatArray, usable: FloatArray) -> Storages | None:
    """The fleet's storages in all rows of installed capacity and usable share [D, Y, U]; None where none ever stands."""
    places = fleet.storages
    standing = installed[..., places].reshape(math.prod(installed.shape[:2]), len(places))
    if not np.any(standing > 0.0):
        return None
    period, step = chronology(terms.weights)
    return Storages(
        kinds=tuple(kind for place in places if (kind := fleet.units[place].storage) is not None),
        units=places,
        power=standing * usable[..., places].reshape(standing.shape),
        installed=standing,
        inflow=fleet.inflow,
        period=period,
        step=step,
    )


def unit_bids(inputs: Inputs, fleet: Fleet, spill_cost: float) -> tuple[FloatArray, FloatArray]:
    """Bids and running costs [D, Y, G, U] in EUR/MWh: heat rate·fuel + variable cost + emission factor·carbon.

    A must-take unit bids minus the spill cost: it gives way only when there is nothing else to throw away.
    """
    fuel, carbon = (_seasons(price) for price in (inputs.fuel_price, inputs.carbon_price[..., None]))
    burning = np.where(fleet.fuel_of >= 0, fleet.heat_rate, 0.0)
    per_unit = fuel[..., np.maximum(fleet.fuel_of, 0)] if fuel.shape[-1] else np.zeros((*fuel.shape[:3], 1))
    running = per_unit * burning + fleet.variable_cost
    running = running + carbon * fleet.emission_factor
    return np.where(fleet.must_take, -spill_cost, running), running


def _seasons(price: FloatArray) -> FloatArray:
    """Prices [D, Y, M, …] of one season where the months are alike."""
    return price[:, :, :1] if np.all(price == price[:, :, :1]) else price


def _room(fleet: Fleet) -> FloatArray:
    """Highest factor [U] at which no hour's availability passes 1."""
    peak = fleet.profiles.max(axis=1)[fleet.profile_of]
    return np.where(peak > 0.0, 1.0 / np.where(peak > 0.0, peak, 1.0), 0.0)


def conditions(cleared: Cleared, fleet: Fleet, terms: Terms) -> Mapping[ConditionMetric, FloatArray]:
    """The results [D, Y] that conditions may ask for."""
    load_energy = np.einsum("dyh,h->dy", cleared.inputs.load, terms.weights)
    renewable = np.where(fleet.renewable, cleared.energy, 0.0).sum(axis=2)
    return {
        "PRICE": mean_price(cleared, terms),
        "RENEWABLE_SHARE": renewable / np.where(load_energy > 0.0, load_energy, 1.0),
        "EMISSIONS": emissions(cleared, fleet),
        "UNSERVED_ENERGY": np.einsum("dyh,h->dy", cleared.unserved, terms.weights),
    }


def _made(cleared: Cleared, fleet: Fleet) -> FloatArray:
    """Energy made, spilled must-take energy included: what emits."""
    return np.where(fleet.must_take, cleared.available, cleared.energy)


def emissions(cleared: Cleared, fleet: Fleet) -> FloatArray:
    """[D, Y] t CO2."""
    return np.asarray(np.einsum("dyu,u->dy", _made(cleared, fleet), fleet.emission_factor))


def mean_price(cleared: Cleared, terms: Terms) -> FloatArray:
    """[D, Y] mean price weighted by load; by hours where there is no load."""
    load = np.broadcast_to(cleared.inputs.load, cleared.price.shape)
    paid = np.einsum("dyh,dyh,h->dy", cleared.price, load, terms.weights)
    total = np.einsum("dyh,h->dy", load, terms.weights)
    flat = np.einsum("dyh,h->dy", cleared.price, terms.weights) / terms.weights.sum()
    return np.asarray(np.where(total > 0.0, paid / np.where(total > 0.0, total, 1.0), flat))
