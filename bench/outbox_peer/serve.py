"""Drains a peer's queue on request: one JSON order a line on stdin, one JSON answer a line on stdout.

Each at its best: pgqueuer over asyncpg with batches of 100, as its worker and as its two statements alone;
procrastinate's worker without notifications or waiting, ten jobs at a time. Jobs carry about 1 KiB, like our
events, and do nothing. Runs under the peers' own interpreter.
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


async def _pgqueuer(url: str, jobs: int, drain: Callable[[Any], Coroutine[Any, Any, None]]) -> float:
    """Seconds in which `drain` empties a queue of `jobs` jobs over the connection it is given."""
    import asyncpg
    from pgqueuer.db import AsyncpgDriver
    from pgqueuer.queries import Queries

    connection = await asyncpg.connect(url)
    queries = Queries(AsyncpgDriver(connection))
    if not await queries.has_table("pgqueuer"):
        await queries.install()
    for begin in range(0, jobs, 1000):
        count = min(1000, jobs - begin)
        await queries.enqueue(["noop"] * count, [TEXT.encode()] * count, [0] * count)
    await connection.execute("ANALYZE")
    began = perf_counter()
    await drain(connection)
    seconds = perf_counter() - began
    await connection.close()
    return seconds


async def pgqueuer(url: str, jobs: int) -> float:
    """Its worker, which runs a function that does nothing for each job."""
    from pgqueuer.db import AsyncpgDriver
    from pgqueuer.qm import QueueManager
    from pgqueuer.queries import Queries
    from pgqueuer.types import QueueExecutionMode

    async def drain(connection: Any) -> None:
        manager = QueueManager(Queries(AsyncpgDriver(connection)))

        @manager.entrypoint("noop")
        async def noop(job: Any) -> None:
            pass

        await manager.run(batch_size=100, mode=QueueExecutionMode.drain)

    return await _pgqueuer(url, jobs, drain)


async def pgqueuer_bare(url: str, jobs: int) -> float:
    """Its two statements alone, without its worker: dequeue a batch, log it as done."""
    from pgqueuer.db import AsyncpgDriver
    from pgqueuer.ports.repository import EntrypointExecutionParameter
    from pgqueuer.queries import Queries

    async def drain(connection: Any) -> None:
        queries = Queries(AsyncpgDriver(connection))
        manager = uuid.uuid4()
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

    return await _pgqueuer(url, jobs, drain)


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
    "pgqueuer_bare": pgqueuer_bare,
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
