"""What changed for a tenant: nothing is missed, whatever is committed in whatever order, and nobody else's is told."""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from functions.api import changes as changes_api
from functions.worker import run_recovery
from local.database import DatabaseUrls
from tests.integration.api.conftest import Client
from tests.integration.invoking import LambdaContext

PATH = "/v1/changes"
_CANCEL = "UPDATE scenario_run SET state = 'CANCELLED', completed_at = now() WHERE id = %s"


class Watcher:
    """Follows a tenant's changes from where it began."""

    def __init__(self, client: Client) -> None:
        self.client = client
        begun = client("GET", PATH)
        assert begun.data == []
        self.cursor: str = begun.json["meta"]["cursor"]

    def look(self, **query: Any) -> list[tuple[str, str]]:
        """What is new: the things and the states that they came into."""
        answer = self.client("GET", PATH, query={"after": self.cursor, **query})
        assert answer.status == 200, answer.body
        self.cursor, self.more = answer.json["meta"]["cursor"], answer.json["meta"]["more"]
        return [(item["id"], item["state"]) for item in answer.data]


@contextmanager
def transaction(database: DatabaseUrls) -> Iterator[psycopg.Connection[Any]]:
    """One that is left open until the block ends."""
    with psycopg.connect(database.admin) as connection:
        yield connection


def test_a_change_is_told_once_to_its_own_tenant(client: Client, new_client: Callable[..., Client]) -> None:
    watcher, stranger = Watcher(client), Watcher(new_client())
    scenario = client.scenario()["id"]
    run = client.run(scenario)["id"]
    client("POST", f"/v1/runs/{run}/cancel")
    (first, _) = client("GET", PATH, query={"after": watcher.cursor}).data
    assert (first["kind"], first["scenario_id"], first["state"]) == ("run", scenario, "QUEUED")
    assert watcher.look() == [(run, "QUEUED"), (run, "CANCELLED")]
    assert watcher.look() == []
    assert stranger.look() == []
    theirs = stranger.client("GET", PATH, query={"after": watcher.cursor})
    assert (theirs.status, theirs.code) == (400, "invalid_cursor")


def test_what_is_committed_later_is_not_missed_though_it_began_earlier(
    client: Client, served: DatabaseUrls
) -> None:
    # Given two runs, and a transaction that ends the first and is not committed
    scenario = client.scenario()["id"]
    early, late = client.run(scenario, seed=1)["id"], client.run(scenario, seed=2)["id"]
    watcher = Watcher(client)
    with transaction(served) as connection:
        connection.execute(_CANCEL, (early,))
        # When the second is ended after that, and seen
        client("POST", f"/v1/runs/{late}/cancel")
        assert watcher.look() == [(late, "CANCELLED")]
    # Then the first is told once it is committed, and neither again
    assert watcher.look() == [(early, "CANCELLED")]
    assert watcher.look() == []


def test_pages_are_of_one_reading_and_what_comes_meanwhile_is_the_nexts(
    client: Client, served: DatabaseUrls
) -> None:
    scenario = client.scenario()["id"]
    runs = [client.run(scenario, seed=seed)["id"] for seed in range(6)]
    watcher = Watcher(client)
    with transaction(served) as connection:
        connection.execute(_CANCEL, (runs[0],))
        for run in runs[1:4]:
            client("POST", f"/v1/runs/{run}/cancel")
        told = watcher.look(limit=2)
        assert watcher.more
    client("POST", f"/v1/runs/{runs[4]}/cancel")
    while watcher.more:
        told += watcher.look(limit=2)
    told += watcher.look()
    assert sorted(told) == sorted((run, "CANCELLED") for run in runs[:5])


def test_many_transactions_at_once_are_all_told_and_each_things_states_in_order(
    client: Client, served: DatabaseUrls
) -> None:
    # Given forty runs, and writers that end them in transactions of any length and order
    scenario = client.scenario()["id"]
    client("POST", f"/v1/scenarios/{scenario}/runs:bulk", {"items": [{"seed": seed} for seed in range(40)]})
    runs = [run["id"] for run in client("GET", "/v1/runs", query={"limit": 100}).data]
    assert len(runs) == 40
    watcher, told = Watcher(client), list[tuple[str, str]]()
    dice = random.Random(7)
    shuffled = dice.sample(runs, len(runs))

    def work(mine: list[str], pauses: list[float]) -> None:
        with psycopg.connect(served.admin) as connection:
            for run, pause in zip(mine, pauses, strict=True):
                with connection.transaction():
                    connection.execute("SELECT pg_current_xact_id()")
                    connection.execute("SELECT pg_sleep(%s)", (pause,))
                    connection.execute(
                        "UPDATE scenario_run SET state = 'RUNNING', started_at = now() WHERE id = %s",
                        (run,),
                    )
                with connection.transaction():
                    connection.execute(_CANCEL, (run,))
                    connection.execute("SELECT pg_sleep(%s)", (pause,))

    with ThreadPoolExecutor(4) as writers:
        working = [
            writers.submit(work, shuffled[lane::4], [dice.random() * 0.03 for _ in shuffled[lane::4]])
            for lane in range(4)
        ]
        # When a reader follows meanwhile
        while not all(one.done() for one in working):
            told += watcher.look(limit=3)
        for one in working:
            one.result()
    told += watcher.look()
    while watcher.more:
        told += watcher.look()
    # Then every change was told once, and the end of a run after its beginning
    assert sorted(told) == sorted((run, state) for run in runs for state in ("RUNNING", "CANCELLED"))
    assert all(told.index((run, "RUNNING")) < told.index((run, "CANCELLED")) for run in runs)


def test_a_request_waits_for_a_change(client: Client, served: DatabaseUrls) -> None:
    run = client.run(client.scenario()["id"])["id"]
    watcher = Watcher(client)
    with ThreadPoolExecutor(1) as other:
        ending = other.submit(end, served, [run], 0.5)
        assert watcher.look(wait=20) == [(run, "CANCELLED")]
        ending.result()
    assert watcher.look(wait=1) == []


def test_changes_that_follow_an_answer_are_gathered(
    client: Client, served: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a reader who was answered just now
    monkeypatch.setattr(changes_api, "_QUIET", timedelta(seconds=30))
    monkeypatch.setattr(changes_api, "_GATHERED", timedelta(seconds=2))
    scenario = client.scenario()["id"]
    runs = [client.run(scenario, seed=seed)["id"] for seed in range(2)]
    watcher = Watcher(client)
    with ThreadPoolExecutor(1) as other:
        # When two changes come soon after one another
        ending = other.submit(end, served, runs, 0.5)
        # Then both are in one answer
        assert watcher.look(wait=20) == [(run, "CANCELLED") for run in runs]
        ending.result()


def test_a_reader_gets_thirty_answers_a_minute_where_something_changes_all_the_time(
    client: Client, served: DatabaseUrls
) -> None:
    # Given a reader that has used up what it saved, and changes that follow each other fast
    scenario = client.scenario()["id"]
    runs = [client.run(scenario, seed=seed)["id"] for seed in range(40)]
    watcher = Watcher(client)
    for _ in range(6):
        watcher.look()
    with ThreadPoolExecutor(1) as other:
        ending = other.submit(end, served, runs, 0.1)
        # When it asks without a pause
        began, told, answers = time.monotonic(), 0, 0
        while told < len(runs):
            told += len(watcher.look(wait=20))
            answers += 1
        ending.result()
    # Then two seconds lie between the answers
    assert answers <= 1 + (time.monotonic() - began) / 1.9
    assert answers >= 2


def end(database: DatabaseUrls, runs: list[str], pause: float) -> None:
    """Cancel the runs one by one, each after a pause."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        for run in runs:
            connection.execute("SELECT pg_sleep(%s)", (pause,))
            connection.execute(_CANCEL, (run,))


def test_waits_are_limited_by_their_length(client: Client, sql: Callable[..., list[Any]]) -> None:
    limit = {"value": {"limit": 1, "window_seconds": 60}, "reason": "x"}
    assert client("PUT", "/v1/admin/config/rate-limit/waits.changes", limit).status == 200
    watcher = Watcher(client)
    assert watcher.look(wait=1) == []
    answer = client("GET", PATH, query={"after": watcher.cursor, "wait": 20})
    assert (answer.status, answer.data) == (200, [])
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_a_cursor_that_cannot_be_followed_is_refused(client: Client) -> None:
    cursor = Watcher(client).cursor

    def changed(**fields: Any) -> str:
        document = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        text = json.dumps({**document, **fields})
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    long_ago = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    for expired in ({"a": long_ago}, {"n": f"5:{2**40 + 5}:"}):
        answer = client("GET", PATH, query={"after": changed(**expired)})
        assert (answer.status, answer.code) == (410, "changes_expired"), expired
    for wrong in (
        {"n": "1"},
        {"n": "5:3:"},
        {"n": "5:9:10"},
        {"n": "1:2:'); --"},
        {"n": f"1:{2**70}:"},
        {"n": "5:9:8,7"},
        {"n": f"5:{2**40}:"},
        {"p": -1},
        {"p": "1"},
        {"a": "yesterday"},
        {"t": 7},
        {"c": "1"},
        {"c": 1e12},
        {"c": 1e300},
    ):
        answer = client("GET", PATH, query={"after": changed(**wrong)})
        assert (answer.status, answer.code) == (400, "invalid_cursor"), wrong


def test_changes_are_forgotten_when_no_cursor_can_ask_for_them(
    client: Client, served: DatabaseUrls, sql: Callable[..., list[Any]]
) -> None:
    run = client.run(client.scenario()["id"])["id"]
    with transaction(served) as connection:
        connection.execute(
            "UPDATE state_change SET changed_at = now() - interval '3 days' WHERE thing_id = %s", (run,)
        )
    kept = client.run(client.scenario()["id"])["id"]
    run_recovery.handler({}, LambdaContext("run-recovery"))  # type: ignore[arg-type]
    left = sql("SELECT thing_id::text FROM state_change WHERE tenant_id = %s", client.tenant)
    assert left == [(kept,)]
