"""Webhooks in one process: the API's handler, real Postgres, a real key, the real sender, and a consumer on this machine."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from functions.webhook_sender import handler as sender
from local import database as databases
from local.aws import LocalAws, Names
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant import bootstrap
from sextant.execution import repository as execution
from sextant.ids import RunId, TenantId
from sextant.storage import ALL_TENANTS
from sextant.webhooks.delivering import Deliverer, Report
from sextant.webhooks.sender import Answer
from tests.integration.operations.http import Client
from tests.integration.webhooks.consumer import Consumer, consuming


class DirectSender:
    """The sender's own code, reached without the Lambda API: what goes in and out is JSON, as there."""

    def send(self, url: str, requests: Sequence[Mapping[str, Any]], *, ordered: bool) -> list[Answer]:
        event = json.loads(json.dumps({"url": url, "requests": list(requests), "ordered": ordered}))
        answer = json.loads(json.dumps(sender.handler(event, None)))
        return [Answer(**each) for each in answer["answers"]]


@dataclass
class Webhooks:
    """The deliverer, and the steps by which runs end."""

    urls: DatabaseUrls

    def __post_init__(self) -> None:
        self.deliverer = Deliverer(bootstrap.platform_database(), bootstrap.sealing(), DirectSender())

    def deliver(self) -> Report:
        return self.deliverer.deliver(lambda: 1000.0)

    def sql(self, query: str, *params: object) -> list[tuple[Any, ...]]:
        """As the database's owner."""
        with psycopg.connect(self.urls.admin, autocommit=True) as connection:
            cursor = connection.execute(query, params or None)
            return cursor.fetchall() if cursor.description else []

    def due(self, tenant: str) -> None:
        """As if the time until the next attempts had passed."""
        self.sql(
            "UPDATE webhook_delivery SET due_at = now() WHERE tenant_id = %s AND state = 'PENDING'", tenant
        )
        self.sql("UPDATE webhook_state SET open_until = NULL WHERE tenant_id = %s", tenant)

    def wakes(self, tenant: str, action: Callable[[], object]) -> int:
        """How many messages that wake the deliverer the action stores."""
        query = "SELECT count(*) FROM outbox_event WHERE tenant_id = %s AND topic = 'webhook.due'"
        ((before,),) = self.sql(query, tenant)
        action()
        return int(self.sql(query, tenant)[0][0]) - int(before)

    def succeed(self, tenant: str, run: str) -> None:
        """The steps of a worker and of the committer, without an engine and a lake."""
        platform = bootstrap.platform_database()
        with platform.transaction(ALL_TENANTS) as session:
            outcome, claimed = execution.claim(
                session, TenantId(tenant), RunId(uuid.UUID(run)), "w", timedelta(seconds=30)
            )
        assert outcome == "CLAIMED"
        assert claimed is not None
        with platform.transaction(ALL_TENANTS) as session:
            assert execution.store_output(
                session, claimed.run, descriptor={}, metrics=[], result={}, rows=1, size=1, gb_seconds=0.0
            )
        batch = uuid.uuid4()
        with platform.transaction(ALL_TENANTS) as session:
            session.fetch_one("SELECT * FROM open_output_batch(%s, 'c', '30 s', 100)", (batch,), row=tuple)
            session.fetch_one("SELECT close_output_batch(%s, 1)", (batch,), row=int)


@pytest.fixture(scope="module")
def served(postgres: Postgres, template: str, aws: LocalAws) -> Iterator[DatabaseUrls]:
    """The environment in which handlers and deliverer find database and key; one a module, each test has its own tenant."""
    urls = databases.clone(postgres, template, f"hook_{uuid.uuid4().hex[:12]}")
    key = aws.make_resources(Names(prefix=f"t-{uuid.uuid4().hex[:12]}"), []).webhook_key
    env = {
        "DATABASE_URL": urls.app,
        "PLATFORM_DATABASE_URL": urls.platform,
        "SEXTANT_STAGE": "local",
        "SEXTANT_WEBHOOK_KEY": key,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in aws.variables().items():
            patch.setenv(name, value)
        with bootstrap.installed(env):
            yield urls
    databases.drop(postgres, urls.name)


@pytest.fixture
def hooks(served: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> Webhooks:
    """With nothing of an earlier test left to deliver."""
    monkeypatch.setattr(sender, "_LOCAL", True)
    made = Webhooks(served)
    made.sql("UPDATE scenario_run SET state = 'CANCELLED', completed_at = now() WHERE state = 'QUEUED'")
    made.sql("UPDATE webhook_delivery SET state = 'CANCELLED' WHERE state = 'PENDING'")
    return made


@pytest.fixture
def client(served: DatabaseUrls) -> Client:
    """An administrator of a tenant that nobody else has."""
    return Client(f"t-{uuid.uuid4().hex[:12]}", ("admin",))


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    with consuming() as serving:
        yield serving


@pytest.fixture
def new_consumer() -> Iterator[Callable[[], Consumer]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(consuming())
