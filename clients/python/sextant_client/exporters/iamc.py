"""Outputs in the long format of the IAMC, as pyam reads it: model, scenario, region, variable, unit, year, value.

Variables and units are those of the IAMC's common definitions (github.com/IAMconsortium/common-definitions, folder
`definitions/variable/energy` and `…/emissions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sextant_client.frames import library

if TYPE_CHECKING:
    import pandas as pd

EJ_PER_MWH = 3.6e-9
GJ_PER_MWH = 3.6


@dataclass(frozen=True)
class Variable:
    """What a metric is called there; `{source}` where it is by technology, and then summed to the name without it."""

    name: str
    unit: str
    factor: float
    """What a value of ours is multiplied by."""
    by_technology: bool = False


VARIABLES: Mapping[str, Variable] = {
    "generation": Variable("Secondary Energy|Electricity", "EJ/yr", EJ_PER_MWH, by_technology=True),
    "capacity": Variable("Capacity|Electricity", "GW", 1e-3, by_technology=True),
    "price": Variable("Price|Secondary Energy|Electricity", "{money}/GJ", 1 / GJ_PER_MWH),
    "emissions": Variable("Emissions|CO2|Energy|Supply|Electricity", "Mt CO2/yr", 1e-6),
}
"""Metric → variable. What is not here has no variable in the common definitions, and is left out."""

IAMC_SOURCES: Mapping[str, str] = {
    "biomass": "Biomass",
    "ccgt": "Gas",
    "coal": "Coal",
    "csp": "Solar|CSP",
    "gas": "Gas",
    "gas_cc": "Gas",
    "gas_ct": "Gas",
    "geothermal": "Geothermal",
    "hard_coal": "Coal",
    "hydro": "Hydro",
    "hydrogen": "Hydrogen",
    "lignite": "Coal",
    "nuclear": "Nuclear",
    "ocgt": "Gas",
    "offshore_wind": "Wind|Offshore",
    "oil": "Oil",
    "oil_peaker": "Oil",
    "onshore_wind": "Wind|Onshore",
    "pv": "Solar|PV",
    "run_of_river": "Hydro",
    "solar": "Solar|PV",
    "solar_pv": "Solar|PV",
    "wind": "Wind",
    "wind_offshore": "Wind|Offshore",
    "wind_onshore": "Wind|Onshore",
}
"""Technology (in lower case, `_` for spaces and dashes) → electricity source of the common definitions."""


class UnmappedTechnologyError(ValueError):
    """A technology has no electricity source; the message names it, and how to give it one."""


def to_iamc(
    scenarios: Mapping[str, pd.DataFrame],
    *,
    region: str,
    model: str = "Sextant",
    money: str = "EUR",
    sources: Mapping[str, str] | None = None,
    no_source: tuple[str, ...] = ("battery", "import", "pumped_hydro", "storage"),
) -> pd.DataFrame:
    """Rows of model, scenario, region, variable, unit, year, value: `pyam.IamDataFrame(to_iamc(…))` takes them.

    scenarios: name → its outputs as `outputs.to_pandas()` gives them, of one run each
    region: what the zone is called
    money: the currency with its price year, such as `EUR_2026`: the price's unit is that per GJ
    sources: technology → electricity source, over `IAMC_SOURCES`, such as `{"waste": "Other"}`
    no_source: technologies that give back or bring in what was generated elsewhere: no generation and no capacity of the region

    Values by technology are summed to their source, to its parents (`Solar|PV` into `Solar`), and to the whole. Raises
    `UnmappedTechnologyError` for a technology without a source: its share would be missing without a sign.

        >>> to_iamc({"Base": run.outputs().to_pandas()}, region="Germany", money="EUR_2026")    # doctest: +SKIP
    """
    pandas = library("pandas", "pandas")
    known = {**IAMC_SOURCES, **{_plain(name): source for name, source in (sources or {}).items()}}
    _check(scenarios, known, no_source)
    rows: dict[tuple[str, str, str, int], float] = {}
    for scenario, frame in scenarios.items():
        for metric, variable in VARIABLES.items():
            own = frame[(frame["metric"] == metric) & frame["value"].notna()]
            for _, row in own.iterrows():
                names = [variable.name]
                if variable.by_technology:
                    technology = _plain(str(row["technology"]))
                    if technology in no_source:
                        continue
                    names += [f"{variable.name}|{part}" for part in _with_parents(known[technology])]
                for name in names:
                    key = (scenario, name, variable.unit.format(money=money), int(row["asof_date"].year))
                    rows[key] = rows.get(key, 0.0) + float(row["value"]) * variable.factor
    table: pd.DataFrame = pandas.DataFrame(
        [
            (model, scenario, region, name, unit, year, value)
            for (scenario, name, unit, year), value in rows.items()
        ],
        columns=["model", "scenario", "region", "variable", "unit", "year", "value"],
    )
    return table


def _check(
    scenarios: Mapping[str, pd.DataFrame], known: Mapping[str, str], no_source: tuple[str, ...]
) -> None:
    for scenario, frame in scenarios.items():
        if "run_id" in frame and frame["run_id"].nunique() > 1:
            raise ValueError(
                f"scenario {scenario!r}: outputs of {frame['run_id'].nunique()} runs; give those of one"
            )
        by_technology = [metric for metric, variable in VARIABLES.items() if variable.by_technology]
        own = frame[frame["metric"].isin(by_technology)]
        technologies: list[str] = [str(name) for name in own["technology"]] if "technology" in own else []
        unknown = sorted({name for name in technologies if _plain(name) not in {*known, *no_source}})
        if unknown:
            given = ", ".join(f"{name!r}: 'Other'" for name in unknown)
            raise UnmappedTechnologyError(
                f"scenario {scenario!r}: no electricity source for {', '.join(unknown)}; sources={{{given}}} gives them one"
            )


def _plain(technology: str) -> str:
    return technology.strip().lower().replace(" ", "_").replace("-", "_")


def _with_parents(source: str) -> list[str]:
    """`Solar|PV` → `Solar`, `Solar|PV`."""
    parts = source.split("|")
    return ["|".join(parts[: n + 1]) for n in range(len(parts))]
