"""What answers tell beside their data: to caches, to browsers, to a tenant about the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.api.conftest import Client


@pytest.mark.parametrize(
    "path", ["/v1/scenarios", "/v1/scenarios/0", "/v1/admin/config", "/metrics", "/v1/nothing/here"]
)
def test_no_cache_keeps_what_a_caller_is_told(client: Client, path: str) -> None:
    for asked in (client, client.as_("viewer")):
        answer = asked("GET", path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/docs", "/problems/validation_failed", "/v1/health"])
def test_a_page_of_ours_is_shown_in_nobodys_frame(client: Client, path: str) -> None:
    headers = client("GET", path, claims={}).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_a_problem_page_repeats_nothing_of_its_address(client: Client) -> None:
    answer = client("GET", "/problems/<script>alert(1)<script>", claims={})
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_how_busy_a_process_is_says_how_busy_other_tenants_are(
    client: Client, new_client: Callable[..., Client]
) -> None:
    mine = client("GET", "/metrics").body
    assert not any(f"sextant_{name}" in mine for name in ("statement", "settings_cache", "pool", "breaker"))
    assert "sextant_statements_total" in new_client("super_admin")("GET", "/metrics").body
