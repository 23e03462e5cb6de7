"""A comparison that is frozen: made, read by the tenant, and shown to somebody without an account until its link is revoked."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from local.running import RunningSystem
from tests.console.conftest import Visit
from tests.console.seeding import Shown, data
from tests.console.test_accessibility import go


def test_what_an_analyst_freezes_is_read_by_the_tenant_and_by_whoever_has_its_link(
    visit: Visit, shown: Shown, system: RunningSystem, browser: Browser
) -> None:
    # Given a comparison that an analyst sees
    page = visit("analyst", tenant="shown")
    go(page, f"/compare?baseline={shown.runs[0]}&runs={shown.runs[1]}")

    # When they freeze it with a word of their own
    page.get_by_role("button", name="Freeze as a report …").click()
    page.get_by_label("Title").fill("For the board")
    page.get_by_label("Notes").fill("Why we wait.")
    page.get_by_role("button", name="Freeze", exact=True).click()

    # Then it is a page of its own, which a colleague who only reads finds in the list
    expect(page.get_by_role("heading", name="For the board")).to_be_visible()
    colleague = visit("viewer", tenant="shown")
    go(colleague, "/reports")
    colleague.get_by_role("link", name="For the board").click()
    expect(colleague.get_by_text("Why we wait.")).to_be_visible()
    expect(colleague.get_by_role("figure", name="Price, load-weighted")).to_be_visible()

    # And so it stays when a scenario of it gets another name
    with system.client("shown", "analyst") as client:
        path = f"/v1/scenarios/{shown.scenarios[1]}"
        name = data(client.get(path))["name"]
        assert client.patch(path, json={"name": "Renamed"}).is_success
    colleague.reload()
    expect(colleague.locator("main").get_by_role("listitem").filter(has_text=name).first).to_be_visible()
    with system.client("shown", "analyst") as client:
        assert client.patch(path, json={"name": name}).is_success

    # When a link of it is opened by somebody without an account
    page.get_by_role("button", name="Make a link").click()
    address = page.get_by_text(re.compile("/console/shared#")).inner_text()
    outside = browser.new_context().new_page()
    outside.goto(address)

    # Then they see the report, and nothing that leads elsewhere
    expect(outside.get_by_role("heading", name="For the board")).to_be_visible()
    expect(outside.get_by_text("Why we wait.")).to_be_visible()
    expect(outside.get_by_role("link")).to_have_count(0)

    # And nothing once it is revoked
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Opens nothing")).to_be_visible()
    outside.reload()
    expect(outside.get_by_role("alert")).to_contain_text("shared_report_not_found")
    outside.context.close()


def test_a_report_is_printed_without_what_is_pressed_and_in_light_colours(visit: Visit, shown: Shown) -> None:
    page = visit("analyst", tenant="shown", theme="dark")
    go(page, f"/reports/{shown.report}")
    expect(page.get_by_role("figure", name="Price, load-weighted")).to_be_visible()

    page.emulate_media(media="print", color_scheme="dark")

    for name in ("Print", "Delete …", "Make a link", "Table", "PNG"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.get_by_text("The price falls further than the cost rises.")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).color") == "rgb(23, 32, 42)"
