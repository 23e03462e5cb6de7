"""Stories at a real terminal and in a pipe, with the command as it is installed, against the running system."""

from __future__ import annotations

import json
import uuid

import pytest

from local.running import RunningSystem
from sextant_client.cli import exits
from tests.client.shell import Shell

YEARS = "parameters: {start_year: 2029, end_year: 2030}"


@pytest.fixture(scope="module")
def shell(system: RunningSystem, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(system, tmp_path_factory.mktemp("home"))


def test_scenarios_as_files_are_planned_applied_run_and_compared(shell: Shell) -> None:
    # Given two scenarios in a file
    mark = uuid.uuid4().hex[:8]
    policy = "{policy_name: RPS, start_year: 2030, target: 0.6}"
    (shell.home / "market.yaml").write_text(
        f"name: RPS {mark}\nassumptions:\n  - driver_type: policy\n    payload: {policy}\n{YEARS}\n"
        f"---\nname: as it is {mark}\n{YEARS}\n"
    )
    # Then the plan says that they are to be created, and changes nothing
    planned = shell.run("plan", "-f", "market.yaml", "--check")
    assert planned.returncode == exits.DIFFERENT
    assert "2 to create, 0 to change, 0 to keep" in planned.stdout
    assert shell.here("scenario", "show", f"RPS {mark}").returncode == exits.NOT_FOUND

    # When they are applied and run
    applied = shell.here("apply", "-f", "market.yaml", "--yes", "--run", "--seed", "7", "--json")
    assert applied.returncode == exits.OK, applied.stderr
    run, other = (each["run"]["id"] for each in json.loads(applied.stdout))

    # Then nothing differs any more, and a change of the file is told as such
    assert shell.here("plan", "-f", "market.yaml", "--check").returncode == exits.OK
    file = shell.home / "market.yaml"
    file.write_text(file.read_text().replace("0.6", "0.5"))
    assert "~ assumptions[0].payload.target: 0.6 → 0.5" in shell.here("plan", "-f", "market.yaml").stdout

    # And the results are compared, with a chart
    compared = shell.here("compare", other, run, "--metric", "price")
    assert compared.returncode == exits.OK
    assert "█" in compared.stdout
    assert f"RPS {mark}" in compared.stdout
    values = json.loads(shell.here("outputs", run, "-m", "price", "--json").stdout)
    assert [each["unit"] for each in values] == ["EUR/MWh", "EUR/MWh"]


def test_a_run_is_watched_at_a_terminal(shell: Shell) -> None:
    name = f"watched {uuid.uuid4().hex[:8]}"
    assert (
        shell.here("scenario", "create", name, "-p", "start_year=2030", "-p", "end_year=2030").returncode == 0
    )

    status, shown = shell.at_a_terminal("run", name, "--seed", "7", "--watch")

    assert status == exits.OK, shown
    assert "100 %" in shown
    assert "bn EUR" in shown


def test_each_kind_of_failure_has_its_status(shell: Shell, system: RunningSystem) -> None:
    slip = '{"driver_type": "fuel_curve", "payload": {"fuel": "gass", "multiplier": 2}}'
    refused = shell.run("scenario", "create", "a slip", "-a", slip)
    assert (refused.returncode, refused.stdout) == (exits.REFUSED, "")
    assert "did you mean gas" in refused.stderr

    assert shell.here("status", str(uuid.uuid4())).returncode == exits.NOT_FOUND
    assert shell.here("outbox", "summary").returncode == exits.FORBIDDEN
    assert shell.here("whoami", SEXTANT_TOKEN="none").returncode == exits.NOT_SIGNED_IN
    assert shell.here("scenario", "show").returncode == exits.USAGE

    told = shell.here("status", str(uuid.uuid4()), "--json")
    assert json.loads(told.stderr)["code"] == "run_not_found"


def test_one_signs_in_and_out(shell: Shell, system: RunningSystem) -> None:
    signed_in = shell.run("login", "--tenant", "other", "--role", "viewer", "--profile", "elsewhere")

    assert signed_in.returncode == exits.OK, signed_in.stderr
    assert "viewer@other" in signed_in.stdout
    kept = shell.home / "sextant" / "elsewhere.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert shell.run("logout", "--profile", "elsewhere").returncode == exits.OK
    assert not kept.exists()


def test_any_request_can_be_made(shell: Shell) -> None:
    answer = shell.run("api", "GET", "/v1/baselines/reference")

    assert answer.returncode == exits.OK, answer.stderr
    assert json.loads(answer.stdout)["data"]["built_in"] is True
