"""WCAG 2.2 AA as far as a machine sees it: axe finds nothing on any page, in either theme, and nothing is wider than a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.console import chromium
from tests.console.conftest import Visit
from tests.console.pages import addresses
from tests.console.seeding import Shown

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def go(page: Page, address: str) -> None:
    """Another page without leaving the console, as a link does; waits until nothing is on its way."""
    page.evaluate(
        "to => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')); }",
        f"/console{address}",
    )
    page.locator("main h1").first.wait_for()
    page.get_by_text("Loading ").first.wait_for(state="hidden")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(visit: Visit, shown: Shown, theme: str) -> None:
    page = visit("admin", tenant="shown", theme=theme)
    page.evaluate(chromium.axe())
    # What does not depend on colours is looked at once.
    rules = (
        {"runOnly": _RULES}
        if theme == "light"
        else {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
    )
    faults: list[str] = []

    for name, address in addresses(shown).items():
        go(page, address)
        found = page.evaluate(
            "async options => (await axe.run({...options, resultTypes: ['violations']})).violations"
            ".map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + (n.any[0] ?? n.all[0] ?? n.none[0] ?? {message: ''}).message).join(' | '))",
            rules,
        )
        faults += [f"{name}: {fault}" for fault in found]

    assert "\n".join(faults) == ""


def test_no_page_is_wider_than_a_phone_of_360_pixels(visit: Visit, shown: Shown) -> None:
    page = visit("admin", tenant="shown", width=1280)
    page.set_viewport_size({"width": 360, "height": 740})
    wide: dict[str, int] = {}

    for name, address in addresses(shown).items():
        go(page, address)
        width = page.evaluate("() => document.documentElement.scrollWidth")
        if width > 360:
            wide[name] = width

    assert wide == {}
