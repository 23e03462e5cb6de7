"""Routes are loaded by path, module by module: no path may miss a route of its own, whatever was loaded before."""

from __future__ import annotations

import re

from functions.api import api


def test_a_paths_modules_hold_every_route_that_fits_it() -> None:
    for module in api.MODULES:
        for endpoint in api.router_of(module).endpoints:
            path = re.sub(r"<\w+>", "0197-x", endpoint.path)
            assert module in api.modules_of(path), f"{endpoint.method} {endpoint.path}"


def test_every_other_route_that_fits_a_path_is_loaded_with_it() -> None:
    endpoints = api.whole_api().endpoints.values()
    for template in {endpoint.path for endpoint in endpoints}:
        path = re.sub(r"<\w+>", "0197-x", template)
        routers = [api.router_of(module) for module in api.modules_of(path)]
        loaded = {endpoint.path for router in routers for endpoint in router.endpoints}
        assert {endpoint.path for endpoint in endpoints if endpoint.fits(path)} <= loaded, template


def test_nothing_but_the_known_nouns_loads_anything() -> None:
    for path in ("/v1", "/v1/nothing/here", "/v2/scenarios", "/v1/admin", "/v1/admin/nothing"):
        assert api.modules_of(path) == ()
    assert api.modules_of("") == api.modules_of("/") == ("documentation",)
