"""An example of each driver, and of the parameters, on the built-in baseline; `GET /v1/models/merit_order` shows them."""

from __future__ import annotations

from typing import Any

DRIVERS: dict[str, dict[str, Any]] = {
    "policy": {"policy_name": "RPS", "start_year": 2030, "target": 0.6, "ramp_years": 5},
    "load_growth": {"annual_rate": 0.01, "start_year": 2027},
    "fuel_curve": {"fuel": "gas", "multiplier": 1.5, "start_year": 2028, "end_year": 2032},
    "fleet_change": {"action": "ADD", "technology": "solar", "year": 2030, "capacity_mw": 500.0},
    "composite": {
        "mode": "ADDITIVE",
        "components": [
            {"driver_type": "load_growth", "payload": {"annual_rate": 0.01}, "weight": 0.7},
            {"driver_type": "load_growth", "payload": {"annual_rate": 0.03}, "weight": 0.3},
        ],
    },
    "stochastic": {
        "quantity": "FUEL_PRICE",
        "fuel": "gas",
        "distribution": "LOGNORMAL",
        "mean": 1.0,
        "std": 0.2,
        "variation": "AUTOREGRESSIVE",
        "persistence": 0.8,
    },
    "conditional": {
        "logic": "ALL",
        "conditions": [{"metric": "CARBON_PRICE", "operator": "GT", "value": 100.0}],
        "then": [
            {
                "driver_type": "fleet_change",
                "payload": {"action": "RETIRE", "year": 2032, "technology": "coal"},
            }
        ],
    },
    "time_series": {
        "quantity": "LOAD",
        "trend": {"kind": "EXPONENTIAL", "rate": 0.01},
        "irregular": {"std": 0.02, "persistence": 0.5},
    },
}
PARAMETERS: dict[str, Any] = {"start_year": 2026, "end_year": 2035, "discount_rate": 0.06, "draws": 500}
