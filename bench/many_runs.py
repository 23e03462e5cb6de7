"""Two hundred thousand waiting runs of one tenant: a switch over them lifted, all cancelled by a filter, deleted with their scenario.

The requests go through the API's handler, the rest through the recovery, as the schedule calls it. Beside them another
tenant asks for runs and reads its scenarios, and a worker claims, without a pause: the longest that anybody waited is the
figure. All in one process and on one server, which share two cores.
"""

from __future__ import annotations

import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench.report import Row, publish
from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant import bootstrap
from sextant.execution.recovery import recover
from sextant.identity import Caller
from sextant.ids import ScenarioId, TenantId
from sextant.paging import PageRequest
from sextant.runs import service as runs
from sextant.runs.options import RunOptions
from sextant.scenarios import service as scenarios
from sextant.scenarios.model import ScenarioFilter
from sextant.storage import DatabaseSettings, PlatformDatabase, Session
from tests.integration.api.conftest import Client
from tests.integration.api.lines import Line

RUNS = 200_000
_OTHER = Caller(TenantId("other"), "bench", frozenset(), "", "", "")
WAIT = 1.0
"""The longest that anybody may wait, in seconds."""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="sextant-bench-") as directory:
        server = Postgres(Path(directory))
        server.start()
        try:
            urls = databases.prepare(server, "many_runs")
            rows = _measure(urls)
        finally:
            server.forget()
    publish("many-runs", rows)


def _measure(urls: DatabaseUrls) -> list[Row]:
    variables = {"DATABASE_URL": urls.app, "PLATFORM_DATABASE_URL": urls.platform, "SEXTANT_STAGE": "local"}
    platform = PlatformDatabase.connect(DatabaseSettings(url=urls.platform))
    rows: list[Row] = []
    with bootstrap.installed(variables), psycopg.connect(urls.admin, autocommit=True) as connection:
        whale, other = Client("whale", ("admin",)), Client("other", ("admin",))
        scenario = ScenarioId(uuid.UUID(other.scenario()["id"]))
        busy = partial(_bystanders, scenario, platform, connection)

        line = _filled(connection, platform)
        switch = whale("POST", "/v1/kill-switches", {"scope": "TENANT", "reason": "bench"}).data["id"]
        with busy() as waits:
            lift = _timed(lambda: whale("POST", f"/v1/kill-switches/{switch}/lift", {"reason": "bench"}))
        rows += _rows("lifted", lift, waits)

        with busy() as waits:
            request = _timed(lambda: whale("POST", "/v1/scenarios/runs:cancel", {"all": True}))
            seconds, batches = _recovered(platform)
        rows += [*_rows("cancelled", request, waits), *_background("cancelled", seconds, batches)]
        _none_left(connection)

        line = _filled(connection, platform)
        with busy() as waits:
            request = _timed(lambda: whale("DELETE", f"/v1/scenarios/{line.scenario}"))
            seconds, batches = _recovered(platform)
        rows += [*_rows("deleted", request, waits), *_background("deleted", seconds, batches)]
        _none_left(connection)
    platform.close()
    return rows


def _filled(connection: psycopg.Connection[Any], platform: PlatformDatabase) -> Line:
    line = Line(connection, platform)
    connection.execute(
        "INSERT INTO scenario (tenant_id, id, name, assumptions, parameters, created_by, updated_by)"
        " VALUES ('whale', %s, %s, '[]', '{}', 'bench', 'bench')",
        (line.scenario, str(line.scenario)),
    )
    connection.execute(
        """INSERT INTO scenario_run (tenant_id, id, scenario_id, scenario_version, version_hash, parameters, code_version,
               environment, seed, timeout_minutes, max_retries, request_hash, created_by, claim_order)
           SELECT 'whale', gen_random_uuid(), %s, 1, gen_random_uuid()::text, '{}', '1', 'e', 0, 60, 0, '', 'bench',
                  now() + n * interval '1 ms' FROM generate_series(1, %s) AS n""",
        (line.scenario, RUNS),
    )
    connection.execute("ANALYZE scenario_run")
    return line


def _none_left(connection: psycopg.Connection[Any]) -> None:
    left = connection.execute(
        "SELECT count(*) FROM scenario_run WHERE tenant_id = 'whale' AND state = 'QUEUED'"
    ).fetchone()
    assert left == (0,), f"{left} runs are left"


def _scenarios(session: Session) -> object:
    return scenarios.list_scenarios(session, ScenarioFilter(None, None, None, None, None), PageRequest())


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    answer = work()
    assert answer.status < 300, answer.body
    return time.perf_counter() - began


def _recovered(platform: PlatformDatabase) -> tuple[float, int]:
    """Seconds until the recovery found nothing more to cancel, and the runs that it cancelled."""
    began, cancelled = time.perf_counter(), 0
    while True:
        # A round of the schedule's, which stops beginning batches after 45 s.
        done = recover(platform, timedelta(hours=1), 500, _until(time.monotonic() + 45))["stranded"]
        cancelled += done
        if not done:
            return time.perf_counter() - began, cancelled


def _until(moment: float) -> Callable[[], float]:
    return lambda: moment - time.monotonic()


@contextmanager
def _bystanders(
    scenario: ScenarioId, platform: PlatformDatabase, connection: psycopg.Connection[Any]
) -> Iterator[dict[str, list[float]]]:
    """Within it another tenant asks and reads, and a worker claims and ends its runs; how long each took."""
    waits: dict[str, list[float]] = {
        "request of another tenant's run": [],
        "another tenant's read": [],
        "claim": [],
    }
    stop = threading.Event()

    def note(kind: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        answer = work()
        waits[kind].append(time.perf_counter() - began)
        return answer

    def ask() -> None:
        # By the services: the handler serves one request at a time, as in Lambda.
        line, database = Line(connection, platform), bootstrap.database()
        while not stop.is_set():
            options = RunOptions(seed=uuid.uuid4().int % 2**31)
            request = partial(
                runs.request, scenario=scenario, options=options, code_version="1", caller=_OTHER
            )
            run = note("request of another tenant's run", lambda: database.run(_OTHER.tenant, request))  # noqa: B023
            note("another tenant's read", lambda: database.run(_OTHER.tenant, _scenarios))
            _, claimed = note("claim", partial(line.claim, (_OTHER.tenant, run.id)))
            if claimed is not None:
                line.end(claimed.run)
            time.sleep(0.1)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield waits
    finally:
        stop.set()
        thread.join()


def _rows(what: str, request: float, waits: dict[str, list[float]]) -> list[Row]:
    return [
        Row(f"{RUNS:,} runs {what}: the request", "s", request, target=WAIT, better="lower"),
        *(
            Row(f"{RUNS:,} runs {what}: {kind}, {how}", "s", figure, target=WAIT, better="lower")
            for kind, seconds in waits.items()
            if seconds
            for how, figure in (("median", median(seconds)), ("longest", max(seconds)))
        ),
    ]


def _background(what: str, seconds: float, cancelled: int) -> list[Row]:
    return [Row(f"{RUNS:,} runs {what}: in the background", "runs/s", cancelled / seconds)]


if __name__ == "__main__":
    main()
