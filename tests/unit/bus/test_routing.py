"""Routes: which topic goes to which channel."""

from __future__ import annotations

import pytest

from sextant.bus.factory import BusSettings, publisher_from_env
from sextant.bus.routing import Routes
from sextant.config import ConfigurationError


def test_without_configuration_run_requests_go_to_runs_and_all_else_to_events() -> None:
    routes = BusSettings.from_env({}).routes
    assert [routes.channel(topic) for topic in ("run.requested", "run.completed")] == ["runs", "events"]


def test_the_first_rule_that_matches_decides() -> None:
    routes = Routes.parse("run.failed = alerts, run.*=runs ,outputs.invalidated={topic}")
    assert [routes.channel(t) for t in ("run.failed", "run.requested", "outputs.invalidated", "other")] == [
        "alerts",
        "runs",
        "outputs.invalidated",
        None,
    ]


@pytest.mark.parametrize("text", ["", "runs", "a=,b=c", "=x"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Routes.parse(text)


def test_the_variable_of_nonsense_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"SEXTANT_ROUTES must be a list of topic=channel.*'runs'"):
        publisher_from_env({"SEXTANT_ROUTES": "runs"})


def test_an_unknown_bus_is_refused() -> None:
    with pytest.raises(ValueError, match="SEXTANT_BUS"):
        publisher_from_env({"SEXTANT_BUS": "pigeon"})
