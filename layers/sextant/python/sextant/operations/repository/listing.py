"""Keyset pages: one statement for both directions, ordered by a UUIDv7."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import LiteralString, TypeVar

from psycopg import sql

from sextant.paging import PageRequest
from sextant.storage import Session

T = TypeVar("T")

_PAGE = """
SELECT {columns} FROM {source} WHERE {conditions} AND (%(key)s::uuid IS NULL OR id {beyond} %(key)s::uuid)
ORDER BY id {order} LIMIT %(fetch)s
"""


def columns_of(row: type[object]) -> sql.Composed:
    """The columns that a dataclass has fields for."""
    names = [sql.Identifier(field.name) for field in fields(row)]  # type: ignore[arg-type]
    return sql.Composed(names).join(", ")


def fetch_page(
    session: Session,
    row: type[T],
    source: LiteralString,
    *,
    conditions: LiteralString,
    params: Mapping[str, object],
    request: PageRequest,
) -> list[T]:
    """Up to `request.fetch` rows, newest first; turned round when going backwards."""
    ascending = request.backwards
    query = sql.SQL(_PAGE).format(
        columns=columns_of(row),
        source=sql.SQL(source),
        conditions=sql.SQL(conditions),
        beyond=sql.SQL(">" if ascending else "<"),
        order=sql.SQL("ASC" if ascending else "DESC"),
    )
    return session.fetch_all(query, {**params, "key": request.key, "fetch": request.fetch}, row=row)
