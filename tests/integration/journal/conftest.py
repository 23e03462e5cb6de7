"""The API and the journal function on a Postgres of their own that these tests stop and start."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from functions.operations import handler as operations
from functions.worker import journal as function
from local import database as databases
from local.aws import LocalAws, Resources
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant import bootstrap
from tests.integration.api.conftest import Client
from tests.integration.invoking import LambdaContext

ON = {"value": {"enabled": True}, "reason": "an outage must not stop us"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    one = Postgres(tmp_path_factory.mktemp("own-postgres"))
    one.start()
    yield one
    one.forget()


@pytest.fixture(scope="module")
def own(server: Postgres) -> DatabaseUrls:
    return databases.prepare(server, "journal")


@dataclass
class Place:
    """One tenant's API, its journal, and the database behind them."""

    server: Postgres
    urls: DatabaseUrls
    resources: Resources
    sqs: Any

    def client(self, *roles: str) -> Client:
        return Client(f"t-{uuid4().hex[:12]}", roles or ("admin",))

    def allowed(self, **value: Any) -> Client:
        """An administrator whose tenant allows the journal."""
        client = self.client()
        body = {**ON, "value": {**ON["value"], **value}}  # type: ignore[dict-item]
        answer = client("PUT", "/v1/admin/config/config/journal", body)
        assert answer.status == 200, answer.body
        return client

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        """The database is back, and the processes of the functions are new: no breaker is open."""
        self.server.start()
        self.renew()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """The database answers and takes no writes, for whoever connects meanwhile."""
        name = sql.Identifier(self.urls.name)
        with psycopg.connect(self.urls.admin, autocommit=True) as admin:
            admin.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
            try:
                yield
            finally:
                admin.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))

    def renew(self) -> None:
        """Every process is a new one."""
        bootstrap.application().close()

    def tick(self) -> dict[str, int]:
        """The schedule calls the journal function, which connects as the platform."""
        self.renew()
        answer: dict[str, int] = function.handler({"detail-type": "Scheduled Event"}, LambdaContext())
        self.renew()
        return answer

    def operate(self, receipt: str, payload: dict[str, Any]) -> None:
        """The operations function gets the message of a request that was refused."""
        attributes = {"event-topic": "run.refused", "tenant-id": payload["tenant_id"]}
        record = {
            "messageId": receipt,
            "body": json.dumps(payload),
            "attributes": {},
            "messageAttributes": {name: {"stringValue": value} for name, value in attributes.items()},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:events",
        }
        self.renew()
        assert operations.handler({"Records": [record]}, LambdaContext()) == {"batchItemFailures": []}  # type: ignore[arg-type]
        self.renew()

    @property
    def queue(self) -> str:
        return self.resources.queue_urls["journal"]

    def waiting(self, url: str | None = None) -> int:
        found = self.sqs.get_queue_attributes(
            QueueUrl=url or self.queue, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    def sql(self, query: str, *params: object) -> list[Any]:
        with psycopg.connect(self.urls.admin, autocommit=True) as connection:
            return connection.execute(query.encode(), params).fetchall()

    def runs(self, client: Client) -> list[Any]:
        return [
            row[0]
            for row in self.sql("SELECT id::text FROM scenario_run WHERE tenant_id = %s", client.tenant)
        ]


@pytest.fixture
def place(
    server: Postgres,
    own: DatabaseUrls,
    aws: LocalAws,
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place]:
    for name, value in {
        **aws.variables(),
        "POWERTOOLS_METRICS_NAMESPACE": "Sextant",
        "POWERTOOLS_SERVICE_NAME": "journal",
    }.items():
        monkeypatch.setenv(name, value)
    with (
        closing(aws.client("sqs")) as client,
        bootstrap.installed(
            {
                "DATABASE_URL": own.app,
                "PLATFORM_DATABASE_URL": own.platform,
                "DB_RESET_TIMEOUT": "30",
                "SEXTANT_STAGE": "local",
                "SEXTANT_IDEMPOTENCY_TABLE": resources.idempotency_table,
                "SEXTANT_QUEUE_URL_JOURNAL": resources.queue_urls["journal"],
            }
        ),
    ):
        yield Place(server, own, resources, client)
    if not server.alive:
        server.start()


@pytest.fixture
def asked(place: Place) -> Callable[..., Any]:
    """Ask for a run of a scenario."""

    def ask(client: Client, scenario: str, key: str | None = None, **options: Any) -> Any:
        headers = {"idempotency-key": key} if key else {}
        return client("POST", f"/v1/scenarios/{scenario}/run", options, headers=headers)

    return ask
