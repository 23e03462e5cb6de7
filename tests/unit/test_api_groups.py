"""Routes are loaded in groups by path: no path may miss a route of its own, whatever was loaded before."""

from __future__ import annotations

import re

from functions.api import api

GROUPS = (*api._OF_SCENARIOS, *dict.fromkeys(api._GROUPS.values()))


def test_a_paths_groups_hold_every_route_that_fits_it() -> None:
    for group in GROUPS:
        for endpoint in (endpoint for router in group() for endpoint in router.endpoints):
            path = re.sub(r"<\w+>", "0197-x", endpoint.path)
            assert group in api.groups_of(path), f"{endpoint.method} {endpoint.path}"


def test_every_other_route_that_fits_a_path_is_loaded_with_it() -> None:
    endpoints = api.whole_api().endpoints.values()
    for template in {endpoint.path for endpoint in endpoints}:
        path = re.sub(r"<\w+>", "0197-x", template)
        routers = [router for group in api.groups_of(path) for router in group()]
        loaded = {endpoint.path for router in routers for endpoint in router.endpoints}
        assert {endpoint.path for endpoint in endpoints if endpoint.fits(path)} <= loaded, template


def test_nothing_but_the_known_nouns_loads_anything() -> None:
    for path in ("", "/", "/v1", "/v1/nothing/here", "/v2/scenarios"):
        assert api.groups_of(path) == ()
