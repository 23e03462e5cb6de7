"""The local runtime treats a function as Lambda does."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config

from functions.declaration import Function
from local.concurrency import USUAL_ACCOUNT
from local.invocations import Asynchronous, Functions, Machine
from local.lambda_api import LambdaApi
from local.processes import is_alive
from local.runtime_api import Environment, Outcome

SAMPLE = "tests.integration.local.sample.handlers"
VARIABLES = {"SEXTANT_STAGE": "local", "AWS_REGION": "eu-central-1"}


def function(handler: str, *, timeout: int = 20, concurrency: int = 1, **declared: Any) -> Function:
    return Function(
        handler,
        f"{SAMPLE}.{handler}",
        memory=256,
        timeout=timeout,
        local_concurrency=concurrency,
        **declared,
    )


@asynccontextmanager
async def running(
    *functions: Function,
    log: Callable[[str, str], None] | None = None,
    writable: Path | None = None,
    limit: int = USUAL_ACCOUNT,
    asynchronous: Asynchronous | None = None,
) -> AsyncIterator[Functions]:
    variables = {each.name: VARIABLES for each in functions}
    system = Functions(
        functions,
        variables,
        log or (lambda *_: None),
        machine=Machine(writable=[writable] if writable else []),
        account_limit=limit,
        asynchronous=asynchronous,
    )
    try:
        yield system
    finally:
        await system.close()


async def invoke(
    system: Functions, name: str, event: object, *, start_within: float | None = None
) -> Outcome:
    return await system[name].invoke(json.dumps(event).encode(), start_within=start_within)


def error_type(outcome: Outcome) -> str:
    assert outcome.error == "Unhandled"
    return str(json.loads(outcome.payload)["errorType"])


async def eventually(condition: Callable[[], Any], within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 (what is waited for is outside this loop)
            await asyncio.sleep(0.01)


def test_a_handler_gets_its_event_and_a_lambda_context_and_its_process_is_reused() -> None:
    async def scenario() -> None:
        async with running(function("echo")) as system:
            first = json.loads((await invoke(system, "echo", {"n": 1, "text": "Grüße"})).payload)
            second = json.loads((await invoke(system, "echo", {"n": 2})).payload)

        assert first["event"] == {"n": 1, "text": "Grüße"}
        assert (first["function"], first["memory"], first["stage"]) == ("echo", "256", "local")
        assert first["arn"] == "arn:aws:lambda:eu-central-1:000000000000:function:echo"
        assert 15_000 < first["remaining_ms"] <= 20_000
        assert first["pid"] == second["pid"]

    asyncio.run(scenario())


def test_an_exception_is_reported_and_the_process_lives_on() -> None:
    async def scenario() -> None:
        async with running(function("behave")) as system:
            before = json.loads((await invoke(system, "behave", {"do": "nothing"})).payload)
            failed = await invoke(system, "behave", {"do": "raise"})
            after = json.loads((await invoke(system, "behave", {"do": "nothing"})).payload)

        assert error_type(failed) == "ValueError"
        assert json.loads(failed.payload)["errorMessage"] == "as asked"
        assert before["pid"] == after["pid"]

    asyncio.run(scenario())


@pytest.mark.parametrize("how", ["exit", "die"])
def test_a_process_that_ends_fails_its_invocation_and_is_replaced(how: str) -> None:
    async def scenario() -> None:
        async with running(function("behave")) as system:
            before = json.loads((await invoke(system, "behave", {"do": "nothing"})).payload)
            failed = await invoke(system, "behave", {"do": how})
            after = json.loads((await invoke(system, "behave", {"do": "nothing"})).payload)

        assert failed.error == "Unhandled"
        assert before["pid"] != after["pid"]
        assert not is_alive(before["pid"])

    asyncio.run(scenario())


def test_a_killed_process_is_an_exit_error() -> None:
    async def scenario() -> None:
        async with running(function("behave")) as system:
            failed = await invoke(system, "behave", {"do": "die"})

        assert error_type(failed) == "Runtime.ExitError"
        assert "SIGKILL" in json.loads(failed.payload)["errorMessage"]

    asyncio.run(scenario())


def test_a_process_killed_while_idle_is_replaced() -> None:
    async def scenario() -> None:
        async with running(function("behave")) as system:
            before = json.loads((await invoke(system, "behave", {"do": "nothing"})).payload)
            os.kill(before["pid"], 9)
            await eventually(lambda: not system.states())
            after = json.loads((await invoke(system, "behave", {"do": "nothing"})).payload)

        assert before["pid"] != after["pid"]

    asyncio.run(scenario())


def test_the_timeout_kills_the_process() -> None:
    async def scenario() -> None:
        async with running(function("behave", timeout=1)) as system:
            before = json.loads((await invoke(system, "behave", {"do": "nothing"})).payload)
            failed = await invoke(system, "behave", {"do": "hang"})
            await eventually(lambda: not is_alive(before["pid"]))
            after = json.loads((await invoke(system, "behave", {"do": "nothing"})).payload)

        assert error_type(failed) == "Sandbox.Timedout"
        assert "Task timed out after 1.00 seconds" in json.loads(failed.payload)["errorMessage"]
        assert before["pid"] != after["pid"]

    asyncio.run(scenario())


def test_a_handler_that_cannot_be_imported_fails_its_invocation() -> None:
    async def scenario() -> None:
        broken = Function("broken", "tests.integration.local.sample.missing.handler", memory=128, timeout=5)
        async with running(broken) as system:
            outcome = await invoke(system, "broken", {})

        assert error_type(outcome) == "Runtime.ImportModuleError"

    asyncio.run(scenario())


def test_an_answer_above_six_megabytes_is_refused() -> None:
    async def scenario() -> None:
        async with running(function("behave")) as system:
            outcome = await invoke(system, "behave", {"do": "large", "bytes": 6 * 1024 * 1024})

        assert error_type(outcome) == "Function.ResponseSizeTooLarge"

    asyncio.run(scenario())


def test_what_a_function_prints_reaches_the_log() -> None:
    lines: list[tuple[str, str]] = []

    async def scenario() -> None:
        async with running(function("behave"), log=lambda part, line: lines.append((part, line))) as system:
            await invoke(system, "behave", {"do": "raise"})

    asyncio.run(scenario())
    assert any("as asked" in line for part, line in lines if part == "behave")


def test_no_process_outlives_the_system() -> None:
    async def scenario() -> list[int]:
        async with running(function("behave", concurrency=2)) as system:
            await system["behave"].warm(2)
            return [state.pid for state in system.states()]

    pids = asyncio.run(scenario())
    assert len(pids) == 2
    assert not any(is_alive(pid) for pid in pids)


def test_a_process_is_frozen_between_invocations() -> None:
    """As on Lambda: a thread in the background does not turn while no event is being handled."""

    async def scenario() -> None:
        async with running(function("ticking"), function("echo")) as system:
            before = json.loads((await invoke(system, "ticking", {})).payload)
            (state,) = system.states()
            process = psutil.Process(state.pid)
            await eventually(lambda: process.status() == psutil.STATUS_STOPPED)
            used = process.cpu_times()
            await invoke(system, "echo", {})  # meanwhile another process starts, which takes a while
            assert process.cpu_times() == used
            after = json.loads((await invoke(system, "ticking", {})).payload)

        assert after - before < 100

    asyncio.run(scenario())


def test_an_environment_listens_on_loopback_only() -> None:
    async def scenario() -> list[tuple[str, int]]:
        environment = Environment(function("echo"), VARIABLES, lambda _: None)
        await environment.start()
        try:
            assert environment._runner is not None
            return [address[:2] for address in environment._runner.addresses]
        finally:
            await environment.stop()

    assert [host for host, _ in asyncio.run(scenario())] == ["127.0.0.1"]


# Through boto3 ----------------------------------------------------------------------------------------


def lambda_client(endpoint: str) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_boto3_invokes_a_function_and_sees_its_errors() -> None:
    async def scenario() -> None:
        async with running(function("echo"), function("behave")) as system:
            api = LambdaApi(system)
            await api.start()
            client = lambda_client(api.endpoint)
            arn = "arn:aws:lambda:eu-central-1:000000000000:function:echo:$LATEST"
            fine = await asyncio.to_thread(client.invoke, FunctionName=arn, Payload=b'{"a": 1}')
            failed = await asyncio.to_thread(client.invoke, FunctionName="behave", Payload=b'{"do": "raise"}')
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                await asyncio.to_thread(client.invoke, FunctionName="nobody", Payload=b"{}")
            await api.stop()

        assert fine["StatusCode"] == 200
        assert "FunctionError" not in fine
        assert json.loads(fine["Payload"].read())["event"] == {"a": 1}
        assert failed["FunctionError"] == "Unhandled"

    asyncio.run(scenario())


def test_boto3_is_throttled_beyond_a_functions_share(tmp_path: Path) -> None:
    async def scenario() -> str:
        async with running(function("behave", reserved_concurrency=1)) as system:
            api = LambdaApi(system)
            await api.start()
            client = lambda_client(api.endpoint)
            go = tmp_path / "go"
            busy = asyncio.create_task(invoke(system, "behave", {"do": "wait", "until": str(go)}))
            await eventually(lambda: any(state.busy for state in system.states()))
            with pytest.raises(client.exceptions.TooManyRequestsException) as refused:
                await asyncio.to_thread(client.invoke, FunctionName="behave", Payload=b'{"do": "nothing"}')
            go.touch()
            assert (await busy).error is None
            await api.stop()
        return str(refused.value.response["Reason"])

    assert asyncio.run(scenario()) == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_an_asynchronous_invocation_is_tried_as_often_as_it_is_configured(tmp_path: Path) -> None:
    async def scenario(rules: Asynchronous) -> tuple[str, str]:
        for name in ("recovers", "never"):
            (tmp_path / name).unlink(missing_ok=True)
        async with running(function("fail_at_first"), asynchronous=rules, writable=tmp_path) as system:
            api = LambdaApi(system)
            await api.start()
            client = lambda_client(api.endpoint)
            for name, times in (("recovers", 2), ("never", 9)):
                event = json.dumps({"counter": str(tmp_path / name), "times": times}).encode()
                answer = await asyncio.to_thread(
                    client.invoke, FunctionName="fail_at_first", InvocationType="Event", Payload=event
                )
                assert answer["StatusCode"] == 202
            await eventually(lambda: system.queued == 0)
            await api.stop()
        return (tmp_path / "recovers").read_text(), (tmp_path / "never").read_text()

    assert asyncio.run(scenario(Asynchronous(retries=2, delays=(0.05, 0.05)))) == ("3", "3")
    assert asyncio.run(scenario(Asynchronous())) == ("1", "1"), "as declared: nudges and ticks are tried once"
