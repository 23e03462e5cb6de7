"""The local system as a whole: it starts, keeps its state, and leaves nothing behind."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from local.processes import is_alive
from local.running import RunningSystem, StartFailedError, start
from local.state import Endpoints, forget
from tests.waiting import until

SCENARIO = {"name": "kept", "assumptions": [], "parameters": {}, "tags": []}


def family(started: RunningSystem) -> list[psutil.Process]:
    """The system's process and all below it."""
    top = psutil.Process(started.process.pid)
    return [top, *top.children(recursive=True)]


def test_nothing_listens_beyond_the_loopback_interface(system: RunningSystem) -> None:
    listening = {
        connection.laddr.ip
        for process in family(system)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_state_survives_a_restart_and_a_kill_and_no_process_is_left(tmp_path: Path) -> None:
    """In a directory where others may not enter, though as root Postgres runs as `nobody`."""
    tmp_path.chmod(0o700)
    first = start(tmp_path)
    with first.client() as client:
        assert client.post("/v1/scenarios", json=SCENARIO).status_code == 201
    members = family(first)
    owners = {process.uids().real for process in members if process.name() == "postgres"}
    assert owners == {os.geteuid() or pwd.getpwnam("nobody").pw_uid}
    assert first.stop() == 0
    assert not [process for process in members if process.is_running()]
    assert Endpoints.read(tmp_path) is None

    second = start(tmp_path)
    with second.client() as client:
        assert [found["name"] for found in client.get("/v1/scenarios").json()["data"]] == ["kept"]
    members = family(second)
    second.kill()
    until(lambda: not [process for process in members if is_alive(process.pid)], within=20)

    third = start(tmp_path)
    with third.client() as client:
        assert [found["name"] for found in client.get("/v1/scenarios").json()["data"]] == ["kept"]
    third.stop()
    forget(tmp_path)
    assert not list(tmp_path.iterdir()) if tmp_path.exists() else True


def test_a_second_system_in_the_same_place_is_refused(system: RunningSystem) -> None:
    with pytest.raises(StartFailedError, match="already runs"):
        start(system.home)
    assert httpx.get(f"{system.url}/v1/health", trust_env=False).status_code == 200


def test_the_first_page_is_the_apis_as_on_aws(system: RunningSystem) -> None:
    answer = httpx.get(f"{system.url}/", headers={"Accept": "text/html"}, trust_env=False)
    assert (answer.status_code, answer.json()["data"]["documentation"]) == (200, "/docs")


def test_a_taken_port_is_said_so(system: RunningSystem, tmp_path: Path) -> None:
    port = httpx.URL(system.url).port
    done = subprocess.run(
        [sys.executable, "-m", "local", "--home", str(tmp_path), "up", "--port", str(port)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"make up PORT={port + 1}" in done.stderr if port else False


def test_authentication_can_be_off_locally(tmp_path: Path) -> None:
    started = start(tmp_path, environment={"SEXTANT_AUTH_DISABLED": "1"})
    try:
        answer = httpx.get(f"{started.url}/v1/scenarios", headers={"X-Tenant-ID": "demo"}, trust_env=False)
    finally:
        started.stop()
        forget(tmp_path)
    assert (answer.status_code, answer.json()["data"]) == (200, [])


def test_the_state_directory_keeps_its_secrets_to_its_owner(system: RunningSystem) -> None:
    for name in ("system.json", "signing-key.pem", "postgres.password"):
        assert (system.home / name).stat().st_mode & 0o077 == 0, name
