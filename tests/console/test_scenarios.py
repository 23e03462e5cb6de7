"""Writing a scenario: the model's own fields, the API's own words, and a run at the end."""

from __future__ import annotations

import re
import uuid

from playwright.sync_api import expect

from tests.console.conftest import Visit


def test_what_is_wrong_is_said_at_its_field_and_gone_once_it_is_right(visit: Visit) -> None:
    # Given somebody who writes a scenario with a renewable standard
    page = visit("analyst", tenant=f"write-{uuid.uuid4().hex[:8]}", path="/console/scenarios/new")
    page.get_by_label("Name", exact=False).first.fill("Sixty by thirty")
    page.get_by_label("Add an assumption").select_option("policy")
    target = page.get_by_label("Target")

    # When they mean 60 % and write 60
    target.fill("60")

    # Then the field says so in the API's words
    expect(page.get_by_text("must be at most 1; it is a share, 60 % is 0.6").first).to_be_visible()
    expect(target).to_have_attribute("aria-invalid", "true")

    # And once it is right it can be run, and its JSON says the same
    target.fill("0.6")
    expect(page.get_by_text("It can be run")).to_be_visible()
    expect(page.get_by_label("The scenario as JSON")).to_have_value(re.compile(r"\"target\": 0\.6\b"))
    page.get_by_role("button", name="Save and run").click()

    # And the run's page becomes its result by itself
    expect(page.get_by_role("heading", name="Sixty by thirty")).to_be_visible()
    expect(page.get_by_role("figure", name="Generation")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Renewables 60 % from 2030").first).to_be_visible()

    # And a change makes a version whose difference is told
    page.get_by_role("link", name="Sixty by thirty").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Target").fill("0.7")
    expect(page.get_by_text("It can be run")).to_be_visible()
    page.get_by_role("button", name="Save and run").click()
    expect(page.get_by_role("figure", name="Generation")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Sixty by thirty").click()
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_text("0.6 → 0.7")).to_be_visible()

    # And the overview draws the newest result of the one scenario there is
    page.get_by_role("link", name="Overview").click()
    price = page.get_by_role("figure", name="Price, load-weighted")
    expect(price.locator("path[stroke]")).to_have_count(1)
