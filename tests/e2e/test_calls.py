"""Which AWS calls the functions of this session made, and whether their roles were tested for them."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from local import calls
from local.running import RunningSystem
from tests.infra import recorded_calls

pytestmark = pytest.mark.last


def test_every_call_of_this_session_is_among_those_held_against_the_roles(system: RunningSystem) -> None:
    """tests/infra/test_rights.py holds the recorded calls against the roles of the templates."""
    system.invoke("maintenance")
    with system.client("calls", "admin") as client:
        upload = client.post("/v1/baselines/uploads", json={}).json()["data"]
    httpx.put(upload["url"], content=b"hour,load\n", headers=upload.get("headers"), trust_env=False)
    made = recorded_calls.plain(calls.read(Path(os.environ["SEXTANT_LOCAL_CALLS"])))
    recorded = recorded_calls.load()
    if os.environ.get("SEXTANT_WRITE_CALLS"):
        recorded_calls.save(recorded | made)
        recorded |= made

    assert {call.caller for call in made} >= {"journal", "operations"}, "the schedules call at the start"
    new = {call for call in made - recorded if (call.caller, call.action) not in recorded_calls.RARE}
    assert new == set(), "run the end-to-end tests with SEXTANT_WRITE_CALLS=1, and read what was added"
