"""The database's schema, revision by revision: explicit SQL, applied by Alembic; and its functions, a file each.

A revision is a file in `versions/` that names its order, and `sql/<revision>.up.sql` beside
`sql/<revision>.down.sql`. An upgrade to the newest revision loads the functions whose text has changed
(`sql_functions`). Upgrades take a lock, so that two deployments at once apply each once. README.md says how to
change either.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from migrations import sql_functions

_HERE = Path(__file__).resolve().parent


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` (a libpq URL of the administrator) up to `revision`.

    The functions belong to the newest revision: on the way to an older one they stay as they are.
    """
    config = _config(url)
    config.attributes["load_functions"] = revision in {"head", revisions()[-1]}
    command.upgrade(config, revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to `revision`; `base` removes every table."""
    command.downgrade(_config(url), revision)


def current(url: str) -> str | None:
    """The revision the database at `url` is at; None when it has none yet."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def revisions() -> list[str]:
    """Every revision's id, oldest first."""
    scripts = ScriptDirectory.from_config(_config(""))
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


def apply(name: str) -> None:
    """Run `sql/<name>.sql` in the migration under way.

    Straight through the driver: its statements hold `%` and `:`, which SQLAlchemy would take for parameters.
    """
    _connection().execute((_HERE / "sql" / f"{name}.sql").read_bytes())


def restore_functions() -> None:
    """Make the functions those that stood in the migrations before they became files, for the way back."""
    sql_functions.load(_connection(), sql_functions.of_migrations())


def _connection() -> sql_functions.Connection:
    connection: sql_functions.Connection | None = op.get_bind().connection.driver_connection
    assert connection is not None
    return connection
