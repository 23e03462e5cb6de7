"""Measured series as the rows of a result: values with bands, and of a random run its statistics and the draws asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sextant.drivers.errors import ModelInputError
from sextant.drivers.metrics import DRAWS, SCALARS, STATISTICS
from sextant.drivers.parameters import MOST_DRAW_ROWS
from sextant.engine.model import MetricValue, OutputRows
from sextant.engine.parameters import RunParameters
from sextant.engine.results import Measured
from sextant.engine.statistics import BAND, ERROR, MEAN, statistics
from sextant.engine.system import EUR, FloatArray

SIGNIFICANT = 13
"""Results are rounded to this many significant digits: below it, processors differ in the last bits."""
Tags = tuple[tuple[str, str], ...]


def rounded(values: FloatArray) -> FloatArray:
    """Values at SIGNIFICANT significant digits, with one zero; NaN stays."""
    if np.all(np.isnan(values)):
        return values
    nearest = [float(f"{value:.{SIGNIFICANT - 1}e}") + 0.0 for value in values.ravel().tolist()]
    return np.array(nearest).reshape(values.shape)


@dataclass
class _Rows:
    """Rows as they are put together, series by series."""

    parts: list[tuple[str, str, NDArray[np.datetime64], int, FloatArray, FloatArray, FloatArray]] = field(
        default_factory=list
    )
    tag_sets: dict[Tags, int] = field(default_factory=dict)

    def add(
        self,
        metric: str,
        unit: str,
        when: NDArray[np.datetime64],
        tags: Tags,
        value: FloatArray,
        band: tuple[FloatArray, FloatArray] | None = None,
    ) -> None:
        """One series: its values at the dates `when`, and the band around them."""
        place = self.tag_sets.setdefault(tags, len(self.tag_sets))
        low, high = band or (np.full_like(value, np.nan),) * 2
        self.parts.append((metric, unit, when, place, value, low, high))

    def table(self) -> OutputRows:
        """All of them, sorted by metric, then as they were added."""
        parts = sorted(self.parts, key=lambda part: part[0])
        names, units, dates, places, values, lows, highs = zip(*parts, strict=True)
        counts = [len(when) for when in dates]
        return OutputRows(
            metric=np.repeat(np.array(names), counts),
            asof_date=np.concatenate(dates),
            value=np.concatenate(values),
            unit=np.repeat(np.array(units), counts),
            band_lower=np.concatenate(lows),
            band_upper=np.concatenate(highs),
            tag_index=np.repeat(np.array(places, dtype=np.int64), counts),
            tag_sets=tuple(dict(tags) for tags in self.tag_sets),
        )


def tabulate(
    measured: Measured, parameters: RunParameters, *, random: bool, currency: str
) -> tuple[OutputRows, tuple[MetricValue, ...]]:
    """Series to rows sorted by metric, tags and date, and to newest values.

    Raises ModelInputError where the draws to keep are more rows than a run may have.
    """
    years = np.array([f"{year:04d}-01-01" for year in parameters.years], dtype="datetime64[D]")
    base = np.array([f"{parameters.base_year:04d}-01-01"], dtype="datetime64[D]")
    rows = _Rows()
    metrics: list[MetricValue] = []
    if random:
        _check_draws(measured, parameters)
    pairs = sorted(zip(measured.columns, measured.values, strict=True), key=lambda pair: pair[0].metric)
    for column, values in pairs:
        unit, when = column.unit.replace(EUR, currency), years if column.yearly else base
        band = None
        if random:
            low, mid, high = map(rounded, np.quantile(values, [p / 100.0 for p in BAND], axis=0))
            band = (low, high)
            for name, told in statistics(values, parameters.percentiles).items():
                tags = (*column.tags, ("statistic", name))
                rows.add(f"{column.metric}{STATISTICS}", unit, when, tags, rounded(told))
            if column.metric in parameters.keep_draws:
                for draw, drawn in enumerate(rounded(values), start=1):
                    tags = (*column.tags, ("draw", str(draw)))
                    rows.add(f"{column.metric}{DRAWS}", unit, when, tags, drawn)
        else:
            mid = rounded(values[0])
        rows.add(column.metric, unit, when, column.tags, mid, band)
        metrics.append(
            MetricValue(
                metric=column.metric,
                asof_date=when[-1],
                value=float(mid[-1]),
                unit=unit,
                band_lower=float(band[0][-1]) if band else None,
                band_upper=float(band[1][-1]) if band else None,
                tags=column.tag_map,
            )
        )
    return rows.table(), tuple(metrics)


def _check_draws(measured: Measured, parameters: RunParameters) -> None:
    kept = sum(
        values.size
        for column, values in zip(measured.columns, measured.values, strict=True)
        if column.metric in parameters.keep_draws
    )
    if kept > MOST_DRAW_ROWS:
        raise ModelInputError(
            "parameters.keep_draws", f"at most {MOST_DRAW_ROWS:,} values of draws; these are {kept:,}"
        )


def headline(measured: Measured, percents: Sequence[float], currency: str) -> Mapping[str, Any]:
    """Metric → the statistics of a value that stands for all years, as JSON; null where one draw has no error to tell."""
    return {
        metric: {
            "unit": currency,
            **_shown(
                {name: told.item() for name, told in statistics(measured.of(metric), percents).items()},
                percents,
            ),
        }
        for metric in SCALARS
    }


def _shown(told: Mapping[str, float], percents: Sequence[float]) -> dict[str, Any]:
    def number(name: str) -> float | None:
        value = told.get(name, np.nan)
        return None if np.isnan(value) else float(rounded(np.array([value]))[0])

    return {
        MEAN: number(MEAN),
        ERROR: number(f"{MEAN}_{ERROR}"),
        "percentiles": [
            {
                "percent": percent,
                "value": number(f"p{percent:g}"),
                ERROR: number(f"p{percent:g}_{ERROR}"),
                "cvar": number(f"p{percent:g}_cvar"),
            }
            for percent in percents
        ],
    }
