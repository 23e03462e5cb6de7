"""The columns of a temporal table, read from the record that its rows become."""

from __future__ import annotations

from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from sextant.storage.temporal.spec import SYSTEM_COLUMNS

_TYPES: dict[object, str] = {
    str: "text",
    bool: "boolean",
    int: "integer",
    float: "double precision",
    dict: "jsonb",
}


def columns_from(record: type[object]) -> dict[str, str]:
    """The fields of `record` beside the system's, each with the PostgreSQL type of its Python type.

    Raises KeyError for a type that has none here: name such a column's type in the `TableSpec`.
    """
    return {
        name: _TYPES[_plain(hint)]
        for name, hint in get_type_hints(record).items()
        if name not in SYSTEM_COLUMNS
    }


def _plain(hint: Any) -> object:
    """The type behind `X | None`, `Literal[…]` or `dict[…]`."""
    if get_origin(hint) is Literal:
        return type(get_args(hint)[0])
    given = [each for each in get_args(hint) if each is not NoneType]
    if NoneType in get_args(hint):
        return _plain(given[0])
    return get_origin(hint) or hint
