"""Outputs as an xarray dataset with the attributes of the CF conventions (1.11), so that it can be kept as netCDF and understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sextant_client import frames

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

CONVENTIONS = "CF-1.11"
_UNITS = {"t": "tonne", "MWh": "MW h"}
"""UDUNITS' name where ours would be read as something else; money has none there, and is written as it is."""


def to_cf(frame: pd.DataFrame, *, title: str, institution: str = "", source: str = "Sextant") -> xr.Dataset:
    """The dataset of `outputs.to_xarray()` with CF attributes: `units`, `long_name`, `cell_methods`, bands as ancillary variables.

    frame: outputs as `outputs.to_pandas()` gives them
    title, institution, source: global attributes of the same names

    `dataset.to_netcdf("result.nc")` keeps it. Needs `sextant-client[xarray]`.
    """
    dataset = frames.to_xarray(frame)
    dataset.attrs |= {"Conventions": CONVENTIONS, "title": title, "source": source}
    if institution:
        dataset.attrs["institution"] = institution
    if "date" in dataset.coords:
        dataset["date"].attrs |= {
            "standard_name": "time",
            "long_name": "first day of the period",
            "axis": "T",
        }
    for coordinate in dataset.coords:
        if coordinate != "date":
            dataset[coordinate].attrs["long_name"] = str(coordinate).replace("_", " ")
    for name, variable in dataset.data_vars.items():
        metric = str(name)
        edge = next((each for each in ("_band_lower", "_band_upper") if metric.endswith(each)), "")
        unit = str(variable.attrs.get("units", "1"))
        variable.attrs |= {"units": _UNITS.get(unit, unit), "long_name": _long_name(metric, edge)}
        if not edge:
            variable.attrs["cell_methods"] = (
                "date: mean" if "/" in unit or unit in ("1", "MW") else "date: sum"
            )
            bands = [
                f"{metric}{each}" for each in ("_band_lower", "_band_upper") if f"{metric}{each}" in dataset
            ]
            if bands:
                variable.attrs["ancillary_variables"] = " ".join(bands)
    return dataset


def _long_name(metric: str, edge: str) -> str:
    text = metric.removesuffix(edge).replace("_", " ").replace(".", ", ")
    return {"": text, "_band_lower": f"{text}, 5th percentile", "_band_upper": f"{text}, 95th percentile"}[
        edge
    ]
