"""The migrate function, as a deployment calls it."""

from __future__ import annotations

import psycopg
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

import migrations
from functions.migrate import handler as migrate
from local.database import DatabaseUrls


class Context(LambdaContext):
    """What the runtime hands over beside the event."""

    def __init__(self) -> None:
        self._function_name = "migrate"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:migrate"
        self._aws_request_id = "request"


def call(url: str, monkeypatch: pytest.MonkeyPatch, **event: str) -> str:
    monkeypatch.setenv("DATABASE_URL", url)
    return migrate.handler(event, Context())["revision"]


def test_an_empty_database_is_brought_to_the_newest_revision_once(
    empty_database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = migrations.revisions()[-1]

    assert migrations.current(empty_database.admin) is None
    assert [call(empty_database.admin, monkeypatch) for _ in range(2)] == [newest, newest]
    assert migrations.current(empty_database.admin) == newest


def test_a_database_ahead_of_the_code_is_left_alone(
    database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rolled back deployment calls the version before, which does not know the newest revision."""
    with psycopg.connect(database.admin) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_later'")

    assert call(database.admin, monkeypatch) == "9999_later"
    assert migrations.current(database.admin) == "9999_later"


def test_it_goes_back_only_when_asked(database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    before = migrations.revisions()[-2]

    assert call(database.admin, monkeypatch, downgrade_to=before) == before
    assert migrations.current(database.admin) == before
    assert call(database.admin, monkeypatch) == migrations.revisions()[-1]


def test_with_iam_the_password_is_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://sextant_admin@proxy.example:5432/sextant?sslmode=verify-full"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("DATABASE_AUTH", "iam")
    for name in ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")

    parsed = psycopg.conninfo.conninfo_to_dict(migrate._url())

    assert (parsed["user"], parsed["host"], parsed["sslmode"]) == (
        "sextant_admin",
        "proxy.example",
        "verify-full",
    )
    assert str(parsed["password"]).startswith(
        "proxy.example:5432/?Action=connect&DBUser=sextant_admin&X-Amz-"
    )
