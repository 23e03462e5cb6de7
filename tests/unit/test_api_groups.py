"""Routes are loaded in groups by path: no path may miss a route of its own, whatever was loaded before."""

from __future__ import annotations

import re

from functions.api import api
from functions.api.http.app import Api

GROUPS = (*api._OF_SCENARIOS, *dict.fromkeys(api._GROUPS.values()))


def test_a_paths_groups_hold_every_route_that_fits_it() -> None:
    for group in GROUPS:
        alone = Api()
        for routes in group():
            routes.register(alone)
        for method, path, _ in alone.marked_routes():
            asked = re.sub(r"<\w+>", "0197-x", path)
            assert group in api.groups_of(asked), f"{method} {path}"


def test_every_other_route_that_fits_a_path_is_loaded_with_it() -> None:
    whole = api.whole_api()
    rules = {
        path: route.rule for route in whole._static_routes + whole._dynamic_routes for path in [route.path]
    }
    for path in rules:
        loaded = Api()
        for group in api.groups_of(re.sub(r"<\w+>", "0197-x", path)):
            for routes in group():
                routes.register(loaded)
        there = {other for _, other, _ in loaded.marked_routes()}
        asked = re.sub(r"<\w+>", "0197-x", path)
        assert {other for other, rule in rules.items() if re.match(rule, asked)} <= there, path


def test_nothing_but_the_known_nouns_loads_anything() -> None:
    for path in ("", "/", "/v1", "/v1/nothing/here", "/v2/scenarios"):
        assert api.groups_of(path) == ()
