"""A real browser on the whole system.

browser  (package)  Chromium; a test opens contexts of its own, which share nothing
shown    (session)  a tenant of this name, in which there is something for every page
visit    (test)     signs somebody in and returns their page: `visit("viewer")`, `visit("analyst", tenant="acme")`; what they click goes
                    into the list `clicks`, where one is given
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.running import RunningSystem
from tests.console import chromium
from tests.console.seeding import Shown, everything
from tools import console

Visit = Callable[..., Page]

# Longer than anything takes on a busy machine; what is awaited shows itself much sooner.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    console.build()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    executable = chromium.installed()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(executable), args=list(chromium.ARGUMENTS), env=chromium.environment()
        )
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser, system: RunningSystem) -> Iterator[Visit]:
    contexts = []
    troubles: list[str] = []

    def open_(
        role: str = "analyst",
        *,
        tenant: str = "demo",
        theme: str = "light",
        path: str = "/console/",
        width: int = 1280,
        clock: bool = False,
        clicks: list[str] | None = None,
    ) -> Page:
        context = browser.new_context(
            base_url=system.url,
            viewport={"width": width, "height": 860},
            color_scheme="dark" if theme == "dark" else "light",
            accept_downloads=True,
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if clicks is not None:
            context.expose_function("noted", lambda text: clicks.append(text))  # noqa: PLW0108 (playwright takes no built-in)
            context.add_init_script(
                "addEventListener('click', click => noted(click.target.textContent), true);"
            )
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None,
        )
        if clock:
            page.clock.install()
        page.goto(path)
        sign_in(page, role, tenant)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert troubles == []


def sign_in(page: Page, role: str, tenant: str) -> None:
    """Fills the provider's form, and waits until the console has read who reads."""
    page.get_by_label("Tenant", exact=True).fill(tenant)
    page.locator(f'input[name="role"][value="{role}"]').check()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Console").wait_for()


@pytest.fixture(scope="session")
def shown(system: RunningSystem) -> Shown:
    """A tenant, `shown`, in which there is something for every page."""
    with system.client("shown", "admin") as client:
        return everything(client)
