"""The local catalog: pyiceberg's SQL catalog, safe to start in many processes at once."""

from __future__ import annotations

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError
from pyiceberg.typedef import EMPTY_DICT, Identifier, Properties
from sqlalchemy.exc import IntegrityError, ProgrammingError


class RaceSafeSqlCatalog(SqlCatalog):
    """Where pyiceberg checks and then creates, the loser of the race finds what the winner made."""

    def create_tables(self) -> None:
        try:
            super().create_tables()
        except (IntegrityError, ProgrammingError):
            # The other process's CREATE TABLE committed first; a second look creates what is still missing.
            super().create_tables()

    def create_namespace(self, namespace: str | Identifier, properties: Properties = EMPTY_DICT) -> None:
        try:
            super().create_namespace(namespace, properties)
        except IntegrityError as error:
            raise NamespaceAlreadyExistsError(f"Namespace {namespace} already exists") from error
