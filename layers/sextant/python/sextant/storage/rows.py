"""From result rows to typed objects, each checked to belong to the tenant that asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from psycopg import Cursor

from sextant.storage.errors import TenantIsolationError

T = TypeVar("T")
Values = Sequence[Any]
RowMaker = Callable[[Values], T]

_SCALARS: frozenset[type] = frozenset({int, str, bool, float, bytes, UUID, datetime, date, Decimal})
TENANT_COLUMN = "tenant_id"


def row_factory(row: type[T], tenant: str | None) -> Callable[[Cursor[Any]], RowMaker[T]]:
    """A psycopg row factory that makes `row` objects.

    `dict` and `tuple` give just that, a scalar type the first column, anything else (dataclass, pydantic
    model, named tuple) is called with the columns as keywords. When `tenant` is given, a row whose
    `tenant_id` differs raises `TenantIsolationError`: results have been seen mismatched behind proxies.
    """

    def factory(cursor: Cursor[Any]) -> RowMaker[T]:
        result = cursor.pgresult
        count = result.nfields if result else 0
        names = [(result.fname(i) or b"").decode() for i in range(count)] if result else []
        make = _maker(row, names)
        if tenant is None or TENANT_COLUMN not in names:
            return make
        position = names.index(TENANT_COLUMN)

        def checked(values: Values) -> Any:
            # NULL is no tenant's: the absent row of an outer join or of a function that found none.
            if values[position] not in (tenant, None):
                raise TenantIsolationError
            return make(values)

        return checked

    return factory


def _maker(row: type[Any], names: list[str]) -> RowMaker[Any]:
    if row is tuple:
        return tuple
    if row is dict:
        return lambda values: dict(zip(names, values, strict=True))
    if row in _SCALARS:
        return lambda values: values[0]
    return lambda values: row(**dict(zip(names, values, strict=True)))
