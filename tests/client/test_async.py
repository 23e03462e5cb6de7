"""The async face does what the sync one does, which is made from it."""

from __future__ import annotations

import asyncio
import uuid

from local.running import RunningSystem
from sextant_client import AsyncSextant


def test_runs_are_asked_for_and_waited_for_side_by_side(system: RunningSystem) -> None:
    async def story() -> list[float]:
        async with AsyncSextant(system.url, token=system.token("async")) as client:
            scenario = await client.scenarios.create(
                f"async {uuid.uuid4().hex[:8]}", parameters={"start_year": 2030, "end_year": 2030}
            )
            runs = await asyncio.gather(*(scenario.run(environment=f"e{place}") for place in range(2)))
            ended = await asyncio.gather(*(run.wait() for run in runs))
            assert {run.state for run in ended} == {"SUCCEEDED"}
            return [row.value or 0.0 async for row in ended[0].outputs(metric="npv").rows()]

    (npv,) = asyncio.run(story())
    assert npv > 0
