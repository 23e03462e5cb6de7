"""How the database is reached, from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Auth = Literal["password", "iam"]


@dataclass(frozen=True)
class DatabaseSettings:
    """Every knob of the storage layer; times are seconds.

    `url` must not carry start-up `options`: RDS Proxy refuses them. Server-side limits (statement, lock
    and idle-in-transaction timeouts) are settings of the database role, made by the migrations.
    """

    url: str = field(repr=False)
    auth: Auth = "password"
    """`iam`: a fresh IAM token is the password of each new connection."""
    pool_min_size: int = 1
    pool_max_size: int = 5
    pool_timeout: float = 5.0
    """How long to wait for a free connection before `PoolExhausted`."""
    connect_timeout: float = 5.0
    max_lifetime: float = 1800.0
    """A connection older than this is replaced; below RDS Proxy's limit of 24 hours."""
    max_idle: float = 300.0
    """Connections above `pool_min_size` unused for this long are closed."""
    check_after_idle: float = 20.0
    """A connection unused for this long (a thawed Lambda) is asked `SELECT 1` before it is handed out."""
    failure_threshold: int = 5
    reset_timeout: float = 60.0
    retry_attempts: int = 4
    """Attempts in all, the first included."""
    retry_base_delay: float = 0.05
    retry_max_delay: float = 2.0
    slow_query: float = 0.5
    """Statements that take longer are logged and counted."""

    def __post_init__(self) -> None:
        if "options=" in self.url:
            raise ValueError("the database URL carries start-up options, which RDS Proxy refuses")
        if not 0 <= self.pool_min_size <= self.pool_max_size or self.pool_max_size < 1:
            raise ValueError(
                "pool sizes must satisfy 0 <= DB_POOL_MIN_SIZE <= DB_POOL_MAX_SIZE, and 1 <= max"
            )
        if self.failure_threshold < 1 or self.retry_attempts < 1:
            raise ValueError("DB_FAILURE_THRESHOLD and DB_RETRY_ATTEMPTS must be at least 1")

    @classmethod
    def from_env(cls, env: Mapping[str, str], url_variable: str = "DATABASE_URL") -> DatabaseSettings:
        """Read `url_variable`, `DATABASE_AUTH` and the `DB_*` variables named in docs/storage.md.

        Raises KeyError when the URL is missing and ValueError when a value does not parse.
        """
        default = cls(url="")
        auth = env.get("DATABASE_AUTH", "password")
        if auth not in ("password", "iam"):
            raise ValueError("DATABASE_AUTH must be 'password' or 'iam'")

        def seconds(name: str, fallback: float) -> float:
            return float(env.get(name, fallback))

        def count(name: str, fallback: int) -> int:
            return int(env.get(name, fallback))

        return cls(
            url=env[url_variable],
            auth="iam" if auth == "iam" else "password",
            pool_min_size=count("DB_POOL_MIN_SIZE", default.pool_min_size),
            pool_max_size=count("DB_POOL_MAX_SIZE", default.pool_max_size),
            pool_timeout=seconds("DB_POOL_TIMEOUT", default.pool_timeout),
            connect_timeout=seconds("DB_CONNECT_TIMEOUT", default.connect_timeout),
            max_lifetime=seconds("DB_MAX_LIFETIME", default.max_lifetime),
            max_idle=seconds("DB_MAX_IDLE", default.max_idle),
            check_after_idle=seconds("DB_CHECK_AFTER_IDLE", default.check_after_idle),
            failure_threshold=count("DB_FAILURE_THRESHOLD", default.failure_threshold),
            reset_timeout=seconds("DB_RESET_TIMEOUT", default.reset_timeout),
            retry_attempts=count("DB_RETRY_ATTEMPTS", default.retry_attempts),
            retry_base_delay=seconds("DB_RETRY_BASE_DELAY", default.retry_base_delay),
            retry_max_delay=seconds("DB_RETRY_MAX_DELAY", default.retry_max_delay),
            slow_query=seconds("DB_SLOW_QUERY", default.slow_query),
        )
