"""RTS-GMLC's cases as linear programs, stated from the files' own numbers and solved by HiGHS: they know nothing of the engine."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from sextant.engine.rts import (
    EFFICIENCY,
    ENERGY,
    LOST_LOAD,
    MISSING,
    POWER,
    RATE,
    TONNES_PER_POUND,
    WIND_CAPEX,
    WIND_LIFE,
    Case,
    Rts,
)
from sextant.engine.system import FloatArray


def least_cost(rts: Rts, case: Case) -> float:
    """USD: the optimum of the case's linear program. scipy must be installed; raises ArithmeticError where HiGHS finds none.

    Plants of one cost are one variable an hour. Where nothing links the hours each day is a program of its own. A battery moves an
    hour by its power at most: what is cheaper than all that is called in any case, and what is dearer is not called.
    """
    if case.target:
        return _least_cost_of_target(rts, case.target)
    load = rts.load + case.more_load
    offers: dict[tuple[float, bool], FloatArray] = defaultdict(lambda: np.zeros(len(load)))
    for plant in rts.plants:
        price = rts.fuel_price.get(plant.fuel, 0.0) * (case.gas if plant.fuel == "NG" else 1.0)
        carbon = plant.pounds * TONNES_PER_POUND * case.carbon
        cost = plant.mmbtu * (price + carbon) + plant.variable_cost
        flat = np.full(len(load), plant.mw * (1.0 - plant.outage))
        given = flat if plant.series is None else np.minimum(plant.series, plant.mw)
        offers[round(cost, 12), plant.series is not None] += given
    kinds = sorted(offers, key=lambda kind: (kind[0], not kind[1]))
    given = np.array([offers[kind] for kind in kinds])
    end = np.cumsum(given, axis=0)
    start = end - given
    least = np.maximum(load - POWER, 0.0) if case.battery else np.zeros(len(load))
    most = load + (POWER if case.battery else 0.0)
    costs = np.array([cost for cost, _ in kinds])
    full = np.clip(np.minimum(end, least) - start, 0.0, None)
    room = np.clip(np.minimum(end, most) - np.maximum(start, least), 0.0, None)
    total = float((costs[:, None] * full).sum())
    days = [slice(0, len(load))] if case.battery else [slice(h, h + 24) for h in range(0, len(load), 24)]
    for day in days:
        rest = load[day] - full[:, day].sum(axis=0)
        total += _program(case, costs, room[:, day], rest)
    return total


def _program(case: Case, costs: FloatArray, room: FloatArray, rest: FloatArray) -> float:
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, csr_array, hstack, identity, vstack

    hours = len(rest)
    kind, hour = np.nonzero(room > 0.0)
    count = len(kind)
    one, none = identity(hours, format="csr"), csr_array((hours, hours))
    balance = [csr_array(coo_array((np.ones(count), (hour, np.arange(count))), shape=(hours, count))), one]
    cost, most = [costs[kind], np.full(hours, LOST_LOAD)], [room[kind, hour], np.full(hours, np.inf)]
    equal, right = [], [rest]
    fleet = csr_array((hours, count + hours))
    if case.battery:
        # Charge, discharge and the level at the end of each hour; the last is the first one's beginning.
        balance += [-one, one, none]
        cost.append(np.zeros(3 * hours))
        most += [np.full(2 * hours, POWER), np.full(hours, ENERGY)]
        before = csr_array((np.ones(hours), (np.arange(hours), np.arange(-1, hours - 1) % hours)))
        equal.append(hstack([fleet, -EFFICIENCY * one, one / EFFICIENCY, one - before]))
        right.append(np.zeros(hours))
    upper = np.concatenate(most)
    solved = linprog(
        np.concatenate(cost),
        A_eq=vstack([hstack(balance), *equal], format="csr"),
        b_eq=np.concatenate(right),
        bounds=np.column_stack([np.zeros_like(upper), upper]),
        method="highs",
    )
    if solved.status != 0:
        raise ArithmeticError(f"HiGHS: {solved.message}")
    return float(solved.fun)


def _least_cost_of_target(rts: Rts, target: float) -> float:
    """USD, new wind included, whose profile is that of all wind: as much as pays, and what is missing is paid for.

    What costs nothing is called before all else. What is built is at most twice what the target needs.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, csr_array, hstack, identity, vstack

    hours = len(rts.load)
    thermal = [plant for plant in rts.plants if plant.series is None]
    free, dear, price = np.zeros(hours), np.zeros(hours), 0.0
    wind, wind_mw = np.zeros(hours), 0.0
    for plant in rts.plants:
        if plant.series is not None:
            if plant.variable_cost == 0.0:
                free += np.minimum(plant.series, plant.mw)
            elif price in (0.0, plant.variable_cost):
                price, dear = plant.variable_cost, dear + np.minimum(plant.series, plant.mw)
            else:
                raise ValueError(f"{plant.name}: a second cost of output by a series")
            if plant.kind == "Wind":
                wind, wind_mw = wind + np.minimum(plant.series, plant.mw), wind_mw + plant.mw
    shape, given = wind / wind_mw, free + dear
    energy = target * float(rts.load.sum())
    low, high = 0.0, 100.0 * float(rts.load.max())
    for _ in range(60):
        middle = 0.5 * (low + high)
        enough = float(np.minimum(rts.load, given + middle * shape).sum()) >= energy
        low, high = (low, middle) if enough else (middle, high)
    most_built = 2.0 * high
    offers: dict[float, float] = defaultdict(float)
    for plant in thermal:
        cost = plant.mmbtu * rts.fuel_price[plant.fuel] + plant.variable_cost
        offers[round(cost, 12)] += plant.mw * (1.0 - plant.outage)
    costs = np.array(sorted(offers))
    end = np.cumsum([offers[cost] for cost in costs.tolist()])[:, None]
    start = np.concatenate([[[0.0]], end[:-1]])
    least = np.maximum(rts.load - given - most_built * shape, 0.0)
    most = np.maximum(rts.load - free, 0.0)
    full = np.clip(np.minimum(end, least) - start, 0.0, None)
    room = np.clip(np.minimum(end, most) - np.maximum(start, least), 0.0, None)
    kind, hour = np.nonzero(room > 0.0)
    # Thermal output, load shed, output by series for nothing and at a price, MW built, MWh missing.
    count, one = len(kind), identity(hours, format="csr")
    calls = csr_array(coo_array((np.ones(count), (hour, np.arange(count))), shape=(hours, count)))
    nothing = csr_array((hours, 1))
    balance = hstack([calls, one, one, one, nothing, nothing])
    empty = csr_array((hours, hours))
    ceiling = hstack([csr_array((hours, count + hours)), one, empty, csr_array(-shape[:, None]), nothing])
    needed = csr_array(np.concatenate([np.zeros(count + hours), -np.ones(2 * hours), [0.0, -1.0]])[None])
    # Paid at the beginning of each year of the life.
    yearly = WIND_CAPEX * RATE / (1.0 - (1.0 + RATE) ** -WIND_LIFE) / (1.0 + RATE)
    upper = np.concatenate([room[kind, hour], np.full(2 * hours, np.inf), dear, [most_built, np.inf]])
    solved = linprog(
        np.concatenate(
            [
                *(costs[kind], np.full(hours, LOST_LOAD)),
                *(np.zeros(hours), np.full(hours, price), [yearly, MISSING]),
            ]
        ),
        A_ub=vstack([ceiling, needed], format="csr"),
        b_ub=np.concatenate([free, [-energy]]),
        A_eq=csr_array(balance),
        b_eq=rts.load - full.sum(axis=0),
        bounds=np.column_stack([np.zeros_like(upper), upper]),
        method="highs-ipm",
    )
    if solved.status != 0:
        raise ArithmeticError(f"HiGHS: {solved.message}")
    return float(solved.fun) + float((costs[:, None] * full).sum())
