"""Correlations and options that no run can have are refused before a run is made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.conftest import Client


def correlated(
    *links: dict[str, float], inside: bool = False, persistence: tuple[float, ...] = ()
) -> list[dict[str, Any]]:
    """Stochastic drivers a, b, c …, each with its coefficients by the others' names."""
    drivers: list[dict[str, Any]] = [
        {
            "driver_type": "stochastic",
            "payload": {
                "name": name,
                "quantity": "LOAD",
                "distribution": "NORMAL",
                "mean": 1.0,
                "std": 0.1,
                "correlations": [{"name": other, "coefficient": value} for other, value in those.items()],
            },
        }
        for name, those in zip("abcd", links, strict=False)
    ]
    for one, linked in zip(drivers, persistence, strict=False):
        one["payload"] |= {"variation": "AUTOREGRESSIVE", "persistence": linked}
    if inside:
        return [
            drivers[0],
            {"driver_type": "composite", "payload": {"mode": "ADDITIVE", "components": drivers[1:]}},
        ]
    return drivers


BAD_CORRELATIONS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "more than persistences allow": (
        correlated({}, {"a": 0.8}, persistence=(0.95, 0.3)),
        "assumptions[1].payload.correlations[0].coefficient",
    ),
    "an unknown name": (correlated({"nobody": 0.5}, {}), "assumptions[0].payload.correlations[0].name"),
    "itself": (correlated({"a": 1.0}, {}), "assumptions[0].payload.correlations[0].name"),
    "unequal sides": (
        correlated({"b": 0.5}, {"a": 0.4}),
        "assumptions[1].payload.correlations[0].coefficient",
    ),
    "nothing on one side": (
        correlated({"b": 0.0}, {"a": 0.4}),
        "assumptions[1].payload.correlations[0].coefficient",
    ),
    "not positive semi-definite": (
        correlated({"b": 0.9, "c": 0.9}, {"c": -0.9}, {}),
        "assumptions[2].payload.correlations",
    ),
    "not positive semi-definite by four": (
        correlated({"b": -0.5, "c": -0.5, "d": -0.5}, {"c": -0.5, "d": -0.5}, {"d": -0.5}, {}),
        "assumptions[3].payload.correlations",
    ),
    "not positive semi-definite over a composite": (
        correlated({"b": 0.9, "c": 0.9}, {"c": -0.9}, {}, inside=True),
        "assumptions[1].payload.components[1].payload.correlations",
    ),
    "full both ways, and another": (
        correlated({"b": 1.0, "c": 1.0}, {"c": 0.0}, {}),
        "assumptions[2].payload.correlations",
    ),
}


@pytest.mark.parametrize("case", BAD_CORRELATIONS)
def test_correlations_that_no_draw_can_have_are_refused_everywhere(client: Client, case: str) -> None:
    assumptions, path = BAD_CORRELATIONS[case]
    scenario = client.scenario(assumptions=[])["id"]
    named = {"name": "x", "assumptions": assumptions}
    for answer in (
        client("POST", "/v1/scenarios", named),
        client("POST", "/v1/scenarios:validate", named),
        client("PUT", f"/v1/scenarios/{scenario}", named),
        client("PATCH", f"/v1/scenarios/{scenario}", {"assumptions": assumptions}),
        client("POST", f"/v1/scenarios/{scenario}/fork", named),
    ):
        assert (answer.status, answer.broken_paths) == (422, [path]), answer.body
        assert answer.json["errors"][0]["message"].startswith("must be ")


def test_a_name_correlated_with_twice_is_refused(client: Client) -> None:
    assumptions = correlated({"b": 0.5}, {})
    for coefficient in (0.5, 0.4):
        links = [{"name": "b", "coefficient": 0.5}, {"name": "b", "coefficient": coefficient}]
        assumptions[0]["payload"]["correlations"] = links
        answer = client("POST", "/v1/scenarios", {"name": "x", "assumptions": assumptions})
        assert answer.status == 422, answer.body
        assert answer.broken_paths[0].startswith("assumptions[0].payload.correlations[1]")


def test_correlations_at_the_edge_are_taken(client: Client) -> None:
    for links in (
        [{"b": 1.0}, {"a": 1.0}],
        [{"b": -1.0, "c": 1.0}, {"c": -1.0}, {}],
        [{"b": 0.6}, {"c": 0.6}, {}],
    ):
        client.scenario(assumptions=correlated(*links))


BAD_OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "priority": ({"priority": "ASAP"}, "priority"),
    "timeout of zero": ({"timeout_minutes": 0}, "timeout_minutes"),
    "timeout of two days": ({"timeout_minutes": 2880}, "timeout_minutes"),
    "retries": ({"max_retries": 11}, "max_retries"),
    "negative seed": ({"seed": -1}, "seed"),
    "code version with spaces": ({"code_version": "one two"}, "code_version"),
    "code version of no worker": ({"code_version": "9.9"}, "code_version"),
    "code version that is almost one": ({"code_version": "1.0"}, "code_version"),
    "environment": ({"environment": "../etc"}, "environment"),
    "long key": ({"idempotency_key": "k" * 256}, "idempotency_key"),
    "unknown option": ({"speed": 9}, "speed"),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_bad_run_options_are_refused_by_field(client: Client, case: str) -> None:
    options, path = BAD_OPTIONS[case]
    scenario = client.scenario()["id"]
    answer = client("POST", f"/v1/scenarios/{scenario}/run", options)
    assert (answer.status, answer.broken_paths) == (422, [path]), answer.body
    assert client("GET", f"/v1/scenarios/{scenario}/runs").data == []
