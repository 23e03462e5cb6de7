"""Operations in one process: the API's handler, the relay, the operations function, real Postgres.

What the relay publishes is handed to the operations function as SQS would, by default twice.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

import functions.operations.handler as function
from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant import bootstrap
from sextant.bus.message import SENT, OutboundMessage
from sextant.execution import repository as execution
from sextant.ids import RunId, TenantId
from sextant.outbox.relay import Relay, RelaySettings
from sextant.storage import ALL_TENANTS, PlatformDatabase
from tests.integration.invoking import LambdaContext
from tests.integration.operations.http import Client

# Retries without waiting, so that no test has to.
POLICY = {
    "transient": {"base_seconds": 0, "max_retries": 3},
    "vendor": {"base_seconds": 0, "max_retries": 3},
    "cooldown_seconds": {"ESCALATE": 900},
}


@dataclass
class Bus:
    """Keeps what the relay publishes."""

    taken: list[OutboundMessage] = field(default_factory=list)

    def submit(self, messages: Sequence[OutboundMessage], deadline: float) -> Any:
        self.taken.extend(messages)
        return SimpleNamespace(outcomes=lambda: [SENT for _ in messages])

    def close(self) -> None: ...


def as_sqs(messages: Sequence[OutboundMessage]) -> dict[str, Any]:
    """The event by which an SQS mapping would deliver `messages`."""
    return {
        "Records": [
            {
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:events",
                "messageId": str(uuid.uuid4()),
                "body": message.payload,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {
                    name: {"stringValue": value, "dataType": "String"}
                    for name, value in message.headers.items()
                },
            }
            for message in messages
        ]
    }


@dataclass
class Operations:
    """The function and what surrounds it."""

    urls: DatabaseUrls
    platform: PlatformDatabase
    bus: Bus = field(default_factory=Bus)

    def __post_init__(self) -> None:
        settings = RelaySettings(linger=0.0, patience=0.0, poll=0.01)
        self._relay = Relay(self.platform, self.bus, settings)

    def deliver(self, times: int = 2) -> list[OutboundMessage]:
        """Publish and handle messages until there are none; each is delivered `times` times. All of them."""
        handled: list[OutboundMessage] = []
        while True:
            self._relay.drain(30.0)
            messages, self.bus.taken = self.bus.taken, []
            if not messages:
                return handled
            for message in messages:
                for _ in range(times):
                    answer = function.handler(as_sqs([message]), LambdaContext("operations"))  # type: ignore[arg-type]
                    assert answer == {"batchItemFailures": []}
            handled.extend(messages)

    def run_checks(self) -> dict[str, int]:
        return function.handler({"source": "aws.events"}, LambdaContext("operations"))  # type: ignore[arg-type, return-value]

    def sql(self, query: str, *params: object) -> list[tuple[Any, ...]]:
        """As the database's owner."""
        with psycopg.connect(self.urls.admin, autocommit=True) as connection:
            cursor = connection.execute(query, params or None)
            return cursor.fetchall() if cursor.description else []

    # The steps of a worker and of the committer, without an engine and a lake --------------------------

    def claim(self, tenant: str, run: str) -> tuple[str, Any]:
        with self.platform.transaction(ALL_TENANTS) as session:
            return execution.claim(
                session, TenantId(tenant), RunId(uuid.UUID(run)), "w", timedelta(seconds=30)
            )

    def fail(
        self,
        tenant: str,
        run: str,
        code: str = "dependency_failed",
        message: str = "boom",
        state: str = "FAILED",
        **more: object,
    ) -> None:
        outcome, claimed = self.claim(tenant, run)
        assert outcome == "CLAIMED"
        error: dict[str, object] = {"code": code, "message": message, **more}
        with self.platform.transaction(ALL_TENANTS) as session:
            ended = execution.fail(session, claimed.run, state, error, None, 0.0, "w")
        assert ended is not None
        assert ended.state == state

    def lose(self, tenant: str, run: str) -> None:
        """An attempt fails by what is the platform's, and another may be made at once."""
        _, claimed = self.claim(tenant, run)
        error: dict[str, object] = {"code": "dependency_failed", "message": "boom"}
        with self.platform.transaction(ALL_TENANTS) as session:
            execution.fail(session, claimed.run, "FAILED", error, timedelta(0), 0.0, "w")

    def succeed(self, tenant: str, run: str) -> None:
        outcome, claimed = self.claim(tenant, run)
        assert outcome == "CLAIMED"
        with self.platform.transaction(ALL_TENANTS) as session:
            assert execution.store_output(
                session, claimed.run, descriptor={}, metrics=[], result={}, rows=1, size=1, gb_seconds=0.0
            )
        batch = uuid.uuid4()
        with self.platform.transaction(ALL_TENANTS) as session:
            session.fetch_one("SELECT * FROM open_output_batch(%s, 'c', '30 s', 100)", (batch,), row=tuple)
            session.fetch_one("SELECT close_output_batch(%s, 1)", (batch,), row=int)


@pytest.fixture(scope="module")
def served(postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    """The environment in which the handlers find their database; one a module, each test has its own tenant."""
    urls = databases.clone(postgres, template, f"ops_{uuid.uuid4().hex[:12]}")
    with serving(urls):
        yield urls
    databases.drop(postgres, urls.name)


def serving(urls: DatabaseUrls, **variables: str) -> AbstractContextManager[bootstrap.Application]:
    """Within it the handlers of this process work on the database of `urls`."""
    return bootstrap.installed(
        {
            "DATABASE_URL": urls.app,
            "PLATFORM_DATABASE_URL": urls.platform,
            "SEXTANT_STAGE": "local",
            "SEXTANT_OPERATIONS_POLICY": json.dumps(POLICY),
            **variables,
        }
    )


@pytest.fixture
def operations(served: DatabaseUrls) -> Operations:
    """With no run of an earlier test left in the line, which a claim could be given."""
    made = Operations(served, bootstrap.platform_database())
    made.sql("UPDATE scenario_run SET state = 'CANCELLED', completed_at = now() WHERE state = 'QUEUED'")
    return made


@pytest.fixture
def new_client(served: DatabaseUrls) -> Callable[..., Client]:
    def make(*roles: str) -> Client:
        return Client(f"t-{uuid.uuid4().hex[:12]}", roles or ("admin",))

    return make


@pytest.fixture
def client(new_client: Callable[..., Client]) -> Client:
    """An administrator of a tenant that nobody else has."""
    return new_client()
