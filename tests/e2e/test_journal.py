"""The journal over live HTTP: the database is killed, a run is accepted all the same, and runs once it is back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.postgres import data_directory
from local.processes import is_alive
from local.running import RunningSystem, running
from local.state import forget
from tests.e2e.test_main_job import create, finished_run
from tests.waiting import until


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """A system of its own, as its database is killed; durable, as nothing may be lost by that."""
    home = tmp_path_factory.mktemp("fragile")
    with running(home, throwaway=False, environment={"DB_RESET_TIMEOUT": "0.5"}) as started:
        yield started
    forget(home, keep_logs=True)


def kill_database(home: Path) -> None:
    """Immediate shutdown, without a checkpoint; gone when this returns. Within a second the system starts it again."""
    pid = int((data_directory(home) / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGQUIT)
    until(lambda: not is_alive(pid), within=20, every=0.001)


def test_a_database_that_ends_while_it_is_started_again_is_started_until_it_stays(
    fragile: RunningSystem,
) -> None:
    # Given a database that will not start, as one that is ended while it recovers
    settings = data_directory(fragile.home) / "postgresql.conf"
    well = settings.read_text()
    settings.write_text(f"{well}no_such_setting = 1\n")
    kill_database(fragile.home)
    log = fragile.home / "logs" / "local.log"
    until(lambda: "WARNING Postgres did not start" in log.read_text(), within=30)
    # When it can start, then the system that never ended has it back
    settings.write_text(well)
    with fragile.client("acme", "admin") as client:
        until(lambda: client.get("/v1/scenarios").status_code == 200, within=60, every=0.2)


def journaled(fragile: RunningSystem, client: httpx.Client, key: str) -> tuple[str, httpx.Response]:
    """A scenario, and the answer to a run of it that was asked for while the database was down.

    The database is back within a second: on a busy machine a request may come too late, and another is made.
    """

    def attempt() -> tuple[str, httpx.Response] | None:
        scenario = create(client)
        kill_database(fragile.home)
        path = f"/v1/scenarios/{scenario}/run"
        answer = client.post(path, json={"seed": 3}, headers={"Idempotency-Key": f"{key}-{scenario}"})
        assert answer.status_code == 202, answer.text
        return (scenario, answer) if "receipt_id" in answer.json()["data"] else None

    return until(attempt, within=60, every=2)


def test_a_run_is_accepted_without_the_database_and_succeeds_once(fragile: RunningSystem) -> None:
    with fragile.client("acme", "admin") as client:
        allow = {"value": {"enabled": True}, "reason": "runs are asked for at night"}
        assert client.put("/v1/admin/config/config/journal", json=allow).status_code == 200

        scenario, answer = journaled(fragile, client, "night-1")
        receipt, key = answer.json()["data"], f"night-1-{scenario}"
        assert (receipt["accepted"], receipt["idempotency_key"]) == ("journaled", key)

        # The client, not content with that, asks again, until it gets the run itself.
        def found() -> str | None:
            again = client.post(
                f"/v1/scenarios/{scenario}/run", json={"seed": 3}, headers={"Idempotency-Key": key}
            )
            data = again.json().get("data", {})
            return data.get("id") if again.status_code in (200, 202) else None

        run = until(found, within=30, every=0.2)
        fragile.invoke("journal")

        def settled() -> dict[str, str] | None:
            receipt = client.get(answer.headers["Location"])
            return receipt.json()["data"] if receipt.status_code == 200 else None

        receipt = until(settled, within=30, every=0.2)
        assert (receipt["state"], receipt["run_id"]) == ("CARRIED_OUT", run)
        assert finished_run(client, scenario, run)["state"] == "SUCCEEDED"
        listed = client.get(f"/v1/scenarios/{scenario}/runs").json()["data"]
        assert [each["id"] for each in listed] == [run]


def test_without_a_repeat_the_journal_alone_starts_the_run(fragile: RunningSystem) -> None:
    with fragile.client("acme", "admin") as client:
        scenario, answer = journaled(fragile, client, "night-2")

        def settled() -> dict[str, str] | None:
            fragile.invoke("journal")
            receipt = client.get(answer.headers["Location"])
            return receipt.json()["data"] if receipt.status_code == 200 else None

        run = until(settled, within=30, every=0.2)["run_id"]
        assert run == answer.json()["data"]["receipt_id"]
        assert finished_run(client, scenario, run)["state"] == "SUCCEEDED"
