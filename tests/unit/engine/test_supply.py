"""The supply curve is what the dispatch calls: same order, same prices."""

from __future__ import annotations

import numpy as np
import pytest

from sextant.engine import ModelInputError, reference_system
from sextant.engine.supply import supply_curve
from tests.unit.engine.systems import run, series, small_system


def test_units_stand_in_the_order_of_their_costs_with_what_is_available() -> None:
    curve = supply_curve(small_system(carbon_price=np.full(4, 100.0)), 2030)

    # coal 10·3 + 2 + 0.9·100, gas 7·8 + 1 + 0.4·100; the wind blows 37.5 % of the time
    assert [(offer.unit, offer.available_mw, offer.bid) for offer in curve.offers] == [
        ("Wind", 15.0, 1.0),
        ("Gas", 100.0, 97.0),
        ("Coal", 120.0, 122.0),
    ]
    assert (curve.lowest_load, curve.mean_load, curve.highest_load) == (100.0, 150.0, 200.0)


def test_the_price_duration_of_a_run_lies_on_the_curve() -> None:
    prices = set(series(run(), "price_duration", exceedance_percent="0"))

    assert prices <= {offer.bid for offer in supply_curve(small_system(), 2030).offers}


def test_what_does_not_run_in_the_year_is_not_on_it() -> None:
    system = reference_system()
    for year in (system.years[0], system.years[-1]):
        standing = {unit.name for unit in system.units if unit.capacity_in(year) > 0}
        assert {offer.unit for offer in supply_curve(system, year).offers} == standing
    with pytest.raises(ModelInputError):
        supply_curve(system, 1999)
