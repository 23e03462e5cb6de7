"""Drains a peer's queue on request: one JSON order a line on stdin, one JSON answer a line on stdout.

Each at its best: pgqueuer over asyncpg, batches of 100, its dequeue and its completion called directly, without
its executor; procrastinate's worker without waiting, notifications or aborting, with ten jobs at a time (the
fastest of 1, 10 and 50 here). Jobs carry about 1 KiB, like our events, and do nothing. Runs under the peers' own interpreter.
"""

# mypy: disable-error-code="import-not-found, misc, no-untyped-call, unused-ignore, type-arg, untyped-decorator"

from __future__ import annotations

import asyncio
import json
import logging
import sys
import uuid
from collections.abc import Callable, Coroutine
from datetime import timedelta
from time import perf_counter
from typing import Any

logging.disable(logging.CRITICAL)

TEXT = "x" * 900


async def pgqueuer(url: str, jobs: int) -> float:
    """Seconds to dequeue and complete `jobs` jobs."""
    import asyncpg
    from pgqueuer.db import AsyncpgDriver
    from pgqueuer.ports.repository import EntrypointExecutionParameter
    from pgqueuer.queries import Queries

    connection = await asyncpg.connect(url)
    queries = Queries(AsyncpgDriver(connection))
    if not await queries.has_table("pgqueuer"):
        await queries.install()
    for begin in range(0, jobs, 1000):
        count = min(1000, jobs - begin)
        await queries.enqueue(["noop"] * count, [TEXT.encode()] * count, [0] * count)
    await connection.execute("ANALYZE")
    manager = uuid.uuid4()
    began = perf_counter()
    done = 0
    while done < jobs:
        taken = await queries.dequeue(
            batch_size=100,
            entrypoints={"noop": EntrypointExecutionParameter(0)},
            queue_manager_id=manager,
            global_concurrency_limit=None,
            heartbeat_timeout=timedelta(minutes=5),
        )
        await queries.log_jobs([(job, "successful", None) for job in taken])
        done += len(taken)
    seconds = perf_counter() - began
    await connection.close()
    return seconds


async def procrastinate(url: str, jobs: int) -> float:
    """Seconds for a worker to run `jobs` empty jobs."""
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=url))

    @app.task(name="noop")
    async def noop(text: str) -> None:
        pass

    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        for begin in range(0, jobs, 1000):
            await noop.batch_defer_async(*[{"text": TEXT}] * min(1000, jobs - begin))
        began = perf_counter()
        await app.run_worker_async(
            wait=False, concurrency=10, listen_notify=False, install_signal_handlers=False
        )
        return perf_counter() - began


PEERS: dict[str, Callable[[str, int], Coroutine[Any, Any, float]]] = {
    "pgqueuer": pgqueuer,
    "procrastinate": procrastinate,
}


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        seconds = asyncio.run(PEERS[order["peer"]](order["url"], order["jobs"]))
        sys.stdout.write(json.dumps({"seconds": seconds}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
