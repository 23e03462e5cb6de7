"""Takes a picture of every page in both themes: `make console-shots` writes them into `build/console-shots`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from local.running import throwaway
from tests.console import chromium
from tests.console.conftest import sign_in
from tests.console.pages import addresses
from tests.console.seeding import everything
from tests.console.test_accessibility import go
from tools import console
from tools.environment import ROOT

PICTURES = ROOT / "build" / "console-shots"
_WIDTH, _HEIGHT, _TALLEST = 1280, 860, 2400


def take(into: Path, names: list[str]) -> None:
    """Pictures of these pages, or of all, of a system of its own."""
    console.build()
    into.mkdir(parents=True, exist_ok=True)
    executable = chromium.installed()
    with throwaway() as system, sync_playwright() as playwright:
        with system.client("shown", "admin") as client:
            shown = everything(client)
        browser = playwright.chromium.launch(
            executable_path=str(executable), args=list(chromium.ARGUMENTS), env=chromium.environment()
        )
        for theme in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": _WIDTH, "height": _HEIGHT},
                color_scheme="dark" if theme == "dark" else "light",
            )
            page.goto(f"{system.url}/console/")
            sign_in(page, "admin", "shown")
            for name, address in addresses(shown).items():
                if names and name not in names:
                    continue
                go(page, address)
                # As tall as the page, so that what stays in sight while it is scrolled stands where it belongs.
                height = page.evaluate("() => document.documentElement.scrollHeight")
                page.set_viewport_size({"width": _WIDTH, "height": min(max(height, _HEIGHT), _TALLEST)})
                page.screenshot(path=into / f"{name}-{theme}.png")
                page.set_viewport_size({"width": _WIDTH, "height": _HEIGHT})
            page.close()
        browser.close()
    print(f"the pictures are in {into.relative_to(ROOT)}")  # noqa: T201 - what the command is for


if __name__ == "__main__":
    take(PICTURES, sys.argv[1:])
