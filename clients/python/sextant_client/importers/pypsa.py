"""A PyPSA network as a baseline: its electricity buses as one zone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sextant_client.importers.baseline import ImportedBaseline
from sextant_client.importers.report import ImportRefusedError, Report

if TYPE_CHECKING:
    import pandas as pd
    import pypsa

GJ_PER_MWH = 3.6
_ELECTRICITY = {"AC", "DC", "electricity", "elec", "low voltage", ""}
_YEARS = (8760.0, 8784.0)


def from_pypsa(
    network: pypsa.Network | str | Path,
    *,
    name: str | None = None,
    year: int | None = None,
    period: int | None = None,
    fuel_prices: Mapping[str, float] | None = None,
    currency: str = "EUR",
    value_of_lost_load: float = 3_000.0,
) -> ImportedBaseline:
    """A network as a baseline of one year.

    network: a `pypsa.Network`, or the path of its netCDF file or its folder of CSV files (which PyPSA reads: `sextant-client[pypsa]`)
    name: the baseline's; the network's without it
    year: which year the baseline's only one is called; that of the snapshots without it
    period: of a network with several investment periods, which one
    fuel_prices: carrier → price of its fuel per MWh of heat, in `currency`. A generator of such a carrier gets a heat rate of its
        efficiency, and its marginal cost is split in fuel and the rest, so that scenarios can move the fuel's price
    currency: of the costs (PyPSA has none)
    value_of_lost_load: in that currency per MWh

    Raises `ImportRefusedError` for a network without load, without generators, or with periods and none named.
    """
    return _Import(_opened(network), year, period, dict(fuel_prices or {}), currency).baseline(
        name, value_of_lost_load
    )


def _opened(network: pypsa.Network | str | Path) -> pypsa.Network:
    if not isinstance(network, str | Path):
        return network
    from sextant_client.frames import library

    path = Path(network)
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder")
    opened: pypsa.Network = library("pypsa", "pypsa").Network(str(path))
    return opened


class _Import:
    """One network on its way."""

    def __init__(
        self,
        network: pypsa.Network,
        year: int | None,
        period: int | None,
        fuel_prices: dict[str, float],
        currency: str,
    ) -> None:
        self._network = network
        self._fuel_prices = fuel_prices
        self._currency = currency
        self._snapshots = self._chosen(period)
        stamps = self._snapshots.get_level_values(-1) if self._snapshots.nlevels > 1 else self._snapshots
        self._months = list(stamps.month) if hasattr(stamps, "month") else []
        self._year = year or period or (int(stamps[0].year) if hasattr(stamps, "year") else 2030)
        self._buses = [bus for bus, row in network.buses.iterrows() if str(row["carrier"]) in _ELECTRICITY]
        self.report = Report(f"PyPSA network {network.name or '(no name)'}")
        self._profiles: dict[str, list[float]] = {}

    def baseline(self, name: str | None, value_of_lost_load: float) -> ImportedBaseline:
        self._tell_zone()
        units, load, storage = self._units(), self._load(), self._storage()
        prices = {f: price / GJ_PER_MWH for f, price in self._fuel_prices.items()}
        tables: dict[str, list[dict[str, Any]]] = {
            "units": units,
            "load": load,
            "prices": [{"year": self._year, "carbon": 0.0, **prices}],
        }
        if self._profiles:
            tables["profiles"] = [
                {"hour": h + 1, **{title: values[h] for title, values in self._profiles.items()}}
                for h in range(len(self._snapshots))
            ]
        if storage:
            tables["storage"] = storage
        self._tell_rest(value_of_lost_load)
        options = {
            "currency": self._currency,
            "price_year": self._year,
            "value_of_lost_load": value_of_lost_load,
        }
        return ImportedBaseline(name or self._network.name or "pypsa", tables, options, self.report)

    def _chosen(self, period: int | None) -> pd.Index[Any]:
        snapshots: pd.Index[Any] = self._network.snapshots
        if snapshots.nlevels == 1:
            if period is not None:
                raise ImportRefusedError("period: the network has no investment periods")
            return snapshots
        periods = list(dict.fromkeys(snapshots.get_level_values(0)))
        if period not in periods:
            raise ImportRefusedError(
                f"period: the network has the investment periods {periods}; name one of them"
            )
        chosen: pd.Index[Any] = snapshots[snapshots.get_level_values(0) == period]
        return chosen

    def _tell_zone(self) -> None:
        buses = len(self._network.buses)
        if buses > 1:
            self.report.convert(
                "buses",
                "one zone: the electricity buses are summed, as if nothing between them were ever congested",
                len(self._buses),
            )
        if buses > len(self._buses):
            carriers = sorted({str(c) for c in self._network.buses["carrier"]} - _ELECTRICITY)
            self.report.leave_out("buses of other carriers", ", ".join(carriers), buses - len(self._buses))

    def _series(self, component: str, attribute: str, row: str, static: float) -> list[float]:
        """The attribute at each snapshot, whether it varies or not."""
        varying = getattr(self._network, f"{component}_t")[attribute]
        if row in varying.columns:
            return [float(value) for value in varying.loc[self._snapshots, row]]
        return [float(static)] * len(self._snapshots)

    def _varies(self, component: str, attribute: str, row: str) -> bool:
        return row in getattr(self._network, f"{component}_t")[attribute].columns

    def _units(self) -> list[dict[str, Any]]:
        generators = self._network.generators
        mine = generators[generators["bus"].isin(self._buses)]
        if len(mine) < len(generators):
            self.report.leave_out(
                "generators at other buses", "their buses carry no electricity", len(generators) - len(mine)
            )
        units = [unit for name, row in mine.iterrows() if (unit := self._unit(str(name), row)) is not None]
        if not units:
            raise ImportRefusedError("generators: none with capacity is at an electricity bus")
        self.report.map(
            "generators: p_nom, carrier, marginal_cost",
            "units: capacity_mw, technology, variable_cost",
            len(units),
        )
        if none := len(mine) - len(units):
            self.report.leave_out(
                "generators without capacity", "p_nom (and p_nom_opt) are 0, inactive, or sign is -1", none
            )
        self._tell_units(mine)
        return units

    def _unit(self, name: str, row: pd.Series) -> dict[str, Any] | None:
        capacity = self._capacity(row)
        if capacity <= 0 or row["sign"] < 0 or not row.get("active", True):
            return None
        efficiency = float(row["efficiency"]) or 1.0
        carrier = str(row["carrier"]) or "generator"
        carriers = self._network.carriers
        emissions = (
            float(carriers["co2_emissions"].get(row["carrier"], 0.0)) if "co2_emissions" in carriers else 0.0
        )
        cost = self._series("generators", "marginal_cost", name, row["marginal_cost"])
        unit: dict[str, Any] = {
            "name": name,
            "technology": carrier,
            "capacity_mw": capacity,
            "variable_cost": sum(cost) / len(cost),
            "fixed_cost": float(row["capital_cost"]),
            "emission_factor": emissions / efficiency,
        }
        if carrier in self._fuel_prices:
            unit |= {"fuel": carrier, "heat_rate": GJ_PER_MWH / efficiency}
            unit["variable_cost"] -= self._fuel_prices[carrier] / efficiency
        if self._varies("generators", "p_max_pu", name):
            self._profiles[name] = [
                min(max(v, 0.0), 1.0) for v in self._series("generators", "p_max_pu", name, 1.0)
            ]
            unit |= {"profile": name, "renewable": emissions == 0.0}
        else:
            unit["outage_rate"] = 1.0 - min(max(float(row["p_max_pu"]), 0.0), 1.0)
        return unit

    @staticmethod
    def _capacity(row: pd.Series) -> float:
        built = float(row.get("p_nom_opt", 0.0) or 0.0)
        return built if row["p_nom_extendable"] and built > 0 else float(row["p_nom"])

    def _tell_units(self, mine: pd.DataFrame) -> None:
        report, series = self.report, self._network.generators_t
        if self._fuel_prices:
            report.convert(
                "efficiency",
                "heat_rate in GJ/MWh: 3.6 divided by it",
                int(mine["carrier"].isin(list(self._fuel_prices)).sum()),
            )
            report.convert(
                "fuel_prices, per MWh of heat",
                f"prices in {self._currency}/GJ: divided by 3.6",
                len(self._fuel_prices),
            )
            report.convert(
                "marginal_cost", "variable_cost: without the fuel's part, which prices and heat rate give"
            )
        if "co2_emissions" in self._network.carriers and (self._network.carriers["co2_emissions"] != 0).any():
            report.convert(
                "carriers: co2_emissions, t per MWh of heat",
                "emission_factor in t per MWh of power: divided by efficiency",
            )
        weather = [name for name in mine.index if name in series["p_max_pu"].columns]
        if weather:
            report.map("generators_t: p_max_pu", "profiles, a column each", len(weather))
            report.assume("renewable", "true for generators with a series p_max_pu and without emissions")
        derated = mine[~mine.index.isin(weather) & (mine["p_max_pu"] < 1)]
        if len(derated):
            report.convert("p_max_pu below 1", "outage_rate: 1 less it", len(derated))
        if (mine["capital_cost"] != 0).any():
            report.map(
                "capital_cost, per MW and year", "units: fixed_cost", int((mine["capital_cost"] != 0).sum())
            )
        if any(name in series["marginal_cost"].columns for name in mine.index):
            report.convert("generators_t: marginal_cost", "variable_cost: the mean over the snapshots")
        self._tell_left_out(mine)

    def _tell_left_out(self, mine: pd.DataFrame) -> None:
        report = self.report
        if mine["p_nom_extendable"].any():
            report.convert(
                "p_nom_extendable",
                "p_nom_opt where the network was solved, else p_nom: nothing is built",
                int(mine["p_nom_extendable"].sum()),
            )
        for attribute, told in (
            ("p_min_pu", "the dispatch is a merit order without commitment"),
            ("committable", "the dispatch is a merit order without commitment"),
            ("start_up_cost", "the dispatch is a merit order without commitment"),
            ("marginal_cost_quadratic", "costs are by the MWh"),
        ):
            if attribute in mine and (count := int((mine[attribute].astype(float) != 0).sum())):
                report.leave_out(f"generators: {attribute}", told, count)
        for attribute in ("ramp_limit_up", "ramp_limit_down"):
            if attribute in mine and (count := int(mine[attribute].notna().sum())):
                report.leave_out(f"generators: {attribute}", "hours follow each other freely", count)
        if (mine["build_year"] != 0).any():
            report.leave_out(
                "build_year, lifetime",
                "the baseline has one year; say what enters and leaves as fleet changes",
                int((mine["build_year"] != 0).sum()),
            )

    def _load(self) -> list[dict[str, Any]]:
        loads = self._network.loads
        mine = loads[loads["bus"].isin(self._buses)]
        total = [0.0] * len(self._snapshots)
        for name, row in mine.iterrows():
            for hour, mw in enumerate(self._series("loads", "p_set", str(name), row["p_set"])):
                total[hour] -= mw * float(row["sign"])
        if not any(total):
            raise ImportRefusedError("loads: no load is at an electricity bus, so there is nothing to serve")
        if min(total) < 0:
            hour = total.index(min(total)) + 1
            raise ImportRefusedError(
                f"loads: the sum is {min(total):g} MW in snapshot {hour}; it must not be below 0"
            )
        self.report.map("loads: p_set", "load: load_mw, the sum", len(mine))
        if len(mine) < len(loads):
            self.report.leave_out(
                "loads at other buses", "their buses carry no electricity", len(loads) - len(mine)
            )
        weights = self._weights()
        rows: list[dict[str, Any]] = []
        for hour, mw in enumerate(total):
            row = {"year": self._year, "hour": hour + 1, "load_mw": mw, "weight": weights[hour]}
            rows.append(row | ({"month": int(self._months[hour])} if self._months else {}))
        return rows

    def _weights(self) -> list[float]:
        weights = [float(w) for w in self._network.snapshot_weightings["objective"].loc[self._snapshots]]
        total = sum(weights)
        if any(abs(total - hours) <= 0.01 * hours for hours in _YEARS):
            self.report.map("snapshot_weightings: objective", "load: weight, in hours", len(weights))
            return weights
        factor = _YEARS[0] / total
        self.report.convert(
            "snapshot_weightings: objective",
            f"load: weight, times {factor:.6g}: {total:g} hours stand for the year's 8,760",
            len(weights),
        )
        return [weight * factor for weight in weights]

    def _storage(self) -> list[dict[str, Any]]:
        units = self._network.storage_units
        mine = units[units["bus"].isin(self._buses)]
        rows = [row for name, unit in mine.iterrows() if (row := self._store(str(name), unit)) is not None]
        if rows:
            self.report.map(
                "storage_units: p_nom, efficiency_dispatch, efficiency_store",
                "storage: power_mw, discharge_efficiency, charge_efficiency",
                len(rows),
            )
            self.report.convert("storage_units: max_hours", "storage: energy_mwh, times p_nom", len(rows))
            if (mine["marginal_cost"] != 0).any():
                self.report.leave_out(
                    "storage_units: marginal_cost",
                    "a storage bids what its energy is worth",
                    int((mine["marginal_cost"] != 0).sum()),
                )
            if (mine["standing_loss"] != 0).any():
                self.report.leave_out(
                    "storage_units: standing_loss",
                    "a store keeps what it holds",
                    int((mine["standing_loss"] != 0).sum()),
                )
        if none := len(units) - len(rows):
            self.report.leave_out(
                "storage units", "without power or energy, or at a bus that carries no electricity", none
            )
        return rows

    def _store(self, name: str, row: pd.Series) -> dict[str, Any] | None:
        power = self._capacity(row)
        energy = power * float(row["max_hours"])
        if power <= 0 or energy <= 0 or not row.get("active", True):
            return None
        store: dict[str, Any] = {
            "name": name,
            "technology": str(row["carrier"]) or "storage",
            "power_mw": power * float(row["p_max_pu"]),
            "energy_mwh": energy,
            "charge_efficiency": float(row["efficiency_store"]),
            "discharge_efficiency": float(row["efficiency_dispatch"]),
            "charge_mw": -power * float(row["p_min_pu"]),
            "fixed_cost": float(row["capital_cost"]),
        }
        if not row["cyclic_state_of_charge"]:
            store |= {"initial_level": float(row["state_of_charge_initial"]) / energy, "final_level": 0.0}
        inflow = self._series("storage_units", "inflow", name, row["inflow"])
        if most := max(inflow):
            self._profiles[f"{name} inflow"] = [value / most for value in inflow]
            store |= {"inflow": f"{name} inflow", "inflow_mw": most}
            self.report.convert(f"storage unit {name}: inflow, MW", f"a profile, with inflow_mw {most:g}")
        return store

    def _tell_rest(self, value_of_lost_load: float) -> None:
        network, report = self._network, self.report
        for component, told in (
            ("lines", "one zone has no network; congestion and losses are not seen"),
            ("transformers", "one zone has no network"),
            (
                "links",
                "between electricity buses they are inside the zone; conversions to other carriers are not in the market",
            ),
            ("stores", "a baseline's storages have power and energy together: model it as a storage unit"),
            (
                "global_constraints",
                "say them as policies of a scenario: a price of carbon, a renewable portfolio standard",
            ),
        ):
            if count := len(getattr(network, component)):
                report.leave_out(component, told, count)
        report.assume("value of lost load", f"{value_of_lost_load:,.0f} {self._currency}/MWh")
        report.assume("carbon price", f"0 {self._currency}/t: marginal costs hold what was paid")
        report.assume("currency", f"{self._currency}: PyPSA has none")
