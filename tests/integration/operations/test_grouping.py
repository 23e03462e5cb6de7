"""Which failures count into one incident."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sextant.operations.incidents.signature import ALGORITHM, of_fingerprint
from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client


def test_what_differs_only_in_ids_and_numbers_is_one_incident(client: Client) -> None:
    workflow = client.workflow()
    for number in range(3):
        message = (
            f"order {uuid.uuid4()} of 10.0.0.{number}: {number * 7} rows at 2026-01-0{number + 1}T10:00:00Z"
        )
        client.event(workflow, payload={"error": {"code": "boom", "message": message}})
    client.event(workflow, payload={"error": {"code": "other", "message": "another thing"}})
    assert sorted(incident["event_count"] for incident in client.incidents()) == [1, 3]


def test_a_fingerprint_overrides_the_signature(client: Client, operations: Operations) -> None:
    workflow = client.workflow()
    for text in ("a", "b"):
        client.event(workflow, fingerprint="one thing", payload={"error": {"message": text}})
    (incident,) = client.incidents()
    assert incident["event_count"] == 2
    [(in_sql,)] = operations.sql("SELECT fingerprint_signature(%s, 'one thing')", client.tenant)
    assert incident["signature"] == in_sql == of_fingerprint(client.tenant, "one thing")


def test_an_incident_keeps_the_signature_of_the_algorithm_that_made_it(
    client: Client, operations: Operations
) -> None:
    # Given an incident of the algorithm before this one
    workflow, payload = client.workflow(), {"error": {"message": "no row of 01ARZ3NDEKTSV4RRFFQ69G5FAV"}}
    client.event(workflow, payload=payload)
    (old,) = client.incidents()
    operations.sql(
        "UPDATE incident SET algorithm = 1, signature = %s WHERE tenant_id = %s", "0" * 64, client.tenant
    )
    # When the failure comes again, then it opens one of its own, and the old one is as it was
    client.event(workflow, payload=payload)
    rows = operations.sql(
        "SELECT algorithm, event_count, signature FROM incident WHERE tenant_id = %s ORDER BY id",
        client.tenant,
    )
    assert rows == [(1, 1, "0" * 64), (ALGORITHM, 1, old["signature"])]


def test_tenants_never_share_an_incident(client: Client, new_client: Callable[..., Client]) -> None:
    other = new_client()
    client.event(client.workflow(), fingerprint="same")
    other.event(other.workflow(), fingerprint="same")
    (mine,), (theirs,) = client.incidents(), other.incidents()
    assert mine["signature"] != theirs["signature"]
    assert client("GET", f"/v1/incidents/{theirs['id']}").status == 404
    assert client("GET", f"/v1/incidents/{theirs['id']}/timeline").status == 404
