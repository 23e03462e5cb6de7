"""The databases of one local system: the application's, migrated, and the lake's catalog beside it."""

from __future__ import annotations

from dataclasses import dataclass

import migrations
from local.postgres import Postgres

APPLICATION_ROLES = ("sextant_app", "sextant_platform")


@dataclass(frozen=True)
class DatabaseUrls:
    """How each role reaches one database. The migrations run as `admin`, which owns everything; `app` sees
    the tenant of its transaction, `platform` all of them; `catalog` is the lake's own database."""

    name: str
    admin: str
    app: str
    platform: str
    catalog: str

    def of_role(self, role: str) -> str:
        """The URL for a role as the declaration names it."""
        return {"admin": self.admin, "sextant_app": self.app, "sextant_platform": self.platform}[role]


def urls(server: Postgres, name: str) -> DatabaseUrls:
    app, platform = APPLICATION_ROLES
    return DatabaseUrls(
        name=name,
        admin=server.url(name),
        app=server.url(name, role=app),
        platform=server.url(name, role=platform),
        catalog=server.url(f"{name}_iceberg").replace("postgresql://", "postgresql+psycopg://", 1),
    )


def prepare(server: Postgres, name: str) -> DatabaseUrls:
    """Makes the databases where they are missing, and brings the application's to the newest revision."""
    for database in (name, f"{name}_iceberg"):
        if not server.has_database(database):
            server.create_database(database)
    found = urls(server, name)
    migrations.upgrade(found.admin)
    server.give_password(*APPLICATION_ROLES)
    return found


def clone(server: Postgres, template: str, name: str) -> DatabaseUrls:
    """A fresh copy of a prepared database, with an empty catalog database."""
    server.create_database(name, template=template)
    server.create_database(f"{name}_iceberg")
    return urls(server, name)


def drop(server: Postgres, name: str) -> None:
    server.drop_database(name)
    server.drop_database(f"{name}_iceberg")
