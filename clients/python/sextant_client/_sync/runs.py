# Made from ../_async/runs.py by `python -m tools.docs client`: do not edit.
"""Runs: a scenario computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sextant_client._sync.outputs import Outputs
from sextant_client._sync.pages import items
from sextant_client.problems import NotModifiedError, RunFailedError, RunTimeoutError, StillRunningError
from sextant_client.progress import shown_by
from sextant_client.waiting import sleep

if TYPE_CHECKING:
    from sextant_client._generated import models
    from sextant_client._sync.client import Sextant

_UNDER_WAY = ("QUEUED", "RUNNING")
_ENDS = ("SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT")
_LONGEST_WAIT = 20


class Run:
    """One computation of a version of a scenario. `body` is what the API said of it last."""

    def __init__(
        self, client: Sextant, body: models.RunBody | models.LiveRunBody | models.ListedRunBody
    ) -> None:
        self._client = client
        self.body = body

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.state}>"

    @property
    def id(self) -> UUID:
        """Its id.

        >>> str((sextant.runs.get(run.id)).id) == str(run.id)
        True
        """
        return self.body.id

    @property
    def scenario_id(self) -> UUID:
        """The id of the scenario that is computed.

        >>> run.scenario_id == scenario.id
        True
        """
        return self.body.scenario_id

    @property
    def state(self) -> str:
        """QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED or TIMEOUT, as it was when it was read last.

        >>> run.state
        'SUCCEEDED'
        """
        return self.body.state

    @property
    def progress(self) -> int:
        """How much of the present attempt is done, in per cent.

        >>> 0 <= run.progress <= 100
        True
        """
        return self.body.progress_percent

    @property
    def error(self) -> models.RunErrorBody | None:
        """Why it did not succeed: `code` and `message`; None without a failure.

        >>> run.error is None
        True
        """
        return self.body.error

    @property
    def ended(self) -> bool:
        """Whether it will not change any more. A state that this release does not know counts as not ended.

        >>> run.ended
        True
        """
        return self.state in _ENDS

    def wait(
        self,
        *,
        progress: bool | Callable[[Run], None] = False,
        timeout: float | None = None,
        check: bool = True,
    ) -> Run:
        """The run when it has ended.

        progress: True shows a bar on standard error; a function is called with the run whenever it has changed
        timeout: seconds after which `StillRunningError` is raised; the run goes on. None waits as long as it takes
        check: whether a run that ends without a result raises `RunFailedError` (`RunTimeoutError` for its own time limit)

        >>> run = scenario.run(seed=7)
        >>> (run.wait(timeout=300)).state
        'SUCCEEDED'
        """
        began, tag, show = time.monotonic(), None, shown_by(progress)
        show(self)
        while not self.ended:
            left = _LONGEST_WAIT if timeout is None else timeout - (time.monotonic() - began)
            if left <= 0:
                raise StillRunningError(self, timeout or 0)
            pause = 0.0
            try:
                answer = self._client.api.get_run(
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
                sleep(min(pause, max(left, 0)))
        if check and self.state != "SUCCEEDED":
            raise (RunTimeoutError if self.state == "TIMEOUT" else RunFailedError)(self)
        return self

    def refresh(self) -> Run:
        """The run as it is now.

        >>> (run.refresh()).state
        'SUCCEEDED'
        """
        self.body = (self._client.api.get_run(self.id)).data
        return self

    def cancel(self) -> Run:
        """Stop it. A run that has ended already raises `ConflictError`.

        >>> from sextant_client.problems import ConflictError
        >>> try:
        ...     run.cancel()
        ... except ConflictError as conflict:
        ...     print(conflict.code)
        run_already_ended
        """
        self.body = (self._client.api.cancel_run(self.id)).data
        return self

    def result(self) -> models.ResultBody:
        """What was computed, from what, and how sure that is: attribution, limits, warnings, certificate, statistics.

        Money is in `currency` (of `price_year`). A run without a result raises `ConflictError`.

        >>> result = run.result()
        >>> result.model, result.seed, result.currency
        ('merit_order', 7, 'EUR')
        >>> change = sum(share.eur for share in result.attribution.shares)
        >>> abs(change - result.attribution.change) < 0.01
        True
        """
        return (self._client.api.get_run_result(self.id)).data

    def outputs(self, **filters: Any) -> Outputs:
        """The values of this run; nothing is read yet. The filters are those of `Outputs`.

        >>> prices = [row.value for row in run.outputs(metric="price").rows()]
        >>> len(prices)
        2
        """
        return Outputs(self._client, self.scenario_id, runs=str(self.id), **filters)

    def attempts(self) -> list[models.AttemptBody]:
        """How often it was tried, and what became of each.

        >>> [attempt.outcome for attempt in run.attempts()]
        ['SUCCEEDED']
        """
        return (self._client.api.list_attempts(self.scenario_id, self.id)).data

    def parts(self) -> Iterator[Run]:
        """The points of a sweep, or the other parts that the run was split into.

        >>> [part.state for part in run.parts()]
        []
        """
        for body in items(self._client.api.list_scenario_runs, self.scenario_id, parent=self.id):
            yield Run(self._client, body)


class Runs:
    """The tenant's runs."""

    def __init__(self, client: Sextant) -> None:
        self._client = client

    def get(self, run_id: UUID | str) -> Run:
        """The run of this id. Raises `NotFoundError`.

        >>> (sextant.runs.get(run.id)).state
        'SUCCEEDED'
        """
        return Run(self._client, (self._client.api.get_run(run_id)).data)

    def list(
        self,
        *,
        state: str | None = None,
        scenario_id: UUID | str | None = None,
        model: str | None = None,
        created_by: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> Iterator[Run]:
        """The runs, the newest first.

        state: one of QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED, TIMEOUT
        model: the name of the model that computes it
        created_by: who asked for it
        created_after, created_before: moments with their zone

        >>> run.id in [each.id for each in sextant.runs.list(state="SUCCEEDED", scenario_id=scenario.id)]
        True
        """
        filters = {
            "state": state,
            "scenario_id": scenario_id,
            "model": model,
            "created_by": created_by,
            "created_after": created_after,
            "created_before": created_before,
        }
        for body in items(self._client.api.list_runs, **filters):
            yield Run(self._client, body)
