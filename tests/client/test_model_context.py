"""`sextant mcp` as a program that speaks the Model Context Protocol meets it: started by the protocol's own SDK, on the running system."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import pytest

from local.running import RunningSystem
from sextant_client.model_context import CHANGING, NAMES
from tests.client.shell import SEXTANT, Shell

RPS = {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
YEARS = {"start_year": 2029, "end_year": 2030}


@pytest.fixture(scope="module")
def shell(system: RunningSystem, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """An analyst who may see incidents."""
    made = Shell(system, tmp_path_factory.mktemp("home"))
    made.environment |= {"SEXTANT_ROLE": "admin", "SEXTANT_TENANT": f"model-{uuid.uuid4().hex[:8]}"}
    return made


def conversed(shell: Shell, story: Callable[[Any], Awaitable[None]], *options: str) -> None:
    """Tell a story to a client of a `sextant mcp` of its own."""
    mcp = import_module("mcp")
    served = mcp.StdioServerParameters(
        command=str(SEXTANT), args=["mcp", *options], env=shell.environment, cwd=shell.home
    )

    async def told() -> None:
        async with mcp.Client(served) as client:
            await story(client)

    asyncio.run(asyncio.wait_for(told(), 120))


async def answered(client: Any, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content[0].text
    content: dict[str, Any] = json.loads(answer.content[0].text)
    return content


async def refused(client: Any, tool: str, **arguments: Any) -> str:
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error, answer.content
    return str(answer.content[0].text)


def test_from_a_draft_to_an_explained_comparison(shell: Shell) -> None:
    async def story(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools.keys() == set(NAMES)
        assert all(tool.description for tool in tools.values())
        assert {name for name, tool in tools.items() if not tool.annotations.read_only_hint} == set(CHANGING)

        # Given a draft that breaks a rule: the field and the rule are told, and nothing is stored
        wrong = {**RPS, "payload": {**RPS["payload"], "target": 60}}  # type: ignore[dict-item]
        told = await refused(client, "validate_scenario", name="RPS", assumptions=[wrong], parameters=YEARS)
        assert "assumptions[0].payload.target" in told
        assert (await answered(client, "list_scenarios")) == {"items": [], "more": False}

        # When it is mended, stored, and run beside one without it
        draft: dict[str, Any] = {"name": "RPS", "assumptions": [RPS], "parameters": YEARS}
        assert (await answered(client, "validate_scenario", **draft))["valid"]
        await answered(client, "create_scenario", **draft)
        await answered(client, "fork_scenario", scenario="RPS", name="As it is", assumptions=[])
        differences = (await answered(client, "diff_scenarios", scenario="As it is", other="RPS"))[
            "differences"
        ]
        changes = {each["path"]: each["change"] for each in differences}
        assert changes == {"name": "CHANGED", "assumptions[0]": "ADDED"}
        run, other = [
            (await answered(client, "run_scenario", scenario=name, seed=7))["id"]
            for name in ("RPS", "As it is")
        ]
        for each in (run, other):
            assert (await answered(client, "wait_for_run", run=each))["state"] == "SUCCEEDED"

        # Then what differs is told with its unit, and what did it
        compared = await answered(client, "compare_runs", runs=[run], baseline=other, metric="price")
        assert [row["unit"] for row in compared["rows"]] == ["EUR/MWh"] * 2
        shares = (await answered(client, "explain_result", run=run))["attribution"]["shares"]
        assert len(shares) == 1
        series = (await answered(client, "read_outputs", run=run, metric="price", years="2030"))["series"]
        assert [len(each["v"]) for each in series] == [1]
        assert [each["id"] for each in (await answered(client, "list_runs"))["items"]] == [other, run]
        assert (await answered(client, "list_incidents"))["items"] == []
        assert (await answered(client, "list_baselines"))["items"] == []
        assert "ccgt" in json.dumps(await answered(client, "show_baseline", baseline="reference"))
        assert (await answered(client, "list_models"))["items"]

        # And what is not there, or makes no sense, is an answer and no end
        assert "scenario_not_found" in await refused(client, "show_scenario", scenario="nobody's")
        assert "run_already_ended" in await refused(client, "cancel_run", run=run)
        assert "years" in await refused(client, "read_outputs", run=run, metric="price", years="soon")

    conversed(shell, story)


def test_who_only_reads_is_given_nothing_that_changes(shell: Shell) -> None:
    async def story(client: Any) -> None:
        assert {tool.name for tool in (await client.list_tools()).tools} == set(NAMES) - set(CHANGING)
        assert (await answered(client, "who_am_i"))["tenant_id"] == shell.environment["SEXTANT_TENANT"]

    conversed(shell, story, "--read-only")
