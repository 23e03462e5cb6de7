"""A vendor's breaker and limit are one for all processes."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from sextant.ids import TenantId
from sextant.storage import Database, DatabaseSettings
from sextant.vendors.errors import (
    VendorBreakerOpenError,
    VendorError,
    VendorKilledError,
    VendorRateLimitedError,
)
from sextant.vendors.guard import Guard
from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client
from tests.integration.operations.probes import probe
from tests.waiting import until


class BrokenError(Exception):
    """What the vendor's client raises."""


@pytest.fixture
def database(operations: Operations) -> Iterator[Database]:
    made = Database.connect(DatabaseSettings(url=operations.urls.platform, pool_max_size=20, pool_timeout=30))
    yield made
    made.close()


def guard(database: Database, client: Client, vendor: str, **options: Any) -> Guard:
    return Guard(database, TenantId(client.tenant), vendor, actor="worker", correlation_id="corr", **options)


def call(database: Database, client: Client, vendor: str, *, works: bool = True) -> str:
    try:
        with guard(database, client, vendor):
            if not works:
                raise BrokenError("503")
    except BrokenError:
        return "failed"
    except VendorError as error:
        return error.code
    return "done"


def standing(client: Client, vendor: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.got(f"/v1/vendors/{vendor['id']}/breaker")
    return found


def test_a_breaker_opens_at_its_threshold_and_closes_by_a_probe(database: Database, client: Client) -> None:
    vendor = client.vendor(failure_threshold=3, reset_seconds=1)
    name = vendor["name"]
    outcomes = [
        call(database, client, name, works=works) for works in (False, False, True, False, False, False)
    ]
    assert outcomes == ["failed", "failed", "done", "failed", "failed", "failed"], (
        "a success starts the count anew"
    )
    assert call(database, client, name) == "vendor_breaker_open"
    assert standing(client, vendor)["breaker"] == "OPEN"
    until(lambda: standing(client, vendor)["breaker"] == "HALF_OPEN", within=3)
    assert call(database, client, name, works=False) == "failed"
    assert call(database, client, name) == "vendor_breaker_open", "a probe that fails opens it again"
    until(lambda: standing(client, vendor)["breaker"] == "HALF_OPEN", within=3)
    assert call(database, client, name) == "done"
    assert standing(client, vendor)["breaker"] == "CLOSED"
    events = [event["event_type"] for event in client.got("/v1/events")]
    assert events == ["vendor.breaker_closed", "vendor.breaker_opened"]
    (incident,) = client.incidents()
    assert incident["vendor_id"] == vendor["id"]


def test_exactly_one_probe_across_processes(
    database: Database, client: Client, operations: Operations
) -> None:
    vendor = client.vendor(failure_threshold=1, reset_seconds=1)
    assert call(database, client, vendor["name"], works=False) == "failed"
    until(lambda: standing(client, vendor)["breaker"] == "HALF_OPEN", within=3)
    spawn = multiprocessing.get_context("spawn")
    go, over, answers = spawn.Event(), spawn.Event(), spawn.Queue()
    arguments = (operations.urls.platform, client.tenant, vendor["name"], (go, over), answers)
    processes = [spawn.Process(target=probe, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    go.set()
    outcomes = [answers.get(timeout=120) for _ in range(8)]
    over.set()
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    answers.close()
    assert sorted(outcomes) == ["probed"] + ["refused"] * 7
    assert standing(client, vendor)["breaker"] == "CLOSED"


def test_sixteen_threads_make_one_probe(database: Database, client: Client) -> None:
    vendor = client.vendor(failure_threshold=1, reset_seconds=1)
    call(database, client, vendor["name"], works=False)
    until(lambda: standing(client, vendor)["breaker"] == "HALF_OPEN", within=3)
    together, over = threading.Barrier(16), threading.Event()

    def attempt(_: int) -> str:
        together.wait()
        try:
            with guard(database, client, vendor["name"]):
                over.wait(10)
        except VendorBreakerOpenError:
            return "refused"
        return "probed"

    with ThreadPoolExecutor(16) as threads:
        futures = [threads.submit(attempt, number) for number in range(16)]
        until(lambda: sum(future.done() for future in futures) == 15)
        over.set()
        outcomes = [future.result() for future in futures]
    assert sorted(outcomes) == ["probed"] + ["refused"] * 15


def test_a_probe_that_is_never_heard_of_is_given_up(database: Database, client: Client) -> None:
    vendor = client.vendor(failure_threshold=1, reset_seconds=1)
    call(database, client, vendor["name"], works=False)
    until(lambda: standing(client, vendor)["breaker"] == "HALF_OPEN", within=3)
    lost = guard(database, client, vendor["name"], patience=timedelta(seconds=1))
    lost.__enter__()
    assert call(database, client, vendor["name"]) == "vendor_breaker_open"
    until(lambda: call(database, client, vendor["name"]) == "done", within=4)
    lost.__exit__(BrokenError, BrokenError("late"), None)
    assert standing(client, vendor)["breaker"] == "CLOSED", (
        "a late outcome of a given-up probe changes nothing"
    )


def test_a_call_from_before_the_breaker_moved_counts_no_more(
    database: Database, client: Client, operations: Operations
) -> None:
    vendor = client.vendor(failure_threshold=1)
    slow = guard(database, client, vendor["name"])
    slow.__enter__()
    for kind in ("BREAKER_OPEN", "BREAKER_CLOSE"):
        client.made("/v1/actions", {"action_type": kind, "target": vendor["id"], "reason": "r"}, 202)
        operations.deliver()
    slow.__exit__(BrokenError, BrokenError("late"), None)
    assert standing(client, vendor)["breaker"] == "CLOSED"


def test_the_limit_a_minute_is_exact_under_a_race(database: Database, client: Client) -> None:
    vendor = client.vendor(rate_per_minute=25)

    def attempt(_: int) -> str:
        return call(database, client, vendor["name"])

    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(attempt, range(80)))
    assert outcomes.count("done") == 25
    assert outcomes.count("vendor_rate_limited") == 55
    assert standing(client, vendor)["calls_in_last_minute"] == 25
    with pytest.raises(VendorRateLimitedError) as limited, guard(database, client, vendor["name"]):
        pass
    assert 0 < (limited.value.retry_after or 0) <= 61


def test_calls_leave_the_window_after_a_minute(
    database: Database, client: Client, operations: Operations
) -> None:
    vendor = client.vendor(rate_per_minute=2)
    assert [call(database, client, vendor["name"]) for _ in range(3)] == [
        "done",
        "done",
        "vendor_rate_limited",
    ]
    # As if they had been made 58 seconds earlier: they still count. Then 61.
    for seconds, expected in ((58, "vendor_rate_limited"), (3, "done")):
        turned = """SELECT array_agg(calls[((s - 1 + %s) %% 61 + 61) %% 61 + 1] ORDER BY s) FROM generate_series(1, 61) AS s"""
        operations.sql(
            f"UPDATE vendor_state SET calls = ({turned}), calls_until = calls_until - %s WHERE vendor_id = %s",
            seconds,
            seconds,
            vendor["id"],
        )
        assert call(database, client, vendor["name"]) == expected


def test_the_limit_a_minute_is_one_for_all_processes(
    database: Database, client: Client, operations: Operations
) -> None:
    vendor = client.vendor(rate_per_minute=5)
    spawn = multiprocessing.get_context("spawn")
    go, over, answers = spawn.Event(), spawn.Event(), spawn.Queue()
    arguments = (operations.urls.platform, client.tenant, vendor["name"], (go, over), answers)
    processes = [spawn.Process(target=probe, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    over.set()
    go.set()
    outcomes = [answers.get(timeout=120) for _ in range(8)]
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    answers.close()
    assert sorted(outcomes) == ["probed"] * 5 + ["refused"] * 3


def test_the_end_of_the_process_is_not_the_vendors_failure(database: Database, client: Client) -> None:
    vendor = client.vendor(failure_threshold=1)
    with pytest.raises(SystemExit), guard(database, client, vendor["name"]):
        raise SystemExit
    assert standing(client, vendor)["breaker"] == "CLOSED"


def test_a_guard_is_a_decorator_and_registers_a_vendor_nobody_configured(
    database: Database, client: Client
) -> None:
    @guard(database, client, "brand-new")
    def fetch(number: int) -> int:
        return number * 2

    assert [fetch(1), fetch(2)] == [2, 4]
    assert [vendor["name"] for vendor in client.got("/v1/vendors")] == ["brand-new"]


def test_what_is_the_callers_own_fault_does_not_count(database: Database, client: Client) -> None:
    vendor = client.vendor(failure_threshold=1)
    with pytest.raises(KeyError), guard(database, client, vendor["name"], not_failures=(KeyError,)):
        raise KeyError("mine")
    assert standing(client, vendor)["breaker"] == "CLOSED"


def test_a_kill_switch_stops_calls(database: Database, client: Client) -> None:
    vendor = client.vendor()
    client.made("/v1/kill-switches", {"scope": "VENDOR", "target": vendor["id"], "reason": "r"}, 200)
    with pytest.raises(VendorKilledError), guard(database, client, vendor["name"]):
        pass
