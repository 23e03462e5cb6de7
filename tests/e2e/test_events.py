"""The events of the whole system are what the catalogue says: all that this session's system stored, whatever made it."""

from __future__ import annotations

import psycopg
import pytest
from pydantic import ValidationError

from local.running import RunningSystem
from sextant.outbox.catalogue import TOPICS
from tests.e2e.test_main_job import create, finished_run

pytestmark = pytest.mark.last


def test_every_stored_event_is_what_the_catalogue_says(system: RunningSystem) -> None:
    # Given a run that succeeded, beside all that other tests did
    with system.client("events", "admin") as client:
        scenario = create(client)
        run = client.post(f"/v1/scenarios/{scenario}/run", json={}).json()["data"]["id"]
        finished_run(client, scenario, run)
    topics = {topic.name: topic for topic in TOPICS}
    with psycopg.connect(system.endpoints.database.admin) as connection:
        events = connection.execute(
            "SELECT topic, dedupe_key, payload::text, headers::jsonb ->> 'correlation-id' FROM outbox_event"
        ).fetchall()
    # Then each is of a topic that is known, says what that says, and no more
    assert {"run.requested", "run.completed", "outputs.invalidated"} <= {topic for topic, *_ in events}
    strange = []
    for name, dedupe_key, payload, correlation_id in events:
        topic = topics[name]
        try:
            topic.payload.model_validate_json(payload)
        except ValidationError as error:
            strange.append(f"{name}: {payload}: {error}")
        if (correlation_id is not None) != topic.correlated:
            strange.append(f"{name}: correlation-id is {correlation_id!r}")
        first, *rest = (form.partition("{")[0] for form in topic.dedupe_keys)
        assert dedupe_key.startswith((first, *rest))
    assert strange == []
