"""Measures ff-storage on request: one JSON order a line on stdin, one JSON list of seconds a line on stdout.

Its best settings: asyncpg pool, no metrics, no statement validation, bulk inserts in one transaction. Runs
under the peer's own interpreter, which has nothing of ours.
"""

# mypy: disable-error-code="import-not-found, misc, no-untyped-call, unused-ignore, type-arg"

from __future__ import annotations

import asyncio
import json
import logging
import sys
import uuid
from time import perf_counter
from typing import Any
from urllib.parse import unquote, urlparse

logging.disable(logging.CRITICAL)

TENANT = uuid.uuid4()
USER = uuid.uuid4()


def model_of(strategy: str) -> type[Any]:
    from ff_storage import PydanticModel

    class Note(PydanticModel):
        __table_name__ = f"ff_{strategy}"
        __temporal_strategy__ = strategy
        __soft_delete__ = True
        __multi_tenant__ = True
        name: str
        description: str
        amount: float
        status: str
        rank: int

    return Note


class Peer:
    def __init__(self, pool: Any, strategy: str) -> None:
        from ff_storage import PydanticRepository

        self.model = model_of(strategy)
        settings = {"tenant_id": TENANT, "collect_metrics": False}
        self.repository = PydanticRepository(self.model, pool, cache_enabled=False, **settings)
        self.cached = PydanticRepository(self.model, pool, cache_enabled=True, cache_ttl=300, **settings)
        self.ids: list[uuid.UUID] = []
        self.turn = 0

    def note(self) -> Any:
        self.turn += 1
        return self.model(
            name=f"note {self.turn}",
            description="d" * 50,
            amount=self.turn / 2,
            status="ACTIVE",
            rank=self.turn,
        )

    def changes(self) -> Any:
        self.turn += 1
        fields = {"name": f"new {self.turn}", "amount": self.turn / 2}
        return self.model.model_construct(_fields_set=set(fields), **fields)

    async def create(self) -> None:
        self.ids.append((await self.repository.create(self.note(), user_id=USER)).id)

    async def update(self) -> None:
        await self.repository.update(self.ids[self.turn % 50], self.changes(), user_id=USER)

    async def get(self) -> None:
        self.turn += 1
        await self.repository.get(self.ids[self.turn % len(self.ids)])

    async def get_cached(self) -> None:
        self.turn += 1
        await self.cached.get(self.ids[self.turn % 50])

    async def create_many(self, notes: list[Any]) -> None:
        made = await self.repository.create_many(
            notes, user_id=USER, batch_size=100, atomic=True, bulk_insert=True
        )
        assert len(made) == len(notes)

    async def get_many(self) -> None:
        assert len(await self.repository.get_many(self.ids[:500])) == 500

    async def writers(self, count: int, turns: int) -> None:
        async def write() -> None:
            for _ in range(turns):
                await self.repository.update(self.ids[0], self.changes(), user_id=USER)

        await asyncio.gather(*(write() for _ in range(count)))


async def timed(peer: Peer, order: dict[str, Any]) -> list[float]:
    operation, times = order["operation"], order["times"]
    arguments = order.get("arguments", [])
    seconds = []
    for _ in range(times):
        given = [[peer.note() for _ in range(arguments[0])]] if operation == "create_many" else arguments
        began = perf_counter()
        await getattr(peer, operation)(*given)
        seconds.append(perf_counter() - began)
    return seconds


async def main() -> None:
    from ff_storage.db.connections.postgres_pool import PostgresPool
    from ff_storage.db.schema_sync.async_manager import AsyncSchemaManager

    url = urlparse(sys.argv[1])
    pool = PostgresPool(
        dbname=url.path.lstrip("/"),
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        host=url.hostname or "",
        port=url.port or 5432,
        min_size=16,
        max_size=16,
        collect_metrics=False,
        validate_queries=False,
    )
    await pool.connect()
    peers: dict[str, Peer] = {}
    print("[]", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        strategy = order["strategy"]
        if strategy not in peers:
            peers[strategy] = Peer(pool, strategy)
            await AsyncSchemaManager(pool, logger=logging.getLogger("peer")).sync_schema(
                models=[peers[strategy].model], dry_run=False
            )
        print(json.dumps(await timed(peers[strategy], order)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
