"""Settings from the environment, and what they refuse."""

from __future__ import annotations

import pytest

from sextant.config import ConfigurationError
from sextant.storage import DatabaseSettings
from sextant.storage.settings import platform_settings

URL = "postgresql://sextant_app:secret@db:5432/sextant"


def test_every_variable_is_read() -> None:
    read = platform_settings(
        {
            "DATABASE_URL": "postgresql://sextant_app@db/sextant",
            "PLATFORM_DATABASE_URL": URL,
            "DATABASE_AUTH": "iam",
            "DB_POOL_MIN_SIZE": "2",
            "DB_POOL_MAX_SIZE": "9",
            "DB_FAILURE_THRESHOLD": "3",
            "DB_RESET_TIMEOUT": "12.5",
            "DB_POOL_TIMEOUT": "1",
            "DB_CONNECT_TIMEOUT": "2",
            "DB_MAX_LIFETIME": "3",
            "DB_MAX_IDLE": "4",
            "DB_CHECK_AFTER_IDLE": "5",
            "DB_RETRY_ATTEMPTS": "6",
            "DB_RETRY_BASE_DELAY": "0.7",
            "DB_RETRY_MAX_DELAY": "8",
            "DB_SLOW_QUERY": "0.9",
        }
    )
    assert read == DatabaseSettings(
        url=URL,
        auth="iam",
        pool_min_size=2,
        pool_max_size=9,
        failure_threshold=3,
        reset_timeout=12.5,
        pool_timeout=1,
        connect_timeout=2,
        max_lifetime=3,
        max_idle=4,
        check_after_idle=5,
        retry_attempts=6,
        retry_base_delay=0.7,
        retry_max_delay=8,
        slow_query=0.9,
    )


def test_the_defaults_are_those_of_the_issue() -> None:
    settings = DatabaseSettings.from_env({"DATABASE_URL": URL})
    assert (settings.failure_threshold, settings.reset_timeout) == (5, 60.0)


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(DatabaseSettings(url=URL))


@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": URL + "?options=-c%20statement_timeout%3D1"},
        {"DATABASE_URL": URL, "DB_POOL_MIN_SIZE": "5", "DB_POOL_MAX_SIZE": "2"},
        {"DATABASE_URL": URL, "DB_POOL_MAX_SIZE": "0", "DB_POOL_MIN_SIZE": "0"},
        {"DATABASE_URL": URL, "DB_POOL_MAX_SIZE": "many"},
        {"DATABASE_URL": URL, "DB_FAILURE_THRESHOLD": "0"},
        {"DATABASE_URL": URL, "DATABASE_AUTH": "magic"},
    ],
)
def test_what_cannot_work_is_refused(variables: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        DatabaseSettings.from_env(variables)


def test_a_missing_url_is_named() -> None:
    for read in (DatabaseSettings.from_env, platform_settings):
        with pytest.raises(ConfigurationError, match="DATABASE_URL is not set"):
            read({})


def test_a_secret_is_not_shown_and_anything_else_is() -> None:
    with pytest.raises(
        ConfigurationError, match="DB_POOL_MAX_SIZE must be a whole number of at least 1, not 'many'"
    ):
        DatabaseSettings.from_env({"DATABASE_URL": URL, "DB_POOL_MAX_SIZE": "many"})
    with pytest.raises(ConfigurationError) as refused:
        DatabaseSettings.from_env({"DATABASE_URL": URL + "?options=x"})
    assert "secret" not in str(refused.value)


def test_the_platforms_url_may_be_the_only_one() -> None:
    assert platform_settings({"DATABASE_URL": URL}).url == URL
