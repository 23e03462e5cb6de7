# mypy: ignore-errors
"""Builds networks with PyPSA, imports them, and lets PyPSA solve them; prints what came of it as JSON.

Run by `test_pypsa.py` with the interpreter that has PyPSA, with the client on its path.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pypsa

from sextant_client.importers import ImportRefusedError, from_pypsa

HOURS = 48


def network() -> pypsa.Network:
    """Two zones with a line, a heat bus, a thermal fleet, wind, a battery and a reservoir."""
    rng = np.random.default_rng(7)
    made = pypsa.Network(name="two zones")
    made.set_snapshots(pd.date_range("2030-03-01", periods=HOURS, freq="h"))
    made.add("Carrier", ["gas", "coal", "wind", "battery", "heat"], co2_emissions=[0.2, 0.34, 0.0, 0.0, 0.0])
    made.add("Bus", ["north", "south"], carrier="AC")
    made.add("Bus", "heat", carrier="heat")
    made.add("Line", "between", bus0="north", bus1="south", s_nom=1e6, x=0.1)
    made.add("Load", "towns", bus="north", p_set=pd.Series(rng.uniform(300, 500, HOURS), made.snapshots))
    made.add("Load", "works", bus="south", p_set=120.0)
    made.add("Load", "warmth", bus="heat", p_set=1.0)
    made.add("Generator", "boiler", bus="heat", carrier="gas", p_nom=10.0, marginal_cost=5.0)
    made.add(
        "Generator", "gas 1", bus="north", carrier="gas", p_nom=400.0, efficiency=0.5, marginal_cost=62.0
    )
    made.add(
        "Generator",
        "coal 1",
        bus="south",
        carrier="coal",
        p_nom=300.0,
        efficiency=0.4,
        marginal_cost=40.0,
        p_max_pu=0.9,
    )
    made.add(
        "Generator", "wind 1", bus="north", carrier="wind", p_nom=200.0, marginal_cost=0.5,
        p_max_pu=pd.Series(rng.uniform(0, 1, HOURS), made.snapshots),
    )  # fmt: skip
    made.add("Generator", "idle", bus="north", carrier="gas", p_nom=0.0)
    made.add("Generator", "shed", bus="north", carrier="load", p_nom=1e4, marginal_cost=3000.0)
    made.add(
        "StorageUnit", "battery 1", bus="south", carrier="battery", p_nom=50.0, max_hours=4.0, efficiency_store=0.9,
        efficiency_dispatch=0.9, cyclic_state_of_charge=True,
    )  # fmt: skip
    return made


def told(baseline) -> dict:
    return {
        "name": baseline.name,
        "tables": baseline.tables,
        "options": baseline.options,
        "report": baseline.report.to_dict(),
    }


def refusal(work) -> str:
    try:
        work()
    except ImportRefusedError as error:
        return str(error)
    return ""


def main(folder: Path) -> None:
    made = network()
    netcdf, csv = folder / "network.nc", folder / "network"
    made.export_to_netcdf(netcdf)
    made.export_to_csv_folder(csv)
    empty = pypsa.Network()
    empty.add("Bus", "bus")
    empty.add("Generator", "one", bus="bus", p_nom=1.0)
    periods = network()
    periods.investment_periods = [2030, 2040]
    answer = {
        "object": told(from_pypsa(made, fuel_prices={"gas": 25.0})),
        "netcdf": told(from_pypsa(netcdf, fuel_prices={"gas": 25.0})),
        "csv": told(from_pypsa(str(csv), fuel_prices={"gas": 25.0})),
        "later": told(from_pypsa(periods, period=2040))["tables"]["load"][:1],
        "without load": refusal(lambda: from_pypsa(empty)),
        "without period": refusal(lambda: from_pypsa(periods)),
    }
    made.optimize(solver_name="highs", log_to_console=False)
    answer["cost"] = float(made.objective)
    heat = 5.0 * HOURS
    answer["cost"] -= heat
    (folder / "answer.json").write_text(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
