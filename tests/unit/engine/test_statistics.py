"""What draws say of a distribution, how sure that is, and the draws themselves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sextant.drivers.metrics import METRICS, SCALARS
from sextant.engine import ModelInputError
from sextant.engine.statistics import percentile_error, statistics
from sextant.engine.tabulate import rounded
from tests.unit.engine.systems import driver, run, series

LOAD = driver("stochastic", quantity="LOAD", distribution="UNIFORM", low=0.8, high=1.2, variation="PER_YEAR")
BATTERY = driver(
    "fleet_change",
    action="ADD",
    year=2030,
    technology="battery",
    capacity_mw=10,
    storage={"energy_mwh": 20, "charge_efficiency": 0.9, "discharge_efficiency": 0.9},
)


def test_means_tails_and_errors_of_ten_numbers() -> None:
    # Given ten draws of which P20's tail is the lowest two, and P85's the highest one and a half
    told = statistics(np.arange(1.0, 11.0)[::-1, None], (20.0, 50.0, 85.0))
    assert told["mean"] == pytest.approx([5.5])
    assert told["mean_standard_error"] == pytest.approx([math.sqrt(55 / 6 / 10)])
    assert told["p20"] == pytest.approx([2.8])
    assert told["p20_cvar"] == pytest.approx([1.5])
    assert told["p85_cvar"] == pytest.approx([(10 + 0.5 * 9) / 1.5])
    assert "p50_cvar" not in told
    # A tail of less than one draw is the worst of them
    assert statistics(np.arange(4.0)[:, None], (5.0,))["p5_cvar"] == pytest.approx([0.0])
    # and one draw says nothing of its error.
    alone = statistics(np.array([[3.0]]), (5.0,))
    assert np.isnan(alone["mean_standard_error"][0])
    assert np.isnan(alone["p5_standard_error"][0])


@pytest.mark.parametrize("percent", [5.0, 25.0, 50.0, 95.0])
def test_the_error_of_a_percentile_is_the_spread_that_samples_have(percent: float) -> None:
    # Given 800 samples of 200 normal draws
    draws = np.random.Generator(np.random.Philox(5)).standard_normal((200, 800))
    # When each tells how sure its percentile is, then that is about how much the percentiles differ.
    spread = np.quantile(draws, percent / 100, axis=0).std()
    assert percentile_error(np.sort(draws, axis=0), percent).mean() == pytest.approx(spread, rel=0.12)


def test_a_result_has_statistics_of_every_series() -> None:
    result = run(LOAD, draws=400, percentiles="1, 90", keep_draws="load,npv,generation")
    # Then bands are the percentiles told,
    for band, name in (("band_lower", "p5"), ("value", "p50"), ("band_upper", "p95")):
        assert series(result, "price", band) == series(result, "price.statistics", statistic=name)
    # the mean of uniform load is its middle within its error,
    base, mean = 300 * 12 * 365.0, series(result, "load.statistics", statistic="mean")
    error = series(result, "load.statistics", statistic="mean_standard_error")
    assert error == pytest.approx([0.4 / math.sqrt(12 * 400) * base] * 4, rel=0.1)
    assert np.all(np.abs(np.array(mean) - base) < 4 * np.array(error))
    # every draw that was asked for is there, and its percentiles are those told,
    drawn = np.array([series(result, "load.draws", draw=str(k)) for k in range(1, 401)])
    told = series(result, "load.statistics", statistic="p1")
    np.testing.assert_allclose(np.quantile(drawn, 0.01, axis=0), told, rtol=1e-12)
    assert series(result, "generation.draws", draw="7", technology="coal")
    assert not series(result, "price.draws", draw="7")
    # and the metadata tells those of the values for all years.
    npv = result.metadata["statistics"]["npv"]
    assert [item["percent"] for item in npv["percentiles"]] == [1, 5, 50, 90, 95]
    worths = np.array([series(result, "npv.draws", draw=str(k))[0] for k in range(1, 401)])
    assert npv["mean"] == pytest.approx(worths.mean(), rel=1e-12)
    assert npv["percentiles"][1]["cvar"] == pytest.approx(np.sort(worths)[:20].mean(), rel=1e-12)
    assert npv["percentiles"][2]["cvar"] is None
    # Newest values are those of the series alone.
    assert {metric.metric for metric in result.metrics} <= set(METRICS)


def test_without_chance_there_are_no_statistics() -> None:
    result = run(keep_draws="npv")
    assert "statistics" not in result.metadata
    assert not [name for name in result.rows.metric if "." in name]


def test_the_list_of_metrics_is_that_of_the_results() -> None:
    result = run(BATTERY)
    rows = result.rows
    by: dict[str, str] = {}
    for row, metric in enumerate(rows.metric):
        tags = rows.tags(row)
        by[str(metric)] = "storage" if "unit" in tags else next(iter(tags), "")
    assert by == dict(METRICS)
    assert [metric for metric in METRICS if len(series(result, metric)) == 1] == list(SCALARS)


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"percentiles": "0"}, "parameters.percentiles"),
        ({"percentiles": "5,100"}, "parameters.percentiles"),
        ({"percentiles": ",".join(map(str, range(1, 22)))}, "parameters.percentiles"),
        ({"keep_draws": "nvp"}, "parameters.keep_draws"),
        ({"keep_draws": "price_duration", "draws": 10_000}, "parameters.keep_draws"),
    ],
)
def test_what_cannot_be_told_is_refused(parameters: dict[str, Any], path: str) -> None:
    with pytest.raises(ModelInputError) as refused:
        run(LOAD, **parameters)
    assert refused.value.path == path


def test_rounding_keeps_what_is_no_number() -> None:
    assert rounded(np.array([1 / 3, np.nan, -0.0])).tolist()[0] == 0.3333333333333
    assert math.isnan(rounded(np.array([1.0, np.nan]))[1])
