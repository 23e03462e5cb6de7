"""Outputs of the live system as the tables and files of other programs."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xarray as xr

from local.running import RunningSystem
from sextant_client import Sextant
from sextant_client.exporters import to_cf, to_excel, to_folder, to_iamc
from sextant_client.exporters.iamc import UnmappedTechnologyError

SOURCES = {"chp": "Gas", "waste": "Other"}
GAS: dict[str, object] = {
    "quantity": "FUEL_PRICE",
    "fuel": "gas",
    "distribution": "LOGNORMAL",
    "mean": 1.0,
    "std": 0.2,
}
RANDOM = {"driver_type": "stochastic", "payload": GAS}


@pytest.fixture(scope="module")
def frames(system: RunningSystem) -> dict[str, pd.DataFrame]:
    """The outputs of two scenarios, one of them with bands."""
    with Sextant(system.url, token=system.token("exporters")) as client:
        made = {}
        for name, assumptions in (("Base", []), ("Chance", [RANDOM])):
            scenario = client.scenarios.create(
                f"{name} {uuid.uuid4().hex[:8]}",
                assumptions=assumptions,
                parameters={"start_year": 2029, "end_year": 2030},
            )
            made[name] = scenario.run(seed=7).wait().outputs().to_pandas()
    return made


def value(table: pd.DataFrame, **where: object) -> float:
    for column, wanted in where.items():
        table = table[table[column] == wanted]
    [only] = table["value"]
    return float(only)


def test_iamc_rows_have_the_definitions_names_and_units(frames: dict[str, pd.DataFrame]) -> None:
    table = to_iamc(frames, region="Sextantia", money="EUR_2026", sources=SOURCES)
    assert list(table.columns) == ["model", "scenario", "region", "variable", "unit", "year", "value"]
    assert set(table["region"]) == {"Sextantia"}
    assert not table.duplicated(["scenario", "variable", "unit", "year"]).any()
    base = frames["Base"][frames["Base"]["asof_date"].dt.year == 2030]
    row = {"scenario": "Base", "year": 2030}
    price = value(base[base["metric"] == "price"])
    assert value(
        table, variable="Price|Secondary Energy|Electricity", unit="EUR_2026/GJ", **row
    ) == pytest.approx(price / 3.6)
    emissions = value(base[base["metric"] == "emissions"])
    assert value(
        table, variable="Emissions|CO2|Energy|Supply|Electricity", unit="Mt CO2/yr", **row
    ) == pytest.approx(emissions / 1e6)
    nuclear = value(base[base["metric"] == "generation"], technology="nuclear")
    assert value(
        table, variable="Secondary Energy|Electricity|Nuclear", unit="EJ/yr", **row
    ) == pytest.approx(nuclear * 3.6e-9)
    # The parts are the whole: sources at the first level, one for each
    parts = table[
        (table["scenario"] == "Base")
        & (table["year"] == 2030)
        & table["variable"].str.fullmatch(r"Capacity\|Electricity\|[^|]+")
    ]
    assert parts["value"].sum() == pytest.approx(
        value(table, variable="Capacity|Electricity", unit="GW", **row)
    )


def test_a_technology_without_a_source_is_named_and_not_left_out(frames: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(
        UnmappedTechnologyError, match=r"no electricity source for chp, waste; sources=\{'chp': 'Other'"
    ):
        to_iamc(frames, region="Sextantia")


def test_a_workbook_has_assumptions_metrics_and_series(
    frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    path = to_excel(
        tmp_path / "result.xlsx",
        frames,
        assumptions={"Chance": [RANDOM]},
        about={"note": "=1+1", "year": 2030},
    )
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[:3] == ["About", "Assumptions", "Metrics"]
    assert {"price", "generation", "emissions"} <= set(book.sheetnames)
    about = {row[0]: row[1] for row in book["About"].iter_rows(values_only=True)}
    assert (about["note"], about["year"]) == ("'=1+1", 2030)
    assert ("Chance", 1, "stochastic", "std", 0.2) in set(book["Assumptions"].iter_rows(values_only=True))
    header, *rows = book["Metrics"].iter_rows(values_only=True)
    assert header == ("metric", "unit", "tags", "scenario", 2029, 2030)
    base = frames["Base"][(frames["Base"]["metric"] == "price")]["value"].tolist()
    assert ("price", "EUR/MWh", None, "Base", *base) in {tuple(row) for row in rows}
    header, *_ = book["price"].iter_rows(values_only=True)
    assert header == (
        "date",
        "Base (EUR/MWh)",
        "Chance (EUR/MWh)",
        "Chance (EUR/MWh) P5",
        "Chance (EUR/MWh) P95",
    )


def test_a_dataset_has_cf_attributes_and_survives_netcdf(
    frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    chance = frames["Chance"]
    dataset = to_cf(
        chance[chance["metric"].isin(["price", "generation"])], title="Chance", institution="Desk"
    )
    assert dataset.attrs == {
        "Conventions": "CF-1.11",
        "title": "Chance",
        "source": "Sextant",
        "institution": "Desk",
    }
    assert dataset["generation"].attrs["units"] == "MW h"
    assert dataset["price"].attrs["ancillary_variables"] == "price_band_lower price_band_upper"
    dataset.to_netcdf(tmp_path / "result.nc", engine="scipy")
    with xr.open_dataset(tmp_path / "result.nc", engine="scipy") as again:
        assert again["price"].attrs["long_name"] == "price"
        assert again["date"].attrs["standard_name"] == "time"
        assert float(again["price"].sum()) == pytest.approx(float(dataset["price"].sum()))


def test_files_in_a_folder_are_described(frames: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    folder = to_folder(tmp_path, frames, title="Two scenarios")
    package = json.loads((folder / "datapackage.json").read_text())
    assert [resource["path"] for resource in package["resources"]] == ["base.csv", "chance.csv"]
    fields = {field["name"]: field["type"] for field in package["resources"][0]["schema"]["fields"]}
    assert (fields["asof_date"], fields["value"], fields["technology"]) == ("date", "number", "string")
    assert list(fields) == list(pd.read_csv(folder / "base.csv").columns)
    with pytest.raises(ValueError, match=r"another one would be written to base\.csv too"):
        to_folder(tmp_path, {"Base": frames["Base"], "base": frames["Base"]}, title="Twins")
