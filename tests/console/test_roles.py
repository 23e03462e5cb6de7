"""Who may what: nobody is offered what would be refused, and a tenant sees its own."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Visit
from tests.console.seeding import Shown
from tests.console.test_accessibility import go


def test_a_viewer_reads_everything_and_is_offered_nothing_that_would_be_refused(
    visit: Visit, shown: Shown
) -> None:
    page = visit("viewer", tenant="shown")

    for name in ("Outbox", "Webhooks", "Settings"):
        expect(page.get_by_role("navigation", name="Console").get_by_text(name)).to_have_count(0)
    for address, changes in (
        ("/", ["New scenario"]),
        (f"/scenarios/{shown.scenarios[0]}", ["Run", "Edit", "Copy", "Delete"]),
        (f"/compare?baseline={shown.runs[0]}&runs={shown.runs[1]}", ["Freeze as a report …"]),
        (f"/reports/{shown.report}", ["Delete …", "Make a link", "Revoke"]),
        ("/sweeps", ["Run the sweep"]),
        ("/baselines", ["Store"]),
        (f"/operations/incidents/{shown.incident}", ["Resolve", "Ignore"]),
        ("/operations?tab=switches", ["Stop it …"]),
    ):
        go(page, address)
        for change in changes:
            for role in ("button", "link"):
                expect(page.locator("main").get_by_role(role, name=change, exact=True)).to_have_count(0)

    go(page, f"/runs/{shown.runs[0]}")
    expect(page.get_by_role("figure", name="Generation")).to_be_visible()


def test_another_tenant_finds_nothing_of_it_even_by_its_address(visit: Visit, shown: Shown) -> None:
    page = visit("admin", tenant="another")

    go(page, f"/runs/{shown.runs[0]}")

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("run_not_found")
    expect(alert).to_contain_text("request")
