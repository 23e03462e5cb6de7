"""The console in a real Chromium, before a whole system: how soon it shows something, and what long lists and large comparisons cost.

A cold open is one of a browser that knows the provider and nothing else: from the address to the pictures of the overview. `throttled`
has its processor slowed down fourfold. A change is seen when its run stands in the list of a page that was open; it was committed when the
API answered. A comparison is drawn when the last of its lines stands there and the browser has painted, from when its answer was read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
from playwright.sync_api import Browser, Page, sync_playwright

from bench.report import Row, publish
from local.running import RunningSystem, throwaway
from tests.console import chromium
from tests.console.conftest import sign_in
from tests.console.seeding import data, succeeded, three_results
from tests.console.test_accessibility import go
from tools import console

TENANT = "bench"
OPENS, CHANGES, ROWS, COMPARED = 10, 30, 10_000, 20
_SLOWDOWN = 4

_DRAWN = """async () => {
  const lines = () => document.querySelectorAll('figure path[stroke]').length;
  while (lines() < %d) await new Promise(requestAnimationFrame);
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  const asked = performance.getEntriesByType('resource').filter(one => one.name.includes('/v1/compare'));
  return performance.now() - asked.at(-1).responseEnd;
}"""


def main() -> None:
    console.build()
    executable = chromium.installed()
    with throwaway({"POWERTOOLS_LOG_LEVEL": "WARNING"}) as system, sync_playwright() as playwright:
        with system.client(TENANT, "admin") as client:
            scenario = UUID(three_results(client).scenarios[0])
            runs = [_run(client, scenario, seed) for seed in range(1, COMPARED + 1)]
        browser = playwright.chromium.launch(
            executable_path=str(executable), args=list(chromium.ARGUMENTS), env=chromium.environment()
        )
        rows = [
            *_opens(browser, system),
            *_changes(browser, system, scenario),
            *_comparison(browser, system, runs),
            *_long_list(browser, system, scenario),
        ]
        browser.close()
    publish("console", rows)


def _run(client: Any, scenario: UUID, seed: int) -> str:
    run: str = data(client.post(f"/v1/scenarios/{scenario}/run", json={"seed": seed}))["id"]
    succeeded(client, run)
    return run


@contextmanager
def _signed_in(browser: Browser, system: RunningSystem) -> Iterator[Page]:
    page = browser.new_page(base_url=system.url, viewport={"width": 1280, "height": 860})
    page.goto("/console/")
    sign_in(page, "analyst", TENANT)
    yield page
    page.context.close()


def _opens(browser: Browser, system: RunningSystem) -> Iterator[Row]:
    with _signed_in(browser, system) as page:
        known: Any = page.context.storage_state()
    for name, slowdown, bar in (("as it is", 1, 1.5), ("throttled", _SLOWDOWN, 4.0)):
        taken = sorted(_open(browser, system, known, slowdown) for _ in range(OPENS))
        yield Row(
            f"cold open to the first pictures, {name}, p50 of {OPENS}",
            "s",
            taken[OPENS // 2],
            target=bar,
            better="lower",
        )


def _open(browser: Browser, system: RunningSystem, known: Any, slowdown: int) -> float:
    context = browser.new_context(
        base_url=system.url, storage_state=known, viewport={"width": 1280, "height": 860}
    )
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    began = time.perf_counter()
    page.goto("/console/", wait_until="commit")
    page.locator("figure path[stroke]").first.wait_for(state="attached")
    taken = time.perf_counter() - began
    context.close()
    return taken


def _changes(browser: Browser, system: RunningSystem, scenario: UUID) -> Iterator[Row]:
    delays = []
    with _signed_in(browser, system) as page, system.client(TENANT, "analyst") as client:
        go(page, "/runs")
        for place in range(CHANGES):
            run = data(client.post(f"/v1/scenarios/{scenario}/run", json={"seed": 1000 + place}))["id"]
            committed = time.perf_counter()
            page.locator(f'a[href$="{run}"]').first.wait_for(state="attached")
            delays.append(time.perf_counter() - committed)
            succeeded(client, run)
    delays.sort()
    yield Row(
        "a run that was asked for elsewhere, committed to seen, p50",
        "s",
        delays[CHANGES // 2],
        better="lower",
    )
    yield Row(
        "a run that was asked for elsewhere, committed to seen, p95",
        "s",
        delays[int(0.95 * CHANGES)],
        target=1.5,
        better="lower",
    )


def _comparison(browser: Browser, system: RunningSystem, runs: list[str]) -> Iterator[Row]:
    baseline, *others = runs
    drawn, series = [], 0
    for _ in range(5):
        with _signed_in(browser, system) as page:
            go(page, "/scenarios")
            page.evaluate(
                "to => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')); }",
                f"/console/compare?baseline={baseline}&runs={','.join(others)}&split=yes",
            )
            drawn.append(page.evaluate(_DRAWN % (4 * COMPARED)))
            series = page.locator("main table tbody tr").count()
    drawn.sort()
    yield Row(
        f"comparison of {COMPARED} runs and {series} series drawn after its data, p50 of 5",
        "ms",
        drawn[2],
        target=300,
        better="lower",
    )


def _long_list(browser: Browser, system: RunningSystem, scenario: UUID) -> Iterator[Row]:
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO scenario_run (tenant_id, id, scenario_id, scenario_version, version_hash, parameters, code_version,
                   environment, seed, timeout_minutes, max_retries, request_hash, created_by, state, completed_at, claim_order)
               SELECT %s, gen_random_uuid(), %s, 1, %s || n, '{}', '1', 'e', 0, 60, 0, '', 'bench', 'CANCELLED', now(), now()
               FROM generate_series(1, %s) AS n""",
            (TENANT, scenario, str(uuid4()), ROWS),
        )
    most, slowest = 0, 0.0
    with _signed_in(browser, system) as page:
        go(page, "/runs?state=CANCELLED")
        table = page.get_by_role("table", name="Runs")
        page.get_by_text("Scroll for more").wait_for()
        while page.get_by_text("Scroll for more").count() or page.get_by_text("Loading more").count():
            began = time.perf_counter()
            page.evaluate(
                "async () => { scrollTo(0, document.documentElement.scrollHeight); await new Promise(requestAnimationFrame); }"
            )
            slowest = max(slowest, time.perf_counter() - began)
            most = max(most, page.evaluate("() => document.querySelectorAll('*').length"))
        read = int(table.get_attribute("aria-rowcount") or 0) - 1
    yield Row("rows of a list, read to its end", "rows", read, target=ROWS)
    yield Row("DOM nodes while it is scrolled, most", "nodes", most, target=3000, better="lower")
    yield Row("a jump to its end until the next frame, slowest", "ms", 1000 * slowest, better="lower")


if __name__ == "__main__":
    main()
