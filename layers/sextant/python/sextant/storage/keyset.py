"""Keyset pages: one statement for both directions, ordered by a UUIDv7 or by the tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import LiteralString, TypeVar

from psycopg import sql

from sextant.paging import PageRequest
from sextant.storage import Session

T = TypeVar("T")

_PAGE = """
SELECT {columns} FROM {source} WHERE {conditions} AND (%(key)s::uuid IS NULL OR id {beyond} %(key)s::uuid)
ORDER BY id {order} LIMIT %(fetch)s
"""
_JOINED = "WITH page AS ({page}) SELECT {columns} FROM page {joined} ORDER BY id {order}"


def columns_of(row: type[object], within: str | None = None) -> sql.Composed:
    """The columns that a dataclass has fields for; with `within`, those of that composite: `(run).id, …`."""
    names = [sql.Identifier(field.name) for field in fields(row)]  # type: ignore[arg-type]
    if within is None:
        return sql.Composed(names).join(", ")
    return sql.SQL(", ").join(sql.SQL("({}).{}").format(sql.Identifier(within), name) for name in names)


@cache
def _page(
    row: type[object],
    source: LiteralString,
    conditions: LiteralString,
    joined: LiteralString,
    *,
    ascending: bool,
) -> sql.Composed:
    """The statement of a page, spelled out once."""
    order = sql.SQL("ASC" if ascending else "DESC")
    page = sql.SQL(_PAGE).format(
        columns=sql.SQL("*") if joined else columns_of(row),
        source=sql.SQL(source),
        conditions=sql.SQL(conditions),
        beyond=sql.SQL(">" if ascending else "<"),
        order=order,
    )
    if not joined:
        return page
    return sql.SQL(_JOINED).format(page=page, columns=columns_of(row), joined=sql.SQL(joined), order=order)


def rising(request: PageRequest) -> dict[str, sql.SQL]:
    """The `beyond` and `order` of a statement whose pages rise by their key: turned round when going backwards."""
    if request.backwards:
        return {"beyond": sql.SQL("<"), "order": sql.SQL("DESC")}
    return {"beyond": sql.SQL(">"), "order": sql.SQL("ASC")}


def tenants_page(request: PageRequest) -> dict[str, object]:
    """The `key` and `fetch` of a page over tenants: its key is `(tenant,)`."""
    (tenant,) = request.key if isinstance(request.key, tuple) else (None,)
    return {"key": tenant, "fetch": request.fetch}


def params_of(session: Session, where: object) -> dict[str, object]:
    """What the conditions of a page may name: the tenant, and each field of the filter `where` by its own name."""
    values = {field.name: getattr(where, field.name) for field in fields(where)}  # type: ignore[arg-type]
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return {"tenant_id": session.tenant_id, **lists}


def fetch_page(
    session: Session,
    row: type[T],
    source: LiteralString,
    *,
    conditions: LiteralString,
    params: Mapping[str, object],
    request: PageRequest,
    joined: LiteralString = "",
) -> list[T]:
    """Up to `request.fetch` rows, newest first; turned round when going backwards.

    `joined` is a join with what is known of the whole `page` at once.
    """
    query = _page(row, source, conditions, joined, ascending=request.backwards)  # type: ignore[arg-type]  # a class is hashable
    return session.fetch_all(query, {**params, "key": request.key, "fetch": request.fetch}, row=row)
