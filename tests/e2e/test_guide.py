"""The guide to the API does what it says: its Python is run, from the first block to the last, against the system."""

from __future__ import annotations

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.running import RunningSystem
from tests.waiting import until

GUIDE = Path(__file__).parents[2] / "docs" / "api" / "guide.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_guide(names: dict[str, Any], blocks: int | None = None) -> None:
    """Run the guide's Python, or its first `blocks`, in `names`."""
    text = GUIDE.read_text()
    found = list(BLOCK.finditer(text))
    assert len(found) > 5
    for block in found[:blocks]:
        line = text.count("\n", 0, block.start(1))
        # Padded, so that an error names the line of the guide.
        exec(compile("\n" * line + block[1], str(GUIDE), "exec"), names)


def test_the_guide_works_as_written(system: RunningSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEXTANT_URL", system.url)
    monkeypatch.setenv("SEXTANT_TOKEN", system.token("guide"))
    names: dict[str, Any] = {"__name__": "guide"}
    try:
        run_guide(names)
    finally:
        if "client" in names:
            names["client"].close()


def test_its_client_outlives_the_process_that_serves_it(
    system: RunningSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given the guide's client, and a database that lets no run be stored just now
    monkeypatch.setenv("SEXTANT_URL", system.url)
    monkeypatch.setenv("SEXTANT_TOKEN", system.token("guide-killed"))
    names: dict[str, Any] = {"__name__": "guide"}
    run_guide(names, 2)
    call, answers = names["call"], []
    names["client"].event_hooks["response"] = [lambda answer: answers.append(answer.status_code)]
    scenario = call("POST", "/v1/scenarios", json={"name": "killed"}).json()["data"]["id"]
    admin = system.endpoints.database.admin
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(admin) as holder,
        psycopg.connect(admin, autocommit=True) as watcher,
    ):
        holder.execute("LOCK TABLE scenario_run IN SHARE MODE")
        asked = pool.submit(call, "POST", f"/v1/scenarios/{scenario}/run", json={"seed": 7})
        waits = (
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND relation = 'scenario_run'::regclass AND usename = 'sextant_app'"
        )
        until(lambda: watcher.execute(waits).fetchone() != (0,), within=20)
        # When the API's processes are killed while one serves its POST
        for environment in system.environments("api"):
            os.kill(environment.pid, signal.SIGKILL)
        until(lambda: 500 in answers, within=20)
        holder.rollback()
        # Then it gets its run all the same, and there is one
        run = asked.result(timeout=120).json()["data"]
    listed = call("GET", f"/v1/scenarios/{scenario}/runs").json()["data"]
    assert [each["id"] for each in listed] == [run["id"]]
    assert 500 in answers
    names["client"].close()
