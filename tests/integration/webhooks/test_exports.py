"""Exports are told of as they become ready or fail, in the transaction that stores it."""

from __future__ import annotations

import uuid
from functools import partial

from sextant import bootstrap
from sextant.exports import service as exports
from sextant.exports.model import State
from sextant.ids import ScenarioId, TenantId
from sextant.storage import ALL_TENANTS, Session
from tests.integration.operations.http import Client
from tests.integration.webhooks.conftest import Webhooks
from tests.integration.webhooks.consumer import Consumer


def begin(export: uuid.UUID, scenario: ScenarioId, session: Session) -> None:
    exports.begin(session, export, scenario, "parquet", 1, 1, "q")


def test_exports_are_told_of_when_they_end(client: Client, consumer: Consumer, hooks: Webhooks) -> None:
    tenant, scenario = TenantId(client.tenant), ScenarioId(uuid.UUID(client.scenario()))
    client.made("/v1/webhooks", {"url": consumer.url, "scenario_ids": [str(scenario)]})
    kept, ready, failed = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    application, platform = bootstrap.database(), bootstrap.platform_database()

    application.run(tenant, lambda session: exports.keep(session, kept, scenario, "csv", 1))
    for export in (ready, failed):
        application.run(tenant, partial(begin, export, scenario))
    assert hooks.deliver().delivered == 1, "what is only begun is not told of"
    for stored in platform.run(ALL_TENANTS, lambda session: exports.under_way(session, 100)):
        if stored.id in (ready, failed):
            state: State = "SUCCEEDED" if stored.id == ready else "FAILED"
            assert platform.run(ALL_TENANTS, partial(exports.move, export=stored, state=state))

    assert hooks.deliver().delivered == 2
    told = {one.event["data"]["export_id"]: one.event["type"] for one in consumer.received}
    assert told == {str(kept): "export.ready", str(ready): "export.ready", str(failed): "export.failed"}
    assert all(
        one.event["data"]["links"]["export"] == f"/v1/scenarios/{scenario}/exports/{one.event['subject']}"
        for one in consumer.received
    )
