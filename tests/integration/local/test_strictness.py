"""The local system is no kinder than Lambda: concurrency, asynchronous invocations, loops, rights and files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.declaration import Function, QueueTrigger
from functions.variables import LONGEST, Place
from local import confinement, place
from local.aws import REGION, LocalAws, client_for
from local.concurrency import NEW_ACCOUNT, Concurrency, ThrottledError, account_limit
from local.event_sources import EventSource, SourceQueue
from local.invocations import Asynchronous, Functions, Machine
from local.lambda_api import LambdaApi
from local.lineage import LONGEST_CHAIN, LoopError, follow, lineage
from local.processes import is_alive
from local.runtime_api import ROOT
from tests.integration.local.test_runtime import eventually, function, invoke, running

ECHO = function("echo")


@asynccontextmanager
async def calling(
    tmp_path: Path,
    *functions: Function,
    variables: dict[str, str] | None = None,
    log: Any = print,
    **machine: str,
) -> AsyncIterator[tuple[Functions, LambdaApi]]:
    """The functions and their Lambda API, which they call with credentials of their own."""
    given = {one.name: variables or {} for one in functions}
    own: dict[str, dict[str, str]] = {}
    system = Functions(functions, given, log, machine=Machine(own, writable=[tmp_path]))
    api = LambdaApi(system)
    await api.start()
    for one in functions:
        own[one.name] = {
            "AWS_ENDPOINT_URL_LAMBDA": api.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": one.name,
            "AWS_SECRET_ACCESS_KEY": "test",
            **machine,
        }
    try:
        yield system, api
    finally:
        await api.stop()
        await system.close()


# Concurrency --------------------------------------------------------------------------------------------


def test_the_account_and_each_share_have_a_limit_and_a_new_account_reserves_nothing() -> None:
    shared = function("hang", reserved_concurrency=2)

    usual = Concurrency([ECHO, shared], limit=200)
    with usual.slot("hang"), usual.slot("hang"):
        with pytest.raises(ThrottledError, match="ReservedFunctionConcurrentInvocationLimitExceeded"):
            usual.slot("hang").__enter__()
        taken = [usual.slot("echo") for _ in range(198)]
        for each in taken:
            each.__enter__()
        with pytest.raises(ThrottledError, match=r"echo.*ConcurrentInvocationLimitExceeded"):
            usual.slot("echo").__enter__()
        for each in taken:
            each.__exit__(None, None, None)
        with usual.slot("echo"):
            assert (usual.counts["echo"], usual.peak["echo"]) == (1, 198)

    new = Concurrency([ECHO, shared], limit=NEW_ACCOUNT)
    assert new.share("hang") is None
    taken = [new.slot("hang") for _ in range(NEW_ACCOUNT)]
    for each in taken:
        each.__enter__()
    with pytest.raises(ThrottledError):
        new.slot("echo").__enter__()


def test_the_limit_is_switchable_and_a_wrong_one_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert account_limit() == 1_000
    monkeypatch.setenv("SEXTANT_LOCAL_CONCURRENCY", "10")
    assert account_limit() == 10
    monkeypatch.setenv("SEXTANT_LOCAL_CONCURRENCY", "none")
    with pytest.raises(ValueError, match="SEXTANT_LOCAL_CONCURRENCY must be a whole number"):
        account_limit()


def test_a_throttled_event_waits_until_it_is_too_old(tmp_path: Path) -> None:
    """Given an account whose one slot is taken, when two events come, then one runs late and the other never."""
    lines: list[str] = []
    log = lambda _, line: lines.append(line)  # noqa: E731 (as short as it is)

    async def scenario(longest_age: float) -> list[str]:
        go, counter = tmp_path / f"go-{longest_age}", tmp_path / f"counter-{longest_age}"
        event = json.dumps({"counter": str(counter), "times": 0}).encode()
        rules = Asynchronous(longest_age=longest_age, throttled=(0.05, 0.1))
        made = (function("behave"), function("fail_at_first"))
        async with running(*made, log=log, limit=1, asynchronous=rules, writable=tmp_path) as system:
            busy = asyncio.create_task(invoke(system, "behave", {"do": "wait", "until": str(go)}))
            await eventually(lambda: system.concurrency.counts["behave"] == 1)
            system.invoke_later("fail_at_first", event)
            await eventually(lambda: any("throttled" in line for line in lines))
            if longest_age < 1:
                await eventually(lambda: system.queued == 0)
            go.touch()
            await busy
            await eventually(lambda: system.queued == 0)
        return counter.read_text().split() if counter.exists() else []

    assert asyncio.run(scenario(30)) == ["1"]
    assert asyncio.run(scenario(0.3)) == []
    assert any("given up: older than 0.3 s" in line for line in lines)


# Loops --------------------------------------------------------------------------------------------------


def test_a_chain_is_counted_for_each_function_and_stopped_unless_it_is_declared() -> None:
    other, meant = function("note"), function("hang", loop="it is meant")
    header = follow(None, other)
    for _ in range(LONGEST_CHAIN):
        header = follow(header, ECHO)
    assert sorted(lineage(header).values()) == [1, LONGEST_CHAIN]
    assert header.count("Root=") == 1
    with pytest.raises(LoopError, match="echo was invoked 16 times in one chain"):
        follow(header, ECHO)
    for _ in range(2 * LONGEST_CHAIN):
        header = follow(header, meant)
    assert follow(header, other)


@pytest.mark.parametrize(("loop", "calls"), [("", LONGEST_CHAIN), ("it is meant", LONGEST_CHAIN + 4)])
def test_a_function_that_calls_itself_is_stopped(tmp_path: Path, loop: str, calls: int) -> None:
    """By the header that botocore hands on: nothing of it is in the function."""
    notes = tmp_path / "notes"
    looping = function("call_on", loop=loop, calls=("call_on",))

    def noted() -> int:
        return len(notes.read_text().split()) if notes.exists() else 0

    async def scenario() -> None:
        async with calling(tmp_path, looping, variables={"NOTES": str(notes)}) as (system, _):
            system.invoke_later("call_on", b"{}")
            await eventually(lambda: noted() >= calls and (bool(loop) or not system.queued), within=30)

    asyncio.run(scenario())
    assert loop or notes.read_text().split() == ["call_on"] * LONGEST_CHAIN


def test_a_loop_through_a_queue_is_stopped(tmp_path: Path, aws: LocalAws, make_queue: Any) -> None:
    notes, queue = tmp_path / "notes", make_queue(visibility_timeout=30, max_receives=1)
    trigger = QueueTrigger("q", batch_size=1)
    looping = function("call_on", triggers=(trigger,))
    lines: list[str] = []

    async def scenario() -> None:
        given = {"NOTES": str(notes), "QUEUE": queue.url}
        async with calling(tmp_path, looping, variables=given, AWS_ENDPOINT_URL=aws.endpoint) as (system, _):
            source = EventSource(
                trigger,
                SourceQueue(queue.url, "arn:aws:sqs:eu-central-1:000000000000:q", REGION),
                system["call_on"],
                aws.client("sqs"),
                lines.append,
            )
            aws.client("sqs").send_message(QueueUrl=queue.url, MessageBody="begin")
            source.start()
            await eventually(lambda: any("16 times in one chain" in line for line in lines), within=30)
            await source.stop()

    asyncio.run(scenario())
    assert notes.read_text().split() == ["call_on"] * LONGEST_CHAIN


# Rights -------------------------------------------------------------------------------------------------


def test_a_function_may_invoke_what_it_declares_by_the_alias_and_nothing_else(tmp_path: Path) -> None:
    caller, target, stranger = function("behave", calls=("echo",)), ECHO, function("note")

    async def scenario() -> None:
        async with calling(tmp_path, caller, target, stranger) as (_, api):

            def dry(who: str, whom: str) -> int | str:
                client = client_for("lambda", api.endpoint, key=who)
                try:
                    return int(client.invoke(FunctionName=whom, InvocationType="DryRun")["StatusCode"])
                except ClientError as error:
                    return str(error.response["Error"]["Code"])

            for who, whom, answer in (
                ("behave", "echo:live", 204),
                ("behave", "echo", "AccessDeniedException"),
                ("behave", "note:live", "AccessDeniedException"),
                ("echo", "echo:live", "AccessDeniedException"),
                ("test", "echo", 204),
            ):
                assert await asyncio.to_thread(dry, who, whom) == answer, (who, whom)

    asyncio.run(scenario())


# Files, variables, sizes and the end --------------------------------------------------------------------


@pytest.mark.skipif(not confinement.held(), reason="this kernel has no Landlock")
def test_a_function_writes_to_its_own_tmp_and_nowhere_else(tmp_path: Path) -> None:
    elsewhere = [tmp_path / "file", Path("/tmp/file"), ROOT / "file", Path.home() / "file"]

    async def scenario() -> tuple[list[Any], dict[str, Any]]:
        async with running(function("behave")) as system:
            tried = [
                json.loads((await invoke(system, "behave", {"do": "write", "path": str(path)})).payload)
                for path in elsewhere
            ]
            return tried, json.loads((await invoke(system, "behave", {"do": "keep"})).payload)

    tried, kept = asyncio.run(scenario())
    assert [each["refused"] for each in tried] == ["Permission denied"] * len(elsewhere)
    assert not any(path.exists() for path in elsewhere)
    assert kept["files"] == ["directory", "kept"]
    assert not Path(kept["tmp"]).exists(), "it goes with its process"


def test_more_variables_than_lambda_takes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Place("local", "sqs", "INFO", {}, str, str, str, "table", "topic", "key", {})
    monkeypatch.setenv("SEXTANT_OPERATIONS_POLICY", "x" * LONGEST)
    with pytest.raises(
        place.EnvironmentTooLargeError,
        match=r"of function echo take .* 4096; the longest is SEXTANT_OPERATIONS_POLICY",
    ):
        place.configured(ECHO, here)


def test_a_batch_above_six_megabytes_is_cut(tmp_path: Path, aws: LocalAws, make_queue: Any) -> None:
    seen, queue = tmp_path / "seen", make_queue()
    trigger = QueueTrigger("q", batch_size=10)
    batch = function("batch", triggers=(trigger,))
    for _ in range(8):
        aws.client("sqs").send_message(QueueUrl=queue.url, MessageBody="x" * 1_000_000)

    async def scenario() -> None:
        async with calling(tmp_path, batch, variables={"SEEN": str(seen)}) as (system, _):
            source = EventSource(
                trigger, SourceQueue(queue.url, "arn", REGION), system["batch"], aws.client("sqs"), print
            )
            source.start()
            await eventually(lambda: seen.exists() and len(seen.read_text().splitlines()) == 8)
            await source.stop()

    asyncio.run(scenario())


def test_a_process_ends_without_a_signal_that_it_could_catch(tmp_path: Path) -> None:
    """Lambda ends the environments of functions without extensions so: what they hold has to end by its lease."""
    note = tmp_path / "note"

    async def scenario() -> int:
        async with running(function("behave"), writable=tmp_path) as system:
            done = await invoke(system, "behave", {"do": "catch", "path": str(note)})
            return int(json.loads(done.payload)["pid"])

    assert not is_alive(asyncio.run(scenario()))
    assert not note.exists()
