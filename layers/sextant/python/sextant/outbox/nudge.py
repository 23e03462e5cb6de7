"""Tells the relay, after a commit, that there is something to publish.

It is best effort: an asynchronous invocation that is given a moment, never retried, and never fails the
caller. Events whose nudge is lost are found by the schedule. Of the whole system one nudge a second is sent at most, and none
while a relay looks on (`watch`): the database tells, in one small question, and a process asks it again only when that
time is over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from sextant.outbox.model import Call

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

COALESCE = 1.0
"""Seconds after a nudge in which no other is sent: the relay that it starts looks on for at least as long."""
BACKOFF = 5.0
"""Seconds without nudges after one that failed, so that a Lambda API in trouble costs the callers nothing."""

logger = logging.getLogger("sextant.outbox")


class Nudger:
    """Nudges one function: `ask` says whether a relay has to be called, and `invoke` calls it. Thread-safe."""

    def __init__(
        self,
        ask: Callable[[], Call],
        invoke: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._invoke = invoke
        self._clock = clock
        self._lock = threading.Lock()
        self._silent_until = float("-inf")

    def nudge(self) -> bool:
        """Whether a nudge was sent."""
        with self._lock:
            now = self._clock()
            if now < self._silent_until:
                return False
            self._silent_until = now + COALESCE
        try:
            call = self._ask()
            # Counted from before the question: what others commit until then, a relay will see.
            self._silent_until = now + call.silent_for
            if call.due:
                self._invoke()
        except Exception as error:  # noqa: BLE001 - a lost nudge must never fail the request that was served already
            self._silent_until = self._clock() + BACKOFF
            logger.info("nudge failed; the schedule will find the events", extra={"error": repr(error)})
            return False
        return call.due


class RelayInvocation:
    """Invokes the relay function without waiting for it. boto3 is imported with the first call."""

    def __init__(self, function_name: str) -> None:
        self._function_name = function_name

    @cached_property
    def _client(self) -> LambdaClient:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "lambda",
            config=Config(
                connect_timeout=0.5, read_timeout=1.0, retries={"total_max_attempts": 1}, tcp_keepalive=True
            ),
        )

    def __call__(self) -> None:
        self._client.invoke(
            FunctionName=self._function_name, InvocationType="Event", Payload=b'{"source":"sextant.nudge"}'
        )
