"""Sextant's drivers, another solver's dispatch: the inputs of a scenario handed to HiGHS, year by year."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import eye_array, hstack

from sextant.engine import SimulationRequest, apply_drivers


def yearly_costs(request: SimulationRequest) -> list[float]:
    """What dispatch costs in each year, fuel, carbon and unserved energy together, in the baseline's money."""
    applied = apply_drivers(request)
    inputs, fleet, terms = applied.inputs, applied.fleet, applied.terms
    costs = []
    for year in range(len(terms.years)):
        load = inputs.load[0, year]
        fuel = inputs.fuel_price[0, year, 0][np.maximum(fleet.fuel_of, 0)] * (fleet.fuel_of >= 0)
        bids = (
            fleet.heat_rate * fuel
            + fleet.variable_cost
            + fleet.emission_factor * inputs.carbon_price[0, year, 0]
        )
        net = inputs.capacity[0, year] * (1.0 - fleet.outage_rate) * inputs.availability[0, year]
        offers = net[:, None] * fleet.profiles[fleet.profile_of]
        hours, units = len(load), len(bids)
        price = np.append(bids, terms.value_of_lost_load)
        upper = np.append(offers.ravel(), np.full(hours, np.inf))
        answer = linprog(
            np.outer(price, terms.weights).ravel(),
            A_eq=hstack([eye_array(hours)] * (units + 1)).tocsr(),
            b_eq=load,
            bounds=np.stack([np.zeros_like(upper), upper], axis=1),
        )
        costs.append(float(answer.fun))
    return costs
