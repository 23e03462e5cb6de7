"""migrations/schema.txt: what a database is made of once the migrations have made it."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import psycopg

import migrations
from local.postgres import Postgres
from migrations import schema


def files() -> dict[Path, str]:
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder), durable=False)
        try:
            server.start()
            server.create_database("sextant_schema")
            url = server.url("sextant_schema")
            # It differs from the file that is to be written.
            with contextlib.suppress(schema.SchemaDriftError):
                migrations.upgrade(url)
            with psycopg.connect(url) as connection:
                return {schema.FILE: schema.written(schema.parts(connection))}
        finally:
            server.forget()
