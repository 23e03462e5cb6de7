"""EventBridge schedules: at the declared rate each function gets a scheduled event, asynchronously.

The first event of a frequent schedule comes right after the start: what an earlier, killed system left
undone is taken up at once.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from functions.declaration import Function, ScheduleTrigger
from local.invocations import Functions
from local.runtime_api import ACCOUNT

# Longer intervals are for housekeeping, which a start has no need of.
_FREQUENT = 300


class Scheduler:
    """The schedules of `declared`, in `region`."""

    def __init__(self, functions: Functions, declared: Sequence[Function], region: str) -> None:
        self._functions = functions
        self._region = region
        self._schedules = [
            (function.name, trigger)
            for function in declared
            for trigger in function.triggers
            if isinstance(trigger, ScheduleTrigger)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._repeat(name, trigger)) for name, trigger in self._schedules]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _repeat(self, name: str, trigger: ScheduleTrigger) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + (0 if trigger.every <= _FREQUENT else trigger.every)
        while True:
            await asyncio.sleep(due - loop.time())
            self._functions.invoke_later(name, json.dumps(scheduled_event(trigger, self._region)).encode())
            due += trigger.every
            # A machine that slept does not make up for the events it missed.
            due = max(due, loop.time())


def scheduled_event(trigger: ScheduleTrigger, region: str) -> dict[str, object]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [f"arn:aws:events:{region}:{ACCOUNT}:rule/{trigger.name}"],
        "detail": {},
    }
