"""How the database is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sextant.config import ConfigurationError, Settings, choice, count, number, text

Auth = Literal["password", "iam"]

PLATFORM_URL = "PLATFORM_DATABASE_URL"


@dataclass(frozen=True)
class DatabaseSettings(Settings):
    """Every knob of the storage layer; times are seconds.

    Server-side limits (statement, lock and idle-in-transaction timeouts) are settings of the database role, made by
    the migrations.
    """

    url: str = text(
        "DATABASE_URL",
        "The database as this function's role; no start-up `options`, which RDS Proxy refuses",
        secret=True,
    )
    auth: Auth = choice(
        "DATABASE_AUTH",
        "`iam`: a fresh token is the password of each new connection",
        "password",
        ("password", "iam"),
    )
    pool_min_size: int = count(
        "DB_POOL_MIN_SIZE", "Connections that are kept however long they are unused", 1
    )
    pool_max_size: int = count("DB_POOL_MAX_SIZE", "The most connections at once", 5, least=1)
    pool_timeout: float = number("DB_POOL_TIMEOUT", "How long to wait for a free connection", 5)
    connect_timeout: float = number("DB_CONNECT_TIMEOUT", "How long a new connection may take", 5)
    max_lifetime: float = number(
        "DB_MAX_LIFETIME", "An older connection is replaced; below RDS Proxy's limit of 24 hours", 1800
    )
    max_idle: float = number(
        "DB_MAX_IDLE", "Connections above the minimum unused for so long are closed", 300
    )
    check_after_idle: float = number(
        "DB_CHECK_AFTER_IDLE",
        "A connection unused for so long is asked `SELECT 1` before it is handed out",
        20,
    )
    failure_threshold: int = count(
        "DB_FAILURE_THRESHOLD", "Failures in a row that open the circuit breaker", 5, least=1
    )
    reset_timeout: float = number("DB_RESET_TIMEOUT", "How long the open breaker waits before it probes", 60)
    retry_attempts: int = count(
        "DB_RETRY_ATTEMPTS", "Attempts of a transaction, the first included", 4, least=1
    )
    retry_base_delay: float = number(
        "DB_RETRY_BASE_DELAY", "The longest pause before the second attempt", 0.05
    )
    retry_max_delay: float = number("DB_RETRY_MAX_DELAY", "The longest pause before any attempt", 2)
    slow_query: float = number("DB_SLOW_QUERY", "Slower statements are logged and counted", 0.5)

    def __post_init__(self) -> None:
        if "options=" in self.url:
            raise ConfigurationError("DATABASE_URL must carry no start-up options, which RDS Proxy refuses")
        if self.pool_min_size > self.pool_max_size:
            raise ConfigurationError(
                f"DB_POOL_MIN_SIZE must not exceed DB_POOL_MAX_SIZE, not {self.pool_min_size} > {self.pool_max_size}"
            )


def platform_settings(env: Mapping[str, str]) -> DatabaseSettings:
    """How the platform's role connects: `PLATFORM_DATABASE_URL`, or `DATABASE_URL` in a function that has no other role."""
    return DatabaseSettings.from_env(
        {**env, "DATABASE_URL": env.get(PLATFORM_URL) or env.get("DATABASE_URL", "")}
    )
