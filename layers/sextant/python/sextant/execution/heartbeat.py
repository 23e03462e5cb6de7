"""The sign of life of a worker: it keeps the lease of the run under way."""

from __future__ import annotations

import threading
from datetime import timedelta
from types import TracebackType
from typing import Self

from aws_lambda_powertools import Logger

from sextant.execution import repository
from sextant.execution.errors import RunLostError
from sextant.runs.model import Run
from sextant.storage import ALL_TENANTS, PlatformDatabase
from sextant.storage.errors import StorageError

logger = Logger(child=True)


class Heartbeat:
    """Prolongs a run's lease from a thread of its own, and notices when the run is no longer this worker's.

    The model reports its progress by `report`, which raises `RunLostError` once the run is lost.
    """

    def __init__(self, database: PlatformDatabase, run: Run, lease: timedelta) -> None:
        self._database = database
        self._run = run
        self._lease = lease
        self._interval = min(5.0, lease.total_seconds() / 4)
        self._percent = 0
        self._lost = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def report(self, percent: int) -> None:
        self._percent = max(0, min(98, percent))
        if self._lost:
            raise RunLostError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                with self._database.autocommit(ALL_TENANTS) as session:
                    ours = repository.progress(session, self._run, self._percent, self._lease)
            except StorageError as error:
                # The lease outlives a few missed beats; the next one tries again.
                logger.warning("heartbeat failed", exc_info=error)
                continue
            if not ours:
                self._lost = True
                return
