"""However a connection breaks, there is one scenario and one run, and the client has them."""

from __future__ import annotations

import uuid

from local.running import RunningSystem
from sextant_client import Retries, Sextant
from tests.client.cutting_proxy import proxied

QUICKLY = Retries(first_pause=0.02, longest_pause=0.5)
# A request has some 500 bytes, an answer some 1,800: from the first byte to behind the last.
THERE = (0, 1, 3, 17, 60, 120, 180, 230, 280, 330, 390, 450, 480, 520)
BACK = (0, 1, 5, 9, 15, 60, 150, 300, 450, 600, 800, 1000, 1200, 1400, 1700)
YEAR = {"start_year": 2030, "end_year": 2030}


def test_a_connection_cut_at_any_byte_doubles_and_loses_no_run(system: RunningSystem) -> None:
    cuts = [("there", count) for count in THERE] + [("back", count) for count in BACK]
    with (
        proxied(system.url) as proxy,
        Sextant(proxy.url, token=system.token("cut"), retries=QUICKLY) as client,
        Sextant(system.url, token=system.token("cut")) as direct,
    ):
        scenario = client.scenarios.create(f"cut {uuid.uuid4().hex[:8]}", parameters=YEAR)
        asked = []
        for seed, (direction, count) in enumerate(cuts, start=1):
            # When the connection of a request for a run is cut, and the request repeated by the client
            proxy.cut_after(count, direction)
            # An environment of its own keeps equal results from being shared.
            asked.append(scenario.run(seed=seed, environment=f"cut-{seed}"))
            proxy.cut_after(1 << 40, direction)
        # Then it has its run, and there is no other
        stored = list(direct.scenarios.get(scenario.id).runs())

    assert proxy.cuts > len(cuts) * 0.8
    assert sorted(str(run.id) for run in stored) == sorted(str(run.id) for run in asked)
    assert sorted(run.body.seed for run in stored) == list(range(1, len(cuts) + 1))


def test_a_connection_cut_at_any_byte_doubles_no_scenario(system: RunningSystem) -> None:
    with (
        proxied(system.url) as proxy,
        Sextant(proxy.url, token=system.token("cut"), retries=QUICKLY) as client,
    ):
        for direction, count in [("there", 100), ("there", 480), ("back", 0), ("back", 700)]:
            name = f"cut {uuid.uuid4().hex[:8]}"
            proxy.cut_after(count, direction)
            scenario = client.scenarios.create(name, parameters=YEAR)
            proxy.cut_after(1 << 40, direction)

            assert [each.id for each in client.scenarios.list(name=name)] == [scenario.id]
