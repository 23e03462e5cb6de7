"""Functions with their environments: started on demand, throttled, tried again and given up as Lambda does.

An invocation first needs a slot of the account's concurrency, or of the function's reserved share: none is free, it is
throttled. Then it waits for one of the processes that this machine runs the function in. An asynchronous one is accepted
at once; while it is throttled it is tried again, after one second and then ever later, and when the function fails as often
as declared, a minute and then two later, until it is too old.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from functions.declaration import ASYNC_LONGEST_AGE, ASYNC_RETRIES, Function
from local import lineage
from local.concurrency import USUAL_ACCOUNT, Concurrency, ThrottledError
from local.runtime_api import Environment, Outcome

# Lambda's pauses before the second and the third attempt of what failed.
RETRY_DELAYS = (60.0, 120.0)
# Its pauses while an event is throttled: the first, and the longest.
THROTTLED_DELAYS = (1.0, 300.0)

# And a poller's while it is throttled.
_POLLERS_PAUSES = (0.1, 10.0)

LogPart = Callable[[str, str], None]


class UnknownFunctionError(Exception):
    """No function has this name."""


@dataclass(frozen=True)
class EnvironmentState:
    """One live environment, as `status` and the chaos campaigns see it."""

    function: str
    pid: int
    busy: bool


@dataclass(frozen=True)
class Asynchronous:
    """The configuration of asynchronous invocations."""

    retries: int = ASYNC_RETRIES
    longest_age: float = ASYNC_LONGEST_AGE
    delays: Sequence[float] = RETRY_DELAYS
    throttled: tuple[float, float] = THROTTLED_DELAYS


@dataclass(frozen=True)
class Machine:
    """What this machine gives the processes of functions."""

    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By function, beside the configured ones: what stands in for what Lambda sets."""
    scratch: Path | None = None
    """Where each process has its `/tmp`."""
    writable: Sequence[Path] = ()
    """Where they may write too; nowhere but in tests."""
    processes: int = 0
    """So many of each function at least, where it declares fewer."""


class FunctionPool:
    """The environments of one function."""

    def __init__(
        self,
        function: Function,
        variables: Mapping[str, str],
        log: Callable[[str], None],
        concurrency: Concurrency,
        machine: Machine,
    ) -> None:
        self.function = function
        self.variables = variables
        self.processes = max(function.local_concurrency, machine.processes)
        self._machine = machine
        self._log = log
        self._concurrency = concurrency
        self._slots = asyncio.Semaphore(self.processes)
        self._idle: list[Environment] = []
        self._all: set[Environment] = set()
        self._closed = False

    async def invoke(
        self, event: bytes, *, start_within: float | None = None, trace: str | None = None
    ) -> Outcome:
        """Runs the function on `event`, which came with the header `trace`.

        Raises `ThrottledError` where Lambda would throttle it, or no process gets free `start_within` seconds (None
        waits for as long as it takes), and `LoopError` where Lambda would stop a loop.
        """
        followed = lineage.follow(trace, self.function)
        with self._concurrency.slot(self.function.name):
            await self._take_process(start_within)
            try:
                return await self._run(event, followed)
            finally:
                self._slots.release()

    async def invoke_patiently(
        self, event: bytes, *, within: float | None = None, trace: str | None = None
    ) -> Outcome:
        """`invoke`, tried again while it is throttled, as a poller does; raises `ThrottledError` after `within` seconds."""
        loop = asyncio.get_running_loop()
        until = None if within is None else loop.time() + within
        pause = _POLLERS_PAUSES[0]
        while True:
            try:
                return await self.invoke(event, trace=trace)
            except ThrottledError:
                if until is not None and loop.time() + pause > until:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, _POLLERS_PAUSES[1])

    async def warm(self, count: int = 1) -> Outcome | None:
        """Starts up to `count` environments ahead of the first event; returns an init's failure, if any."""
        missing = min(count, self.processes) - len(self._all)
        outcomes = await asyncio.gather(*(self._warm_one() for _ in range(max(missing, 0))))
        return next((outcome for outcome in outcomes if outcome is not None), None)

    def states(self) -> list[EnvironmentState]:
        return [
            EnvironmentState(self.function.name, environment.pid, environment.busy)
            for environment in self._all
            if environment.alive and environment.pid is not None
        ]

    async def close(self) -> None:
        self._closed = True
        await asyncio.gather(*(environment.stop() for environment in self._all))
        self._all.clear()
        self._idle.clear()

    async def _take_process(self, start_within: float | None) -> None:
        try:
            await asyncio.wait_for(self._slots.acquire(), start_within)
        except TimeoutError as error:
            raise ThrottledError(self.function.name, "no process is free") from error

    async def _run(self, event: bytes, trace: str) -> Outcome:
        environment = await self._idle_environment()
        if environment is None:
            environment = self._new_environment()
            if (failure := await environment.start()) is not None:
                await self._drop(environment)
                return failure
        try:
            return await environment.invoke(event, trace)
        finally:
            if environment.alive and not self._closed:
                self._idle.append(environment)
            else:
                await self._drop(environment)

    async def _idle_environment(self) -> Environment | None:
        while self._idle:
            environment = self._idle.pop()  # the one used last, as Lambda does
            if environment.alive:
                return environment
            await self._drop(environment)
        return None

    async def _warm_one(self) -> Outcome | None:
        async with self._slots:
            environment = self._new_environment()
            if (failure := await environment.start()) is None:
                self._idle.append(environment)
            else:
                await self._drop(environment)
            return failure

    def _new_environment(self) -> Environment:
        machine = self._machine
        environment = Environment(
            self.function,
            {**machine.variables.get(self.function.name, {}), **self.variables},
            self._log,
            scratch=machine.scratch,
            writable=machine.writable,
        )
        self._all.add(environment)
        return environment

    async def _drop(self, environment: Environment) -> None:
        self._all.discard(environment)
        await environment.stop()


class Functions:
    """Every declared function, by name; `variables` are those that it is configured with, by function."""

    def __init__(
        self,
        functions: Sequence[Function],
        variables: Mapping[str, Mapping[str, str]],
        log: LogPart,
        *,
        machine: Machine | None = None,
        account_limit: int = USUAL_ACCOUNT,
        asynchronous: Asynchronous | None = None,
    ) -> None:
        self._log = log
        self.asynchronous = asynchronous or Asynchronous()
        self.concurrency = Concurrency(functions, account_limit)
        machine = machine or Machine()
        self._pools = {
            function.name: FunctionPool(
                function, variables[function.name], self._logger(function.name), self.concurrency, machine
            )
            for function in functions
        }
        self._queued: set[asyncio.Task[None]] = set()

    def __getitem__(self, name: str) -> FunctionPool:
        try:
            return self._pools[name]
        except KeyError:
            raise UnknownFunctionError(name) from None

    def __contains__(self, name: str) -> bool:
        return name in self._pools

    @property
    def queued(self) -> int:
        """Asynchronous invocations that wait, run, or wait to be tried again."""
        return len(self._queued)

    def invoke_later(self, name: str, event: bytes, trace: str | None = None) -> None:
        """Accepts an asynchronous invocation."""
        task = asyncio.create_task(self._invoke_until_done(self[name], event, trace))
        self._queued.add(task)
        task.add_done_callback(self._queued.discard)

    def states(self) -> list[EnvironmentState]:
        return [state for pool in self._pools.values() for state in pool.states()]

    async def close(self) -> None:
        for task in list(self._queued):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))

    async def _invoke_until_done(self, pool: FunctionPool, event: bytes, trace: str | None) -> None:
        name, rules = pool.function.name, self.asynchronous
        loop = asyncio.get_running_loop()
        too_old_at = loop.time() + rules.longest_age
        delays = iter(rules.delays[: rules.retries])
        throttled, longest_pause = rules.throttled
        while True:
            try:
                outcome = await pool.invoke(event, trace=trace)
            except ThrottledError as error:
                pause, throttled = throttled, min(2 * throttled, longest_pause)
                self._log(name, f"WARNING asynchronous invocation throttled: {error.reason}")
            except lineage.LoopError as error:
                self._log(name, f"ERROR asynchronous invocation dropped: {error}")
                return
            else:
                if outcome.error is None:
                    return
                reason = outcome.payload[:2000].decode(errors="replace")
                self._log(name, f"ERROR asynchronous invocation failed: {reason}")
                again = next(delays, None)
                if again is None:
                    self._log(name, "ERROR asynchronous invocation given up")
                    return
                pause = again
            if loop.time() + pause > too_old_at:
                self._log(name, f"ERROR asynchronous invocation given up: older than {rules.longest_age:g} s")
                return
            await asyncio.sleep(pause)

    def _logger(self, name: str) -> Callable[[str], None]:
        return lambda line: self._log(name, line)
