"""The metrics of the built-in model's results, by name, and by what each is broken down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

By = Literal["", "technology", "storage", "exceedance_percent"]

SCALARS: Final = ("npv", "system_cost_npv")
"""One value for all years, dated the base year; the others have one a year."""
STATISTICS: Final = ".statistics"
"""What the metric of a series' statistics over the draws is called, behind the series' own."""
DRAWS: Final = ".draws"

METRICS: Final[Mapping[str, By]] = {
    "npv": "",
    "system_cost_npv": "",
    "price": "",
    "time_weighted_price": "",
    "load": "",
    "emissions": "",
    "system_cost": "",
    "cash_flow": "",
    "unserved_energy": "",
    "curtailment": "",
    "renewable_share": "",
    "renewable_build": "",
    "renewable_shortfall": "",
    "credit_price": "",
    "compliance_payment": "",
    "capacity": "technology",
    "generation": "technology",
    "capacity_factor": "technology",
    "capture_price": "technology",
    "dispatch_cost": "",
    "dispatch_cost_bound": "",
    "optimality_gap": "",
    "curtailment_avoided": "",
    "storage_charge": "storage",
    "storage_discharge": "storage",
    "storage_losses": "storage",
    "storage_cycles": "storage",
    "storage_revenue": "storage",
    "price_duration": "exceedance_percent",
}
