"""A system of one's own: dropped as files, refused row by row, stored once it is right."""

from __future__ import annotations

import uuid

from playwright.sync_api import FilePayload, expect

from tests.console.conftest import Visit
from tests.console.test_accessibility import go

_UNITS = """name,technology,capacity_mw,fuel,heat_rate,variable_cost,emission_factor,renewable
wind,wind,50,,,0,0,true
gas,ccgt,{},gas,7,2,0.35,false
"""
_LOAD = "year,hour,load_mw\n" + "".join(f"2026,{hour},{100 + hour}\n" for hour in range(1, 25))


def test_a_file_with_an_error_is_refused_by_its_row_and_taken_once_it_is_right(visit: Visit) -> None:
    page = visit("analyst", tenant=f"base-{uuid.uuid4().hex[:8]}", path="/console/baselines")
    page.get_by_label("Name").fill("island")

    def give(capacity: str) -> None:
        page.get_by_label("Choose files").set_input_files(
            [
                FilePayload(name="units.csv", mimeType="text/csv", buffer=_UNITS.format(capacity).encode()),
                FilePayload(name="load.csv", mimeType="text/csv", buffer=_LOAD.encode()),
            ]
        )
        page.get_by_role("button", name="Store", exact=True).click()

    give("many")
    expect(page.get_by_role("alert")).to_contain_text("units")
    expect(page.get_by_role("alert")).to_contain_text("capacity_mw")

    give("800")
    expect(page.get_by_role("link", name="island")).to_be_visible()

    # Then its merit order is drawn, and read unit by unit with the arrow keys
    page.get_by_role("link", name="island").click()
    order = page.get_by_role("figure", name="Merit order")
    order.get_by_role("slider").press("End")
    expect(order.locator("[aria-live]")).to_contain_text("gas: ")
    expect(order.locator("[aria-live]")).to_contain_text("800")

    # And a scenario on it is written with its names and its years
    go(page, "/scenarios/new")
    page.get_by_label("Name", exact=False).first.fill("On the island")
    page.get_by_text("More fields").click()
    page.get_by_label("Baseline").fill("island")
    expect(page.get_by_text("On island: 2026 to 2026")).to_be_visible()
    expect(page.locator("#vocabulary-technologies option")).to_have_count(2)
    expect(page.get_by_text("of work for one worker")).to_be_visible()
