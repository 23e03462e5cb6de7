"""The outbox in a fresh database, as the tenants' role, the platform's and the administrator see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant.ids import EventId, TenantId, new_id
from sextant.outbox import repository
from sextant.outbox.administration import repository as administration_repository
from sextant.outbox.administration import service as administration
from sextant.outbox.administration.model import Replay, Selection
from sextant.outbox.model import ClaimedEvent, NewEvent, RetryRule, Settled
from sextant.outbox.repository import ClaimRequest, Settlement
from sextant.storage import ALL_TENANTS, Database, DatabaseSettings, PlatformDatabase, Session

ACME, BOLT, CRUX = TenantId("acme"), TenantId("bolt"), TenantId("crux")


class _FailedError(Exception):
    """The transaction's caller changed its mind."""


@dataclass(frozen=True)
class Claim:
    token: UUID
    events: list[ClaimedEvent]

    @property
    def numbers(self) -> list[tuple[str, str]]:
        """Tenant and payload of each event, in order."""
        return [(event.tenant_id, event.message.payload) for event in self.events]


@dataclass(frozen=True)
class Outbox:
    """Steps of an event's way, each as the part that does it would."""

    app: Database
    platform: PlatformDatabase
    admin: psycopg.Connection[Any]
    urls: DatabaseUrls

    def enqueue(self, tenant: TenantId, *numbers: int, topic: str = "t", **fields: Any) -> list[EventId]:
        """Events whose payloads are bare numbers, in one transaction."""
        with self.app.transaction(tenant) as session:
            return repository.enqueue(session, [event(number, topic=topic, **fields) for number in numbers])

    @contextmanager
    def rolled_back(self, tenant: TenantId) -> Iterator[Session]:
        """A transaction that fails at its end."""
        with suppress(_FailedError), self.app.transaction(tenant) as session:
            yield session
            raise _FailedError

    def claim(
        self,
        limit: int = 500,
        *,
        lease: float = 30,
        after: str = "",
        floors: Mapping[str, int] | None = None,
    ) -> Claim:
        request = ClaimRequest(new_id(), limit, timedelta(seconds=lease), after, floors or {})
        with self.platform.autocommit(ALL_TENANTS) as session:
            return Claim(request.token, repository.claim(session, request))

    def settle(
        self, claim: Claim, verdicts: Sequence[str] | str = "sent", rule: RetryRule | None = None
    ) -> Settled:
        if isinstance(verdicts, str):
            verdicts = [verdicts] * len(claim.events)
        settlement = Settlement(claim.token, claim.events, verdicts, ["broken"] * len(claim.events))
        with self.platform.autocommit(ALL_TENANTS) as session:
            return repository.settle(session, settlement, rule or RetryRule())

    def replay(self, tenant: TenantId, *events: EventId) -> Replay:
        """An operator sends events again."""
        selection = Selection(ids=list(events))
        return self.platform.run(
            ALL_TENANTS,
            lambda session: administration.replay(session, tenant, selection, actor="ana", reason="test"),
        )

    def scalar(self, query: str, *params: Any) -> Any:
        row = self.admin.execute(query.encode(), params).fetchone()
        assert row is not None
        return row[0]

    def rows(self, table: str) -> int:
        found = self.admin.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        ).fetchone()
        assert found is not None
        return int(found[0])

    def quota(self, tenant: str = "*", **values: int) -> None:
        """Set a tenant's quota, or the defaults."""
        with self.platform.transaction(ALL_TENANTS) as session:
            administration_repository.set_quota(session, tenant, values, "test", "test", by_platform=True)

    @property
    def server(self) -> tuple[str, int]:
        info = self.admin.info
        return info.host, info.port

    def through(self, port: int, url: str | None = None) -> str:
        """A URL (the tenants' role's) by way of another port."""
        return make_conninfo(url or self.urls.app, host="127.0.0.1", port=port)

    def expire_leases(self) -> None:
        """As if the time of every lease had passed."""
        self.admin.execute(
            "UPDATE outbox_pending SET available_at = '-infinity' WHERE lease_token IS NOT NULL"
        )

    def end_delays(self) -> None:
        """As if every delay had passed."""
        self.admin.execute("UPDATE outbox_delayed SET retry_at = '-infinity'")
        self.admin.execute("UPDATE outbox_pending SET available_at = '-infinity' WHERE lease_token IS NULL")


def event(number: int, *, topic: str = "t", **fields: Any) -> NewEvent:
    return NewEvent(topic, _Bare(number), **fields)


class _Bare(dict[str, Any]):
    """The payload {"n": number}; short to read in assertions."""

    def __init__(self, number: int) -> None:
        super().__init__(n=number)


def payload(number: int) -> str:
    return f'{{"n": {number}}}'


@pytest.fixture(scope="session")
def outbox_database(postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    """One database for all tests of the outbox; each begins with it empty, which is quicker than a clone."""
    made = databases.clone(postgres, template, f"outbox_{uuid4().hex[:12]}")
    yield made
    databases.drop(postgres, made.name)


@pytest.fixture
def outbox(outbox_database: DatabaseUrls) -> Iterator[Outbox]:
    app = Database.connect(DatabaseSettings(url=outbox_database.app, pool_max_size=20))
    platform = PlatformDatabase.connect(DatabaseSettings(url=outbox_database.platform, pool_max_size=20))
    with psycopg.connect(outbox_database.admin, autocommit=True) as admin:
        yield Outbox(app, platform, admin, outbox_database)
        app.close()
        platform.close()
        admin.execute(
            "TRUNCATE outbox_event, outbox_pending, outbox_delayed, outbox_dead, outbox_lane, outbox_publication, "
            "outbox_usage, inbox_message"
        )
        admin.execute("UPDATE outbox_watch SET ends_at = '-infinity', called_at = '-infinity'")
        admin.execute("DELETE FROM tenant_quota WHERE tenant_id <> '*'")
        admin.execute(
            "UPDATE tenant_quota SET max_events = 1000, window_seconds = 60, backoff_seconds = 1, batch_limit = 50, "
            "max_pending = 10000, reset_at = '-infinity'"
        )
