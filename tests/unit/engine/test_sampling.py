"""Random drivers have the distributions, correlations and streams that they promise."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sextant.drivers.assumptions import PlacedDriver, read_assumptions
from sextant.engine.sampling import Sampler, normal_quantile, uniforms
from sextant.engine.system import FloatArray
from tests.unit.engine.systems import driver

DRAWS, YEARS = 4_000, 5


def noisy(**payload: Any) -> tuple[PlacedDriver, ...]:
    return read_assumptions([driver("stochastic", quantity="LOAD", **payload)])


def values(assumptions: tuple[PlacedDriver, ...], draws: int = DRAWS, seed: int = 11) -> list[FloatArray]:
    return list(Sampler(assumptions, seed, YEARS).draws(0, draws).values())


def test_normal_quantiles_are_exact_into_the_tails() -> None:
    p = np.concatenate([np.logspace(-15, -0.31, 200), 1 - np.logspace(-12, -0.31, 200)])
    reference = np.array([NormalDist().inv_cdf(float(x)) for x in p])
    np.testing.assert_allclose(normal_quantile(p), reference, rtol=2e-15, atol=2e-15)


@pytest.mark.parametrize(
    ("payload", "law"),
    [
        ({"distribution": "NORMAL", "mean": 2, "std": 0.5}, stats.norm(2, 0.5)),
        (
            {"distribution": "LOGNORMAL", "mean": 2, "std": 0.5},
            stats.lognorm(s=math.sqrt(math.log(1.0625)), scale=math.exp(math.log(2) - math.log(1.0625) / 2)),
        ),
        ({"distribution": "UNIFORM", "low": 1, "high": 3}, stats.uniform(1, 2)),
        ({"distribution": "TRIANGULAR", "low": 1, "mode": 1.5, "high": 3}, stats.triang(0.25, 1, 2)),
        ({"distribution": "TRIANGULAR", "low": 1, "mode": 1, "high": 3}, stats.triang(0.0, 1, 2)),
    ],
)
@pytest.mark.parametrize("variation", ["PER_RUN", "PER_YEAR", "AUTOREGRESSIVE"])
def test_each_year_follows_the_distribution(payload: dict[str, Any], law: Any, variation: str) -> None:
    (drawn,) = values(noisy(variation=variation, **payload))
    for year in range(YEARS):
        assert stats.kstest(drawn[:, year], law.cdf).pvalue > 0.01


def test_years_hang_together_as_the_variation_says() -> None:
    normal = {"distribution": "NORMAL", "mean": 0, "std": 1}
    (per_run,) = values(noisy(**normal))
    assert np.all(per_run == per_run[:, :1])
    (per_year,) = values(noisy(variation="PER_YEAR", **normal))
    assert abs(np.corrcoef(per_year[:, 0], per_year[:, 1])[0, 1]) < 0.05
    (linked,) = values(noisy(variation="AUTOREGRESSIVE", persistence=0.8, **normal))
    assert np.corrcoef(linked[:, 2], linked[:, 3])[0, 1] == pytest.approx(0.8, abs=0.03)
    assert np.corrcoef(linked[:, 1], linked[:, 3])[0, 1] == pytest.approx(0.64, abs=0.04)


def test_correlations_hold_between_drivers_whatever_their_distributions() -> None:
    def one(name: str, **links: float) -> Any:
        return driver(
            "stochastic",
            quantity="LOAD",
            distribution="NORMAL",
            mean=1,
            std=0.1,
            name=name,
            variation="PER_YEAR",
            correlations=[{"name": other, "coefficient": c} for other, c in links.items()],
        )

    skewed = driver(
        "stochastic",
        quantity="FUEL_PRICE",
        distribution="LOGNORMAL",
        mean=1,
        std=0.5,
        name="c",
        variation="PER_YEAR",
        correlations=[{"name": "b", "coefficient": -0.5}],
    )
    a, b, c = values(read_assumptions([one("a"), one("b", a=0.6), skewed]))
    assert np.corrcoef(a[:, 0], b[:, 0])[0, 1] == pytest.approx(0.6, abs=0.03)
    # The copula is Gaussian: correlation in logs is exact, and rank correlation is (6/π)·asin(ρ/2)
    assert np.corrcoef(b[:, 3], np.log(c[:, 3]))[0, 1] == pytest.approx(-0.5, abs=0.04)
    assert stats.spearmanr(b[:, 3], c[:, 3]).statistic == pytest.approx(
        6 / math.pi * math.asin(-0.25), abs=0.04
    )
    assert abs(np.corrcoef(a[:, 0], c[:, 0])[0, 1]) < 0.05
    # Full correlation is no error, though its matrix has no inverse
    same = values(read_assumptions([one("a"), one("b", a=1.0)]))
    np.testing.assert_allclose(same[0], same[1])


def test_draws_are_clipped_where_asked() -> None:
    (drawn,) = values(noisy(distribution="NORMAL", mean=1, std=1, minimum=0.5, maximum=1.5))
    assert drawn.min() == 0.5
    assert drawn.max() == 1.5


def test_a_draw_is_the_same_however_many_are_asked_for() -> None:
    assumptions = noisy(distribution="LOGNORMAL", mean=1, std=0.3, variation="AUTOREGRESSIVE")
    sampler = Sampler(assumptions, 3, YEARS)
    (all_draws,) = sampler.draws(0, 500).values()
    (some,) = sampler.draws(120, 130).values()
    assert some.tobytes() == all_draws[120:130].tobytes()


def test_streams_differ_by_seed_and_name_and_never_by_anything_else() -> None:
    shape = (1_000,)
    assert uniforms(1, "a", shape).tobytes() == uniforms(1, "a", shape).tobytes()
    for other in (uniforms(2, "a", shape), uniforms(1, "b", shape)):
        assert abs(np.corrcoef(uniforms(1, "a", shape), other)[0, 1]) < 0.1
    # Fixed for good: a change of these numbers changes every stored result
    assert uniforms(42, "assumptions[0]", (3,)).tolist() == [
        0.5177882170233686,
        0.543229976856826,
        0.24053511451929677,
    ]
