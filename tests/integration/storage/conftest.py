"""Databases with one table for each strategy, and connections to them as the application has them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant.ids import TenantId
from sextant.storage import Database, DatabaseSettings
from sextant.storage.temporal import Strategy, TemporalRepository
from tests.integration.storage.tables import SPECS, Note, create_tables

ACME = TenantId("acme")
OTHER = TenantId("other")


@pytest.fixture(scope="session")
def noted_template(postgres: Postgres, template: str) -> str:
    """A migrated database with the tables of `tables.py`, to be cloned."""
    name = f"notes_{uuid.uuid4().hex[:12]}"
    create_tables(databases.clone(postgres, template, name).admin)
    return name


@pytest.fixture
def notes(postgres: Postgres, noted_template: str) -> Iterator[DatabaseUrls]:
    made = databases.clone(postgres, noted_template, f"note_{uuid.uuid4().hex[:12]}")
    yield made
    databases.drop(postgres, made.name)


@pytest.fixture
def open_database() -> Iterator[Callable[..., Database]]:
    """Opens databases with the settings given, and closes them after the test."""
    opened: list[Database] = []

    def open_one(url: str, **settings: float) -> Database:
        opened.append(Database.connect(DatabaseSettings(url=url, **settings)))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def app(notes: DatabaseUrls, open_database: Callable[..., Database]) -> Database:
    """The application's own way in: row-level security applies."""
    return open_database(notes.app)


@pytest.fixture
def platform(notes: DatabaseUrls, open_database: Callable[..., Database]) -> Database:
    return open_database(notes.platform)


@pytest.fixture(params=list(Strategy))
def repository(request: pytest.FixtureRequest) -> TemporalRepository[Note]:
    return TemporalRepository(SPECS[request.param])


@pytest.fixture(params=[Strategy.COPY_ON_CHANGE, Strategy.SCD2])
def historical(request: pytest.FixtureRequest) -> TemporalRepository[Note]:
    """A repository of each strategy that keeps history."""
    return TemporalRepository(SPECS[request.param])
