"""The database's schema, revision by revision: explicit SQL, applied by Alembic; and its functions, a file each.

A revision is a file in `versions/` that names its order, and `sql/<revision>.up.sql` beside
`sql/<revision>.down.sql`. An upgrade to the newest revision loads the functions whose text has changed
(`sql_functions`) and compares the outcome with `schema.txt` (`schema`). Upgrades take a lock, so that two
deployments at once apply each once. README.md says how to change the schema and the functions.

Alembic and SQLAlchemy are imported by what migrates: the API, which only asks what its release expects, is
deployed without them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from migrations import role_settings, schema, sql_functions
from migrations.schema import SchemaDriftError
from migrations.sql_functions import Connection

if TYPE_CHECKING:
    from alembic.config import Config

logger = logging.getLogger(__name__)

_ATTEMPTS = 5
_PAUSE = 0.5
"""Seconds before the second attempt; each time that much longer."""
_HERE = Path(__file__).resolve().parent


def _config(url: str, finish: Callable[[Connection], None] = lambda _: None) -> Config:
    """What `env.py` reads; it calls `finish` in the migrations' transaction, after them."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes.update(url=url, finish=finish)
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` (a libpq URL of the administrator) up to `revision`.

    The newest revision is completed by the functions of this release and by a comparison with `schema.txt`: raises
    `SchemaDriftError`, with the upgrade done, when the database is not as this release expects it.
    """
    found: list[str] = []

    def finish(connection: Connection) -> None:
        if revision in {"head", schema.of_this_release().revision}:
            sql_functions.load(connection, sql_functions.of_files())
            role_settings.take_back(connection)
            found[:] = schema.check(connection)

    def move() -> None:
        from alembic import command

        command.upgrade(_config(url, finish), revision)

    _beside_others(move)
    if found:
        raise SchemaDriftError(found)


def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to `revision`; `base` removes every table."""

    def move() -> None:
        from alembic import command

        command.downgrade(_config(url), revision)

    _beside_others(move)


def _beside_others(move: Callable[[], None]) -> None:
    """Move the schema while others work on it: again, whole, where the database ended a deadlock with them at the move's cost.

    A revision takes its tables' locks in the order of its statements, and a request those of its own: a cycle is nobody's fault.
    All of a move is one transaction, of which nothing is left.
    """
    import psycopg
    from sqlalchemy.exc import DBAPIError

    for attempt in range(1, _ATTEMPTS + 1):
        try:
            move()
        except (psycopg.errors.DeadlockDetected, DBAPIError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if attempt == _ATTEMPTS or not isinstance(cause, psycopg.errors.DeadlockDetected):
                raise
            logger.warning("the schema's move met a deadlock and begins again", exc_info=error)
            time.sleep(_PAUSE * attempt)
        else:
            return


def current(url: str) -> str | None:
    """The revision the database at `url` is at; None when it has none yet."""
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.pool import NullPool

    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def revisions() -> list[str]:
    """Every revision's id, oldest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config(""))
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


def apply(name: str) -> None:
    """Run `sql/<name>.sql` in the migration under way.

    Straight through the driver: its statements hold `%` and `:`, which SQLAlchemy would take for parameters.
    """
    _connection().execute((_HERE / "sql" / f"{name}.sql").read_bytes())


def restore_functions() -> None:
    """Make the functions those that stood in the migrations before they became files, for the way back."""
    functions = sql_functions.of_migrations()
    sql_functions.load(_connection(), functions)
    sql_functions.open_to_all(_connection(), functions)


def _connection() -> Connection:
    from alembic import op

    connection: Connection | None = op.get_bind().connection.driver_connection
    assert connection is not None
    return connection
