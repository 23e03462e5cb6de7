"""A client of the local system for each test: `client`, signed in to a tenant of its own file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.running import RunningSystem
from sextant_client import Sextant


@pytest.fixture
def client(system: RunningSystem) -> Iterator[Sextant]:
    with Sextant(system.url, token=system.token("client")) as made:
        yield made
