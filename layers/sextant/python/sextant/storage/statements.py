"""What may be sent to the database, and how dynamic statements name things safely.

RDS Proxy pins a client to one database connection when a statement changes the session's state; pinned
sessions undo the proxy. Every statement passes `compiled` before it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import LiteralString, NamedTuple

from psycopg import sql
from psycopg.adapt import PyFormat

from sextant.storage.errors import StatementRejected

Query = LiteralString | sql.SQL | sql.Composed
Params = Sequence[object] | Mapping[str, object]

MAX_STATEMENT_BYTES = 16 * 1024
"""Longer statement texts pin; large payloads travel as parameters."""

MOST_COMPOSED = 1024
# By identity, holding on to the object so that its id stays its own: spelling out a statement of forty columns took a
# third of the CPU of the request that sent it.
_composed: dict[int, tuple[sql.Composable, Statement]] = {}

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
_PLACEHOLDER = re.compile(r"%(?:\(([^)]+)\))?(.?)", re.DOTALL)
_FORMATS = {"s": PyFormat.AUTO, "t": PyFormat.TEXT, "b": PyFormat.BINARY}
_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


def identifier(name: str) -> sql.Identifier:
    """`name` quoted for a statement; raises `StatementRejected` unless it is plain lower-case SQL."""
    if not _IDENTIFIER.fullmatch(name):
        raise StatementRejected(f"{name[:80]!r} is not an identifier this project would use")
    return sql.Identifier(name)


class Statement(NamedTuple):
    """A query as the protocol takes it: `$1`, `$2` … for the placeholders, whose names (if they have any)
    and formats are in that order.
    """

    text: bytes
    names: tuple[str, ...] | None
    formats: tuple[PyFormat, ...]

    def arrange(self, params: Params) -> Sequence[object]:
        """The parameters in the order of the placeholders."""
        if self.names is None:
            if isinstance(params, Mapping) or len(params) != len(self.formats):
                raise StatementRejected(f"the statement takes {len(self.formats)} parameters")
            return params
        if not isinstance(params, Mapping):
            raise StatementRejected("the statement takes parameters by name")
        return [params[name] for name in self.names]


def compiled(query: Query) -> Statement:
    """`query`, ready to send.

    Raises `StatementRejected` for text over 16 KB and for what would pin a session behind RDS Proxy.
    """
    if isinstance(query, str):
        return _compiled(query)
    known = _composed.get(id(query))
    if known is not None and known[0] is query:
        return known[1]
    statement = _compiled(query.as_string(None))
    if len(_composed) >= MOST_COMPOSED:
        _composed.clear()
    _composed[id(query)] = query, statement
    return statement


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Statement:
    if phrase := pinning(text):
        raise StatementRejected(f"{phrase!r} would pin the session behind RDS Proxy")
    numbers: dict[str, int] = {}
    formats: list[PyFormat] = []
    anonymous = False

    def numbered(match: re.Match[str]) -> str:
        nonlocal anonymous
        name, kind = match.groups()
        if kind == "%" and name is None:
            return "%"
        if kind not in _FORMATS:
            raise StatementRejected(f"{match.group()!r} is no placeholder; write %% for a percent sign")
        anonymous = anonymous or name is None
        key = name if name is not None else str(len(formats))
        if key not in numbers:
            numbers[key] = len(numbers) + 1
            formats.append(_FORMATS[kind])
        return f"${numbers[key]}"

    encoded = _PLACEHOLDER.sub(numbered, text).encode()
    if len(encoded) > MAX_STATEMENT_BYTES:
        raise StatementRejected(f"the statement has {len(encoded)} bytes; send large values as parameters")
    return Statement(encoded, None if anonymous or not numbers else tuple(numbers), tuple(formats))


def pinning(text: str) -> str | None:
    """The first part of `text` that would pin a proxied session; comments and literals don't count."""
    match = _PINNING.search(_NOISE.sub(" ", text))
    return match.group().strip() if match else None
