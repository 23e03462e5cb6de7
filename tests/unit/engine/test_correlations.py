"""A correlation holds in every year, whatever links the years; what cannot be had is refused with the most that can."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from sextant.drivers.assumptions import read_assumptions
from sextant.drivers.errors import ModelInputError
from sextant.engine.sampling import Sampler
from sextant.engine.system import FloatArray
from tests.unit.engine.systems import driver

DRAWS = 6_000


def normal(name: str, variation: str, persistence: float | None = None, **links: float) -> Any:
    linked = {} if persistence is None else {"persistence": persistence}
    return driver(
        "stochastic",
        quantity="LOAD",
        distribution="NORMAL",
        mean=0,
        std=1,
        name=name,
        variation=variation,
        correlations=[{"name": other, "coefficient": value} for other, value in links.items()],
        **linked,
    )


def drawn(*drivers: Any, years: int = 12) -> list[FloatArray]:
    return list(Sampler(read_assumptions(drivers), 5, years).draws(0, DRAWS).values())


def correlation(one: FloatArray, other: FloatArray) -> float:
    return float(np.corrcoef(one, other)[0, 1])


@pytest.mark.parametrize(
    ("first", "second", "asked"),
    [
        (("AUTOREGRESSIVE", 0.95), ("AUTOREGRESSIVE", 0.3), 0.4),
        (("AUTOREGRESSIVE", 0.7), ("PER_YEAR", None), -0.6),
        (("PER_RUN", None), ("AUTOREGRESSIVE", 0.7), 0.5),
        (("PER_YEAR", None), ("PER_RUN", None), -0.25),
        (("PER_RUN", None), ("PER_RUN", None), 0.9),
    ],
)
def test_a_correlation_holds_in_every_year(first: Any, second: Any, asked: float) -> None:
    a, b = drawn(normal("a", *first), normal("b", *second, a=asked))
    for year in (0, 1, 5, 11):
        assert correlation(a[:, year], b[:, year]) == pytest.approx(asked, abs=0.05)
    # And each driver alone is as its variation says
    for (variation, persistence), values in ((first, a), (second, b)):
        expected = {"PER_RUN": 1.0, "PER_YEAR": 0.0}.get(variation, persistence)
        following = [correlation(values[:, year], values[:, year + 1]) for year in range(11)]
        assert np.mean(following) == pytest.approx(expected, abs=0.02)
        assert np.std(values[:, 11]) == pytest.approx(1.0, abs=0.04)


def test_many_drivers_of_every_variation_hang_together_as_asked() -> None:
    values = drawn(
        normal("a", "PER_YEAR"),
        normal("b", "PER_RUN", a=0.2),
        normal("c", "AUTOREGRESSIVE", 0.8, a=0.3, b=0.4),
        normal("d", "PER_RUN", b=0.5, c=0.1),
        years=8,
    )
    asked = {(0, 1): 0.2, (0, 2): 0.3, (1, 2): 0.4, (1, 3): 0.5, (2, 3): 0.1, (0, 3): 0.0}
    for i, j in combinations(range(4), 2):
        for year in (0, 4, 7):
            assert correlation(values[i][:, year], values[j][:, year]) == pytest.approx(asked[i, j], abs=0.05)


@pytest.mark.parametrize(
    ("drivers", "path", "rule"),
    [
        (
            [normal("a", "AUTOREGRESSIVE", 0.95), normal("b", "AUTOREGRESSIVE", 0.3, a=0.8)],
            "assumptions[1].payload.correlations[0].coefficient",
            "must be within ±0.4165, the most that persistences of 0.95 and 0.3 allow",
        ),
        (
            [normal("a", "PER_RUN", b=0.5), normal("b", "PER_YEAR")],
            "assumptions[0].payload.correlations[0].coefficient",
            "must be within ±0.2886, the most that a draw for all of 12 years can have with one of persistence 0",
        ),
        (
            [
                normal("a", "PER_RUN"),
                normal("b", "PER_YEAR", a=0.25),
                normal("c", "PER_YEAR", a=0.25, b=-0.5),
            ],
            "assumptions[2].payload.correlations",
            "must be attainable together over 12 years: they are too strong",
        ),
    ],
)
def test_what_cannot_be_had_is_refused_with_what_can(drivers: Any, path: str, rule: str) -> None:
    with pytest.raises(ModelInputError) as refusal:
        drawn(*drivers)
    assert (refusal.value.path, refusal.value.rule) == (path, rule)


def test_a_draw_is_the_same_however_many_are_asked_for() -> None:
    drivers = [normal("a", "PER_RUN"), normal("b", "AUTOREGRESSIVE", 0.7, a=0.4)]
    sampler = Sampler(read_assumptions(drivers), 3, 20)
    whole, some = (list(sampler.draws(*span).values()) for span in ((0, 300), (120, 130)))
    for all_draws, part in zip(whole, some, strict=True):
        assert part.tobytes() == all_draws[120:130].tobytes()
