"""A process that dies at the n-th boundary of a piece of lake work.

A boundary is the moment after anything the outside world can see: an S3 request, an SQL statement, the
end of an SQL transaction. Dying at each one in turn is dying at every line, as far as anyone can tell.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyiceberg.table import Table
from sqlalchemy import event

from sextant.lake.objects.store import s3_store
from sextant.lake.table.catalog import load_table
from sextant.lake.table.settings import LakeSettings
from sextant.lake.table.sql_catalog import RaceSafeSqlCatalog

KILLED = 137
Work = Callable[[Table], None]

# Children are forked from a server that has imported everything and connected to nothing.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(
    [
        __name__,
        "boto3",
        "botocore.httpsession",
        "psycopg",
        "sextant.lake.write.commit",
        "sextant.lake.write.compaction",
    ]
)


@dataclass
class _Countdown:
    """Ends the process when `left` boundaries have been crossed."""

    left: int

    def cross(self, *_: object, **__: object) -> None:
        if self.left == 0:
            os._exit(KILLED)
        self.left -= 1

    def watch(self, table: Table, settings: LakeSettings) -> None:
        client: Any = s3_store(settings.region, settings.endpoint_url)._client
        client.meta.events.register("after-call.s3", self.cross)
        assert isinstance(table.catalog, RaceSafeSqlCatalog)
        engine = table.catalog.engine
        event.listen(engine, "after_cursor_execute", self.cross)
        event.listen(engine, "checkin", self.cross)


def _run(settings: LakeSettings, environment: dict[str, str], work: Work, boundary: int) -> None:
    os.environ.update(environment)
    table = load_table(settings)
    _Countdown(boundary).watch(table, settings)
    work(table)


def dies_at(boundary: int, settings: LakeSettings, environment: dict[str, str], work: Work) -> bool:
    """Do the work in a process of its own that dies at the boundary; False when it finished before it."""
    process = _processes.Process(target=_run, args=(settings, environment, work, boundary))
    process.start()
    process.join(60)
    assert process.exitcode in (0, KILLED), process.exitcode
    return process.exitcode == KILLED
