"""Databases with one table for each strategy, and connections to them as the application has them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant.ids import TenantId
from sextant.storage import Database, DatabaseSettings, PlatformDatabase
from sextant.storage.temporal import Strategy, TemporalRepository
from tests.integration.storage.tables import SPECS, Note, create_tables
from tests.integration.storage.wire import WireProxy, through

Open = Callable[..., PlatformDatabase]


@contextmanager
def opening() -> Iterator[Open]:
    """Opens databases with the settings given, and closes them in the end."""
    opened: list[PlatformDatabase] = []

    def open_one(url: str, **settings: Any) -> PlatformDatabase:
        opened.append(PlatformDatabase.connect(DatabaseSettings(url=url, **settings)))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def open_database() -> Iterator[Open]:
    with opening() as open_one:
        yield open_one


@pytest.fixture(scope="session")
def notes(postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    """A migrated database with the tables of `tables.py`, for all tests: each has a tenant of its own."""
    made = databases.clone(postgres, template, f"notes_{uuid.uuid4().hex[:12]}")
    create_tables(made.admin)
    yield made
    databases.drop(postgres, made.name)


@pytest.fixture
def wire(notes: DatabaseUrls) -> Iterator[WireProxy]:
    parts = urlsplit(notes.app)
    assert parts.hostname
    assert parts.port
    with WireProxy(parts.hostname, parts.port) as proxy:
        yield proxy


@pytest.fixture
def wired(notes: DatabaseUrls, wire: WireProxy, open_database: Open) -> Database:
    database = open_database(through(notes.app, wire))
    wire.recording.clear()
    return database


@pytest.fixture(scope="session")
def _opened(notes: DatabaseUrls) -> Iterator[tuple[PlatformDatabase, PlatformDatabase]]:
    with opening() as open_one:
        yield open_one(notes.app), open_one(notes.platform)


@pytest.fixture
def app(_opened: tuple[PlatformDatabase, PlatformDatabase]) -> PlatformDatabase:
    """The application's role, so that row-level security applies; typed so that a test may ask for more."""
    return _opened[0]


@pytest.fixture
def platform(_opened: tuple[PlatformDatabase, PlatformDatabase]) -> PlatformDatabase:
    return _opened[1]


@pytest.fixture
def tenant() -> TenantId:
    return TenantId(f"acme-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def other_tenant() -> TenantId:
    return TenantId(f"other-{uuid.uuid4().hex[:12]}")


@pytest.fixture(params=list(Strategy))
def repository(request: pytest.FixtureRequest) -> TemporalRepository[Note]:
    return TemporalRepository(SPECS[request.param])


@pytest.fixture(params=[Strategy.COPY_ON_CHANGE, Strategy.SCD2])
def historical(request: pytest.FixtureRequest) -> TemporalRepository[Note]:
    """A repository of each strategy that keeps history."""
    return TemporalRepository(SPECS[request.param])
