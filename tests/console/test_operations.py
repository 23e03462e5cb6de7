"""An operator's day: an incident to its end, and a switch that nobody sets by mistake."""

from __future__ import annotations

import uuid

from playwright.sync_api import expect

from local.running import RunningSystem
from tests.console.conftest import Visit
from tests.console.seeding import incident_of
from tests.integration.webhooks.consumer import Reply, consuming


def test_an_operator_resolves_an_incident_and_says_why(visit: Visit, system: RunningSystem) -> None:
    tenant = f"ops-{uuid.uuid4().hex[:8]}"
    page = visit("operator", tenant=tenant, path="/console/operations")
    expect(page.get_by_text("Nothing needs anybody")).to_be_visible()

    # Given an incident, which shows itself
    with system.client(tenant, "operator") as client:
        incident_of(client)
    page.get_by_role("link", name="import.failed").click()

    # When it is resolved, with a reason
    page.get_by_role("button", name="Resolve").click()
    confirm = page.get_by_role("dialog").get_by_role("button", name="Resolve")
    expect(confirm).to_be_disabled()
    page.get_by_label("Reason").fill("the exchange is back")
    confirm.click()

    # Then it stands so, and the timeline says why
    expect(page.get_by_text("Resolved", exact=True).first).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="the exchange is back")).to_be_visible()


def test_a_kill_switch_is_set_only_by_typing_what_it_stops(visit: Visit) -> None:
    tenant = f"stop-{uuid.uuid4().hex[:8]}"
    page = visit("admin", tenant=tenant, path="/console/operations?tab=switches")

    page.get_by_role("button", name="Stop it …").click()
    stop = page.get_by_role("dialog").get_by_role("button", name="Stop it")
    page.get_by_label("Reason").fill("prices are wrong")
    expect(stop).to_be_disabled()
    page.get_by_label(f"Type {tenant} to confirm").fill(tenant)
    stop.click()

    expect(page.get_by_text("Stops", exact=True)).to_be_visible()
    page.get_by_role("button", name="Lift").click()
    page.get_by_label("Reason").fill("prices are right")
    page.get_by_role("button", name="Lift the switch").click()
    expect(page.get_by_text("Stops", exact=True)).to_be_hidden()


def test_an_operator_has_a_system_told_and_sends_again_what_it_missed(visit: Visit) -> None:
    page = visit("operator", tenant=f"told-{uuid.uuid4().hex[:8]}", path="/console/webhooks")
    with consuming() as consumer:
        # Given a webhook whose address was wrong at first, and whose secret is shown once
        page.get_by_role("button", name="New webhook").click()
        page.get_by_label("Address").fill("ftp://127.0.0.1/hooks")
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
        page.get_by_label("Address").fill(consumer.url)
        page.get_by_role("button", name="Run failed").click()
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_label("Secret", exact=True)).to_contain_text("whsec_")
        page.get_by_role("button", name="I have kept it").click()

        # When its endpoint is gone
        consumer.behave = lambda _: Reply(410, body=b"moved")
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_role("heading", name="Attempt 1")).to_be_visible()
        expect(page.get_by_text("410", exact=True)).to_be_visible()
        page.get_by_text("Answer", exact=True).click()
        expect(page.get_by_label("Answer", exact=True)).to_contain_text("moved")
        page.get_by_role("link", name="Deliveries").click()
        expect(page.get_by_text("Disabled", exact=True)).to_be_visible()

        # Then what it missed is sent again once it is back, after a look at how much that is
        consumer.behave = lambda _: Reply()
        page.get_by_role("button", name="Enable").click()
        page.get_by_role("button", name="Send what failed again …").click()
        page.get_by_role("button", name="Look what that is").click()
        expect(page.get_by_text("1 delivery would be sent again.")).to_be_visible()
        page.get_by_role("button", name="Send 1 again").click()
        expect(page.get_by_role("cell", name="Delivered")).to_be_visible()
        assert len(consumer.received) == 2
