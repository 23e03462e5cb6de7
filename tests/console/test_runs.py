"""Runs as they go: what holds one back, an end to it, and nothing missed while the API was away."""

from __future__ import annotations

import uuid

from playwright.sync_api import expect

from local.running import RunningSystem
from tests.console.conftest import Visit
from tests.console.seeding import data


def test_a_run_shows_itself_while_it_goes_and_can_be_cancelled(visit: Visit, system: RunningSystem) -> None:
    # Given the list of a tenant's runs, in which there is none
    tenant = f"live-{uuid.uuid4().hex[:8]}"
    page = visit("analyst", tenant=tenant, path="/console/runs")
    expect(page.get_by_text("Nothing has been run yet")).to_be_visible()

    # When a run of a hundred parts is asked for elsewhere
    with system.client(tenant, "analyst") as client:
        scenario = data(client.post("/v1/scenarios", json={"name": "A long one"}))["id"]
        values = [place / 100 for place in range(1, 11)]
        sweep = {"sweep": {"discount_rate": values, "shock_bp": [100 * value for value in range(10)]}}
        data(client.post(f"/v1/scenarios/{scenario}/run", json=sweep))

    # Then it appears by itself, and can be cancelled. The list, which stands until the run's page has come, has a button "Cancelled"
    page.get_by_role("link", name="A long one").click()
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_text("Cancelled", exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name="Run again")).to_be_visible()


def test_while_the_api_is_away_the_page_says_so_and_goes_on_after(
    visit: Visit, system: RunningSystem
) -> None:
    tenant = f"away-{uuid.uuid4().hex[:8]}"
    page = visit("analyst", tenant=tenant)
    expect(page.get_by_text("Begin with three scenarios")).to_be_visible()

    page.context.set_offline(True)
    expect(page.get_by_text("The API does not answer")).to_be_visible()
    with system.client(tenant, "analyst") as client:
        data(client.post("/v1/scenarios", json={"name": "Made meanwhile"}))
    page.context.set_offline(False)

    expect(page.get_by_text("The API does not answer")).to_be_hidden()
    page.get_by_role("link", name="Scenarios", exact=True).click()
    expect(page.get_by_role("link", name="Made meanwhile")).to_be_visible()
