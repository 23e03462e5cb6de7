"""Runs: a scenario computed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sextant_client._async.outputs import AsyncOutputs
from sextant_client._async.pages import items
from sextant_client.problems import NotModifiedError, RunFailedError, RunTimeoutError, StillRunningError
from sextant_client.progress import shown_by
from sextant_client.waiting import sleep_async

if TYPE_CHECKING:
    from sextant_client._async.client import AsyncSextant
    from sextant_client._generated import models

_UNDER_WAY = ("QUEUED", "RUNNING")
_ENDS = ("SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT")
_LONGEST_WAIT = 20


class AsyncRun:
    """One computation of a version of a scenario. `body` is what the API said of it last."""

    def __init__(
        self, client: AsyncSextant, body: models.RunBody | models.LiveRunBody | models.ListedRunBody
    ) -> None:
        self._client = client
        self.body = body

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.state}>"

    @property
    def id(self) -> UUID:
        """Its id."""
        return self.body.id

    @property
    def scenario_id(self) -> UUID:
        """The id of the scenario that is computed."""
        return self.body.scenario_id

    @property
    def state(self) -> str:
        """QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED or TIMEOUT, as it was when it was read last."""
        return self.body.state

    @property
    def progress(self) -> int:
        """How much of the present attempt is done, in per cent."""
        return self.body.progress_percent

    @property
    def error(self) -> models.RunErrorBody | None:
        """Why it did not succeed: `code` and `message`; None without a failure."""
        return self.body.error

    @property
    def ended(self) -> bool:
        """Whether it will not change any more. A state that this release does not know counts as not ended."""
        return self.state in _ENDS

    async def wait(
        self,
        *,
        progress: bool | Callable[[AsyncRun], None] = False,
        timeout: float | None = None,
        check: bool = True,
    ) -> AsyncRun:
        """The run when it has ended.

        progress: True shows a bar on standard error; a function is called with the run whenever it has changed
        timeout: seconds after which `StillRunningError` is raised; the run goes on. None waits as long as it takes
        check: whether a run that ends without a result raises `RunFailedError` (`RunTimeoutError` for its own time limit)
        """
        began, tag, show = time.monotonic(), None, shown_by(progress)
        show(self)
        while not self.ended:
            left = _LONGEST_WAIT if timeout is None else timeout - (time.monotonic() - began)
            if left <= 0:
                raise StillRunningError(self, timeout or 0)
            pause = 0.0
            try:
                answer = await self._client.api.get_run(
                    self.id,
                    wait=max(1, min(_LONGEST_WAIT, int(left))),
                    if_none_match=tag if progress else None,
                )
            except NotModifiedError as same:
                pause = same.retry_after
            else:
                self.body, tag, pause = answer.data, answer.etag, answer.retry_after
                show(self)
            if pause and not self.ended:
                await sleep_async(min(pause, max(left, 0)))
        if check and self.state != "SUCCEEDED":
            raise (RunTimeoutError if self.state == "TIMEOUT" else RunFailedError)(self)
        return self

    async def refresh(self) -> AsyncRun:
        """The run as it is now."""
        self.body = (await self._client.api.get_run(self.id)).data
        return self

    async def cancel(self) -> AsyncRun:
        """Stop it. A run that has ended already raises `ConflictError`."""
        self.body = (await self._client.api.cancel_run(self.id)).data
        return self

    async def result(self) -> models.ResultBody:
        """What was computed, from what, and how sure that is: attribution, limits, warnings, certificate, statistics.

        Money is in `currency` (of `price_year`). A run without a result raises `ConflictError`.
        """
        return (await self._client.api.get_run_result(self.id)).data

    def outputs(self, **filters: Any) -> AsyncOutputs:
        """The values of this run; nothing is read yet. The filters are those of `AsyncOutputs`."""
        return AsyncOutputs(self._client, self.scenario_id, runs=str(self.id), **filters)

    async def attempts(self) -> list[models.AttemptBody]:
        """How often it was tried, and what became of each."""
        return (await self._client.api.list_attempts(self.scenario_id, self.id)).data

    async def parts(self) -> AsyncIterator[AsyncRun]:
        """The points of a sweep, or the other parts that the run was split into."""
        async for body in items(self._client.api.list_scenario_runs, self.scenario_id, parent=self.id):
            yield AsyncRun(self._client, body)


class AsyncRuns:
    """The tenant's runs."""

    def __init__(self, client: AsyncSextant) -> None:
        self._client = client

    async def get(self, run_id: UUID | str) -> AsyncRun:
        """The run of this id. Raises `NotFoundError`."""
        return AsyncRun(self._client, (await self._client.api.get_run(run_id)).data)

    async def list(
        self,
        *,
        state: str | None = None,
        scenario_id: UUID | str | None = None,
        model: str | None = None,
        created_by: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> AsyncIterator[AsyncRun]:
        """The runs, the newest first.

        state: one of QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED, TIMEOUT
        model: the name of the model that computes it
        created_by: who asked for it
        created_after, created_before: moments with their zone
        """
        filters = {
            "state": state,
            "scenario_id": scenario_id,
            "model": model,
            "created_by": created_by,
            "created_after": created_after,
            "created_before": created_before,
        }
        async for body in items(self._client.api.list_runs, **filters):
            yield AsyncRun(self._client, body)
