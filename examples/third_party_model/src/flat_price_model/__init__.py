"""Every year has one price, and the load pays it: the least that a model needs to be run by Sextant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sextant.engine import MetricValue, ModelInputError, OutputRows, SimulationRequest, SimulationResult


class FlatPriceModel:
    """Parameter `flat_price_eur` (EUR/MWh, default 50) is the price of all load in the baseline."""

    name = "flat_price"
    version = "0.3.0"
    limits: Sequence[str] = ("No market at all: the price is given.", "Assumptions are not understood.")

    def run(self, request: SimulationRequest) -> SimulationResult:
        if request.assumptions:
            raise ModelInputError("assumptions", "empty: this model understands none")
        price = request.parameters.get("flat_price_eur", 50.0)
        if not isinstance(price, int | float) or price < 0:
            raise ModelInputError("parameters.flat_price_eur", "a number >= 0")
        system = request.baseline
        request.progress(50, "adding up the load")
        cost = price * (system.load @ system.weights)
        years = np.array([f"{year}-01-01" for year in system.years], dtype="datetime64[D]")
        count = len(years)
        rows = OutputRows(
            metric=np.repeat(np.array(["price", "system_cost"]), count),
            asof_date=np.tile(years, 2),
            value=np.concatenate([np.full(count, float(price)), cost]),
            unit=np.repeat(np.array(["EUR/MWh", "EUR"]), count),
            band_lower=np.full(2 * count, np.nan),
            band_upper=np.full(2 * count, np.nan),
            tag_index=np.zeros(2 * count, dtype=np.int64),
            tag_sets=({},),
        )
        newest = (
            MetricValue("price", years[-1], float(price), "EUR/MWh"),
            MetricValue("system_cost", years[-1], float(cost[-1]), "EUR"),
        )
        request.progress(100, "done")
        metadata = {"model": self.name, "model_version": self.version, "limits": list(self.limits)}
        return SimulationResult(rows, newest, metadata)
