"""Alembic's entry: one connection, one transaction, one lock."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import make_url

# Any fixed number will do, as long as nothing else takes this advisory lock.
_MIGRATION_LOCK = 7_390_111


def _run() -> None:
    url = make_url(context.config.attributes["url"]).set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, transactional_ddl=True, transaction_per_migration=False)
        with context.begin_transaction():
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            context.run_migrations()
            driver = connection.connection.driver_connection
            assert driver is not None
            context.config.attributes["finish"](driver)
    engine.dispose()


_run()
