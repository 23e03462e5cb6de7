"""Functions with their environments: started on demand, up to each function's local concurrency.

A synchronous invocation that finds every environment busy is throttled, or waits as long as its caller
allows. An asynchronous one is accepted at once, runs when an environment is free, and is tried twice more
when the function fails, a minute and then two later, as Lambda does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from functions.declaration import Function
from local.runtime_api import Environment, Outcome

ASYNC_RETRY_DELAYS = (60.0, 120.0)

LogPart = Callable[[str, str], None]


class ThrottledError(Exception):
    """Every environment of the function is busy."""


class UnknownFunctionError(Exception):
    """No function has this name."""


@dataclass(frozen=True)
class EnvironmentState:
    """One live environment, as `status` and the chaos campaigns see it."""

    function: str
    pid: int
    busy: bool


class FunctionPool:
    """The environments of one function."""

    def __init__(self, function: Function, variables: Mapping[str, str], log: Callable[[str], None]) -> None:
        self.function = function
        self._variables = variables
        self._log = log
        self._slots = asyncio.Semaphore(function.local_concurrency)
        self._idle: list[Environment] = []
        self._all: set[Environment] = set()
        self._closed = False

    async def invoke(self, event: bytes, *, start_within: float | None = None) -> Outcome:
        """Runs the function on `event`. Raises `ThrottledError` when no environment gets free
        `start_within` seconds; None waits for as long as it takes."""
        await self._take_slot(start_within)
        try:
            return await self._run(event)
        finally:
            self._slots.release()

    async def warm(self, count: int = 1) -> Outcome | None:
        """Starts up to `count` environments ahead of the first event; returns an init's failure, if any."""
        missing = min(count, self.function.local_concurrency) - len(self._all)
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

    async def _take_slot(self, start_within: float | None) -> None:
        if start_within == 0 and self._slots.locked():
            raise ThrottledError(self.function.name)
        try:
            await asyncio.wait_for(self._slots.acquire(), start_within or None)
        except TimeoutError as error:
            raise ThrottledError(self.function.name) from error

    async def _run(self, event: bytes) -> Outcome:
        environment = await self._idle_environment()
        if environment is None:
            environment = self._new_environment()
            if (failure := await environment.start()) is not None:
                await self._drop(environment)
                return failure
        try:
            return await environment.invoke(event)
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
        environment = Environment(self.function, self._variables, self._log)
        self._all.add(environment)
        return environment

    async def _drop(self, environment: Environment) -> None:
        self._all.discard(environment)
        await environment.stop()


class Functions:
    """Every declared function, by name."""

    def __init__(
        self,
        functions: Sequence[Function],
        variables: Mapping[str, Mapping[str, str]],
        log: LogPart,
        *,
        retry_delays: Sequence[float] = ASYNC_RETRY_DELAYS,
    ) -> None:
        self._log = log
        self._retry_delays = tuple(retry_delays)
        self._pools = {
            function.name: FunctionPool(function, variables[function.name], self._logger(function.name))
            for function in functions
        }
        self._queued: set[asyncio.Task[None]] = set()

    def __getitem__(self, name: str) -> FunctionPool:
        try:
            return self._pools[name]
        except KeyError:
            raise UnknownFunctionError(name) from None

    @property
    def queued(self) -> int:
        """Asynchronous invocations that wait, run, or wait to be tried again."""
        return len(self._queued)

    def invoke_later(self, name: str, event: bytes) -> None:
        """Accepts an asynchronous invocation."""
        task = asyncio.create_task(self._invoke_with_retries(self[name], event))
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

    async def _invoke_with_retries(self, pool: FunctionPool, event: bytes) -> None:
        for delay in (*self._retry_delays, None):
            outcome = await pool.invoke(event)
            if outcome.error is None:
                return
            name = pool.function.name
            self._log(
                name,
                f"ERROR asynchronous invocation failed: {outcome.payload[:2000].decode(errors='replace')}",
            )
            if delay is None:
                self._log(name, "ERROR asynchronous invocation given up")
                return
            await asyncio.sleep(delay)

    def _logger(self, name: str) -> Callable[[str], None]:
        return lambda line: self._log(name, line)
