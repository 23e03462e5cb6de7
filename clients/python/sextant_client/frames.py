"""Outputs as the tables of pandas, Polars and xarray. Each of them is loaded when it is asked for."""

from __future__ import annotations

import io
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sextant_client.problems import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import xarray as xr

    from sextant_client._generated import models
    from sextant_client.files import File

_VALUES = ("value", "band_lower", "band_upper")
_COLUMNS = frozenset(
    (
        "scenario_id",
        "run_id",
        "metric",
        "asof_date",
        "hour",
        "unit",
        "attribution",
        "version_hash",
        "computed_ts",
        *_VALUES,
    )
)


def library(name: str, extra: str) -> Any:
    """An optional library. Raises `ConfigurationError` that says which extra brings it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigurationError(f'{name} is not installed: pip install "sextant-client[{extra}]"') from error


def to_pandas(file: File) -> pd.DataFrame:
    """A Parquet file of outputs as a pandas frame: dates as `datetime64`, a column for each tag."""
    pandas = library("pandas", "pandas")
    library("pyarrow", "pandas")
    parts = [pandas.read_parquet(io.BytesIO(part.content)) for part in file.parts]
    frame: pd.DataFrame = parts[0] if len(parts) == 1 else pandas.concat(parts, ignore_index=True)
    frame["asof_date"] = pandas.to_datetime(frame["asof_date"])
    tags = [_tags(each) for each in frame.pop("tags")]
    for place, tag in enumerate(dict.fromkeys(name for each in tags for name in each)):
        frame.insert(2 + place, tag, [each.get(tag) for each in tags])
    return frame


def to_polars(file: File) -> pl.DataFrame:
    """A Parquet file of outputs as a Polars frame: a column for each tag."""
    polars = library("polars", "polars")
    frame: pl.DataFrame = polars.concat(polars.read_parquet(io.BytesIO(part.content)) for part in file.parts)
    tags = [_tags(each) for each in frame["tags"].to_list()]
    frame = frame.drop("tags")
    for place, tag in enumerate(dict.fromkeys(name for each in tags for name in each)):
        frame.insert_column(
            2 + place, polars.Series(tag, [each.get(tag) for each in tags], dtype=polars.String)
        )
    return frame


def tag_columns(frame: pd.DataFrame) -> list[str]:
    """The columns of a frame of `to_pandas` that are tags."""
    return [column for column in frame.columns if column not in _COLUMNS]


def to_xarray(frame: pd.DataFrame) -> xr.Dataset:
    """A frame of `to_pandas` as a dataset: a variable for each metric over date, run and its tags, with its unit.

    What a metric has no value for is NaN. Bands, where there are some, are the variables `<metric>_band_lower` and `…_upper`.
    """
    tags = tag_columns(frame)
    variables = {}
    for (metric, unit), rows in frame.groupby(["metric", "unit"], sort=False):
        own = [tag for tag in tags if rows[tag].notna().any()]
        indexed = rows.rename(columns={"asof_date": "date", "run_id": "run"}).set_index(["date", "run", *own])
        for column in _VALUES:
            if column != "value" and indexed[column].isna().all():
                continue
            name = metric if column == "value" else f"{metric}_{column}"
            variables[name] = indexed[column].to_xarray().assign_attrs(units=unit)
    dataset: xr.Dataset = library("xarray", "xarray").Dataset(variables)
    return dataset


def compared(body: models.ComparisonBody) -> list[dict[str, Any]]:
    """A flat record for each row and run of a comparison."""
    names = {str(run.run_id): run.scenario_name for run in body.runs}
    return [
        {
            "metric": row.metric,
            "year": int(str(row.asof_date)[:4]),
            "unit": row.unit,
            **row.tags,
            "scenario": names[str(delta.run_id)],
            "run_id": str(delta.run_id),
            "value": delta.value,
            "baseline": row.baseline,
            "delta": delta.delta,
            "relative": delta.relative,
        }
        for row in body.rows
        for delta in row.runs
    ]


def _tags(value: Any) -> dict[str, str]:
    """Tags as a file has them: a map, pairs, or entries of key and value."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return {str(name): str(each) for name, each in value.items()}
    pairs = [(each["key"], each["value"]) if isinstance(each, dict) else each for each in value]
    return {str(name): str(each) for name, each in pairs}
