"""What a tenant does to its own operations reaches nobody else's: the sweep goes round them all."""

from __future__ import annotations

import secrets
from dataclasses import replace

import numpy as np
import pytest

from sextant.engine import MetricValue, OutputRows, SimulationResult
from sextant.execution import repository as execution
from sextant.execution.translation import metrics_of
from sextant.storage import ALL_TENANTS
from sextant.storage.errors import StorageError
from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client


def lost(operations: Operations, *tenants: str) -> None:
    """The tenants' messages never came, minutes ago; the first tenant's before the others'."""
    for age, tenant in enumerate(reversed(tenants), 5):
        operations.sql("DELETE FROM outbox_pending WHERE tenant_id = %s", tenant)
        operations.sql(
            "UPDATE action SET due_at = now() - make_interval(mins => %s) WHERE tenant_id = %s", age, tenant
        )
        operations.sql(
            "UPDATE incident SET opened_at = now() - make_interval(mins => %s) WHERE tenant_id = %s",
            age,
            tenant,
        )


@pytest.mark.parametrize("cooldown", [1e300, -1.0, 4e8])
def test_a_cooldown_that_no_clock_knows_is_refused(client: Client, cooldown: float) -> None:
    settings = {"operations": {"cooldown_seconds": {"ESCALATE": cooldown}}}
    answer = client.as_("super_admin")(
        "POST", "/v1/tenants", {"tenant_id": client.tenant, "name": client.tenant, "settings": settings}
    )
    assert (answer.status, answer.code) == (422, "validation_failed")


def test_one_tenants_poison_stops_the_round_for_nobody(client: Client, operations: Operations) -> None:
    # Given two tenants whose messages were lost, and an action of the first that nothing can perform
    poisoned, healthy = Client(f"{client.tenant}-p"), client
    for tenant in (poisoned, healthy):
        body = {"action_type": "BREAKER_OPEN", "target": tenant.vendor()["id"], "reason": "r"}
        tenant.made("/v1/actions", body, 202)
    # The database's guards let nobody make one: it stands for the mistake that is still to be found.
    operations.sql(
        "SET session_replication_role = replica;"
        f" UPDATE action SET target = 'no id' WHERE tenant_id = '{poisoned.tenant}'"
    )
    lost(operations, poisoned.tenant, healthy.tenant)
    # When the sweep goes round, then it counts what it could not handle
    assert operations.run_checks()["failed"] == 1
    # And the healthy tenant's work is done
    assert [action["state"] for action in healthy.got("/v1/actions")] == ["SUCCEEDED"]
    operations.sql(
        f"SET session_replication_role = replica; DELETE FROM action WHERE tenant_id = '{poisoned.tenant}'"
    )


def test_a_tenant_with_much_to_sweep_leaves_the_others_their_turn(
    client: Client, operations: Operations
) -> None:
    busy, quiet = Client(f"{client.tenant}-b"), client
    for tenant, times in ((busy, 120), (quiet, 1)):
        # A workflow opens only so many incidents; what comes beyond is gathered in one.
        workflows = [tenant.workflow() for _ in range(0, times, 10)]
        for number in range(times):
            assert tenant.event(workflows[number // 10], fingerprint=f"f{number}").status == 201
    lost(operations, busy.tenant, quiet.tenant)
    assert operations.run_checks()["incidents"] == 100
    assert [incident["state"] for incident in quiet.got("/v1/incidents")] == ["ANALYZING"]


def metric(**fields: object) -> dict[str, object]:
    good = {
        "metric": "npv",
        "tags_key": "{}",
        "tags": {},
        "asof_date": "2026-01-01",
        "value": 1.0,
        "unit": "EUR",
    }
    return {**good, "band_lower": None, "band_upper": None, **fields}


@pytest.mark.parametrize(
    "fields",
    [
        {"tags_key": secrets.token_hex(3000)},
        {"metric": secrets.token_hex(3000)},
        {"value": None},
        {"asof_date": "x"},
    ],
    ids=["key", "name", "value", "date"],
)
def test_a_result_that_no_roll_up_could_hold_keeps_no_batch_from_being_committed(
    client: Client, operations: Operations, fields: dict[str, object]
) -> None:
    # Given a model that gives such a result
    poisoned, healthy = Client(f"{client.tenant}-p"), client
    run = poisoned.run()["id"]
    _, claimed = operations.claim(poisoned.tenant, run)
    # When it is handed in, then it is refused, alone
    with pytest.raises(StorageError), operations.platform.transaction(ALL_TENANTS) as session:
        execution.store_output(
            session,
            claimed.run,
            descriptor={},
            metrics=[metric(**fields)],
            result={},
            rows=1,
            size=1,
            gb_seconds=0.0,
        )
    # And the next batch is committed
    other = healthy.run()
    operations.succeed(healthy.tenant, other["id"])
    assert healthy.got(f"/v1/scenarios/{other['scenario_id']}/runs/{other['id']}")["state"] == "SUCCEEDED"


def test_the_roll_ups_key_of_many_long_tags_is_short() -> None:
    tags = {f"sweep_{letter}": letter * 1000 for letter in "abcde"}
    value = MetricValue("npv", np.datetime64("2026-01-01"), 1.0, "EUR", tags=tags)
    nothing = np.array([])
    rows = OutputRows(nothing, nothing, nothing, nothing, nothing, nothing, nothing, ())
    (long,) = metrics_of(SimulationResult(rows, (value,), {}))
    (short,) = metrics_of(SimulationResult(rows, (replace(value, tags={"technology": "gas"}),), {}))
    assert len(str(long["tags_key"])) == 64
    assert long["tags"] == tags
    assert short["tags_key"] == '{"technology":"gas"}'
