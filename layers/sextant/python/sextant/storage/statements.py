"""What may be sent to the database, and how dynamic statements name things safely.

RDS Proxy pins a client to one database connection when a statement changes the session's state; pinned
sessions undo the proxy. Every statement passes `checked` before it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import LiteralString

from psycopg import sql

from sextant.storage.errors import StatementRejected

Query = LiteralString | sql.SQL | sql.Composed
Params = Sequence[object] | Mapping[str, object]

MAX_STATEMENT_BYTES = 16 * 1024
"""Longer statement texts pin; large payloads travel as parameters."""

_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}")

_PINNING = re.compile(
    r"""
    ^\s* (?: set | reset | prepare | execute | deallocate | discard | declare | listen | unlisten | load
           | lock\s+table | create\s+(?:(?:local|global)\s+)?temp(?:orary)? ) \b
    | \b (?: set_config | nextval | setval | currval | lastval
           | pg_(?:try_)?advisory_(?:un)?lock(?:_shared|_all)? ) \s* \(
    | \b into \s+ temp(?:orary)? \b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


def identifier(name: str) -> sql.Identifier:
    """`name` quoted for a statement; raises `StatementRejected` unless it is plain lower-case SQL."""
    if not _IDENTIFIER.fullmatch(name):
        raise StatementRejected(f"{name[:80]!r} is not an identifier this project would use")
    return sql.Identifier(name)


def checked(query: Query) -> bytes:
    """The text of `query`, ready to send.

    Raises `StatementRejected` for text over 16 KB and for what would pin a session behind RDS Proxy.
    """
    text = query if isinstance(query, str) else query.as_string(None)
    return _checked_text(text)


@lru_cache(maxsize=1024)
def _checked_text(text: str) -> bytes:
    encoded = text.encode()
    if len(encoded) > MAX_STATEMENT_BYTES:
        raise StatementRejected(f"the statement has {len(encoded)} bytes; send large values as parameters")
    if found := pinning(text):
        raise StatementRejected(f"{found!r} would pin the session behind RDS Proxy")
    return encoded


def pinning(text: str) -> str | None:
    """The first part of `text` that would pin a proxied session; comments and literals don't count."""
    bare = _NOISE.sub(" ", text)
    found = _PINNING.search(bare)
    return found.group().strip() if found else None
