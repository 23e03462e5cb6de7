"""The first minutes: from nothing to three compared scenarios, in few clicks and without a word read."""

from __future__ import annotations

import uuid

from playwright.sync_api import expect

from tests.console.conftest import Visit


def test_three_clicks_lead_from_nothing_to_three_compared_scenarios(visit: Visit) -> None:
    # Given a tenant that has nothing, and somebody who signs in to it
    clicks: list[str] = []
    page = visit("analyst", tenant=f"first-{uuid.uuid4().hex[:8]}", clicks=clicks)
    expect(page.get_by_role("heading", name="Begin with three scenarios")).to_be_visible()

    # When they have the three scenarios made and run, and compare what came out
    page.get_by_role("button", name="Create and run them").click()
    page.get_by_role("link", name="Compare them").click(timeout=60_000)

    # Then the pictures stand there, each run's line in each of them
    price = page.get_by_role("figure", name="Price, load-weighted")
    expect(price.locator("path[stroke]")).to_have_count(3)
    expect(page.get_by_role("heading", name="What RPS sensitivity assumes differently")).to_be_visible()
    expect(page.get_by_text("Renewables 60 % from 2030").first).to_be_visible()
    assert clicks == ["Sign in", "Create and run them", "Compare them"]

    # And the address alone brings them back
    page.reload()
    expect(price.locator("path[stroke]")).to_have_count(3)

    # And arrow keys read the chart aloud
    chart = price.get_by_role("slider")
    chart.focus()
    chart.press("End")
    expect(price.locator("[aria-live]")).to_contain_text("2045: Reference")
