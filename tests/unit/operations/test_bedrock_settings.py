"""The settings of the AI, and when it is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from sextant.operations.decisions.bedrock import FAILURES, REST, Bedrock
from sextant.operations.decisions.proposals import AiSettings, Answer, ProviderError

ON = {"SEXTANT_AI_PROVIDER": "bedrock", "SEXTANT_AI_MODEL": "m"}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SEXTANT_AI_PROVIDER": "oracle"}, "SEXTANT_AI_PROVIDER must be bedrock, not 'oracle'"),
        ({"SEXTANT_AI_PROVIDER": "bedrock"}, "SEXTANT_AI_MODEL is not set: it must name a model"),
        (
            {**ON, "SEXTANT_AI_MIN_CONFIDENCE": "high"},
            "SEXTANT_AI_MIN_CONFIDENCE must be a number .* not 'high'",
        ),
        (
            {**ON, "SEXTANT_AI_MIN_CONFIDENCE": "1.5"},
            "SEXTANT_AI_MIN_CONFIDENCE must be a number of at least 0 and at most 1",
        ),
        (
            {**ON, "SEXTANT_AI_MIN_CONFIDENCE": "nan"},
            "SEXTANT_AI_MIN_CONFIDENCE must be a number of at least 0 and at most 1",
        ),
        ({**ON, "SEXTANT_AI_TIMEOUT": "60"}, "SEXTANT_AI_TIMEOUT must be a number above 0 and at most 20"),
        ({**ON, "SEXTANT_AI_TIMEOUT": "0"}, "SEXTANT_AI_TIMEOUT must be a number above 0 and at most 20"),
    ],
)
def test_a_bad_setting_is_named(environment: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AiSettings.from_env(environment)


def test_nothing_set_asks_nobody() -> None:
    assert AiSettings.from_env({}) == AiSettings()


class Scripted(Bedrock):
    """A model that fails as long as it is told to; on a clock of the test's."""

    def __init__(self) -> None:
        self.now, self.asked, self.fails = 1000.0, 0, True
        super().__init__(AiSettings.from_env(ON), clock=lambda: self.now)

    def _ask(self, situation: Any, plan: Any) -> Answer:
        self.asked += 1
        if self.fails:
            raise ProviderError("late")
        return Answer("m", {})


def propose(model: Scripted) -> bool:
    unused: Any = None
    try:
        model.propose(unused, unused)
    except ProviderError:
        return False
    return True


def test_a_model_that_failed_repeatedly_is_given_a_rest() -> None:
    model = Scripted()
    assert [propose(model) for _ in range(5)] == [False] * 5
    assert model.asked == FAILURES
    model.now += REST
    model.fails = False
    assert propose(model)
    model.fails = True
    propose(model)
    model.fails = False
    assert propose(model), "one failure alone gives no rest"
