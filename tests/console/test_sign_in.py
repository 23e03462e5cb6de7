"""Signing in: by the provider, kept in memory alone, renewed unseen, and given up."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Visit


def test_tokens_are_nowhere_but_in_memory_and_a_reload_signs_in_again(visit: Visit) -> None:
    page = visit("analyst", path="/console/runs?state=FAILED")

    expect(page.get_by_role("button", name="Failed")).to_have_attribute("aria-pressed", "true")
    stored = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert stored == '[{},{},""]'

    page.reload()
    expect(page.get_by_text("analyst@demo")).to_be_visible()
    expect(page.get_by_role("button", name="Failed")).to_have_attribute("aria-pressed", "true")


def test_a_token_is_renewed_unseen_before_it_ends(visit: Visit) -> None:
    page = visit("analyst", clock=True)
    with page.expect_response("**/oidc/token") as renewal:
        page.clock.fast_forward("15:00")
    assert renewal.value.ok

    page.get_by_role("link", name="Scenarios", exact=True).click()
    expect(page.get_by_role("heading", name="Scenarios")).to_be_visible()


def test_signing_out_ends_it_at_the_provider_too(visit: Visit) -> None:
    page = visit("analyst")

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()

    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sign in to Sextant")).to_be_visible()
