"""A result as pictures: hours that one zooms into, what chance does to it, and an address that brings the same back."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Visit
from tests.console.seeding import Shown
from tests.console.test_accessibility import go


def test_hours_are_zoomed_into_and_the_address_brings_them_back(visit: Visit, shown: Shown) -> None:
    # Given a run with results by the hour
    page = visit("viewer", tenant="shown")
    go(page, f"/runs/{shown.hourly}")
    price = page.get_by_role("figure", name="Price, 2026")
    expect(price.get_by_text("Jan h 1", exact=True)).to_be_visible()

    # When a part of them is drawn over with the pointer
    price.get_by_role("slider").scroll_into_view_if_needed()
    box = price.get_by_role("slider").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=4)
    page.mouse.up()

    # Then these are in sight, after a reload too, and their table says them
    expect(price.get_by_text("Jan h 1", exact=True)).to_be_hidden()
    address = page.url
    assert "from=" in address
    assert "until=" in address
    page.reload()
    price.get_by_role("button", name="Table").click()
    first = price.get_by_role("rowheader").first
    assert f"hour {address.partition('from=')[2].partition('&')[0]} of 72" in first.inner_text()

    # And buttons do what the pointer does
    price.get_by_role("button", name="All hours").click()
    expect(price.get_by_text("These are the first 336 of 864 hours")).to_be_visible()


def test_chance_is_shown_as_a_fan_and_as_a_distribution(visit: Visit, shown: Shown) -> None:
    page = visit("viewer", tenant="shown")
    go(page, f"/runs/{shown.uncertain}")

    fan = page.get_by_role("figure", name="Price, load-weighted: the draws")
    expect(fan.get_by_text("50 % of the draws")).to_be_visible()
    page.get_by_label("Figure of the fan").select_option("emissions")
    page.reload()
    expect(page.get_by_role("figure", name="Emissions: the draws")).to_be_visible()

    spread = page.get_by_role("figure", name="NPV of the fleet: how it is spread")
    spread.get_by_role("button", name="Table").click()
    counts = [int(cell) for cell in spread.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert sum(counts) == 60


def test_the_years_that_are_drawn_stand_in_the_address(visit: Visit, shown: Shown) -> None:
    page = visit("viewer", tenant="shown")
    go(page, f"/runs/{shown.runs[0]}")

    page.get_by_label("To year").select_option("2030")
    page.reload()

    price = page.get_by_role("figure", name="Price", exact=True)
    price.get_by_role("button", name="Table").click()
    expect(price.get_by_role("rowheader")).to_have_count(5)
