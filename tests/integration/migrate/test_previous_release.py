"""The functions of the release before work on the schema of this one: both run while requests move to new code.

`released/<version>.statements.json` is every statement with parameters that the release sent to the database, by role, while
its own tests of the API, the outbox, a run's life and operations ran with `log_statement = all`, with a cast where the driver's
type decides: a fresh clone need not have the release's code. Each is planned here as that role on the new schema, which finds a table, column or function
that is gone, parameters that changed, and a right that was taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local.database import DatabaseUrls

RECORDED = max((Path(__file__).parent / "released").glob("*.statements.json"))
STATEMENTS: list[dict[str, str]] = json.loads(RECORDED.read_text())
# Changed since 0.1.0, before the rule: an upgrade from it is deployed all at once (docs/deploy.md). Nothing is added here.
GIVEN_UP = ("request_run_admitted(", "update_scenario(")


def refused(connection: psycopg.Connection, statements: Iterator[str]) -> Iterator[str]:
    """What the database says of those that it cannot plan."""
    for statement in statements:
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}".encode())
        except psycopg.Error as error:
            yield f"{str(error).splitlines()[0]}: {statement[:300]}"


@pytest.mark.parametrize("role", ["sextant_app", "sextant_platform"])
def test_what_the_release_before_asks_can_be_answered(database: DatabaseUrls, role: str) -> None:
    theirs = [one["statement"] for one in STATEMENTS if one["role"] == role]
    assert len(theirs) > 30

    with psycopg.connect(database.of_role(role)) as connection:
        told = list(refused(connection, iter(theirs)))

    assert [line for line in told if not any(name in line for name in GIVEN_UP)] == []


def test_a_function_that_is_taken_away_is_seen(database: DatabaseUrls) -> None:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute("ALTER TABLE scenario RENAME COLUMN description TO about")

    with psycopg.connect(database.app) as connection:
        told = list(
            refused(connection, (one["statement"] for one in STATEMENTS if one["role"] == "sextant_app"))
        )

    assert any('column "description"' in line for line in told)
