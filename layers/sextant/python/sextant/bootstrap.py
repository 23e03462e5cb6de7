"""The composition root: what a function needs, made once per process and kept warm.

Everything here is made on first use, so a function pays at cold start for what it uses and no more.
"""

from __future__ import annotations

import os
from functools import cache

from sextant.config import Settings
from sextant.storage import Database, DatabaseSettings


@cache
def settings() -> Settings:
    return Settings.from_env(os.environ)


@cache
def database() -> Database:
    """The database as this function's own role sees it."""
    return _connect("DATABASE_URL")


@cache
def platform_database() -> Database:
    """The database as the platform sees it, for figures and administration over all tenants."""
    variable = "PLATFORM_DATABASE_URL"
    return _connect(variable) if variable in os.environ else database()


def _connect(variable: str) -> Database:
    connection = DatabaseSettings.from_env(os.environ, variable)
    if connection.auth == "iam":
        from sextant.storage.iam import token_source

        return Database.connect(connection, password=token_source(connection))
    return Database.connect(connection)


def nudge_relay() -> None:
    """Tell the relay that there is work: best effort, after the commit, never an error."""
    from sextant.outbox.nudge import nudge

    nudge(settings().relay_function)
