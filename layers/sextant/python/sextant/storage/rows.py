"""From result rows to typed objects, each checked to belong to the tenant whose session it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sextant.storage.errors import TenantIsolationError

T = TypeVar("T")
RowMaker = Callable[[Sequence[Any]], T]

_SCALARS: frozenset[type] = frozenset({int, str, bool, float, bytes, UUID, datetime, date, Decimal})
TENANT_COLUMN = "tenant_id"


def row_maker(row: type[T], columns: list[str], tenant: str | None) -> RowMaker[T]:
    """Makes `row` objects from the values of `columns`.

    `dict` and `tuple` give just that, a scalar type the first column, anything else (dataclass, pydantic
    model, named tuple) is called with the columns as keywords. When `tenant` is given, a row whose
    `tenant_id` differs raises `TenantIsolationError`: results have been seen mismatched behind proxies.
    """
    make = _maker(row, columns)
    if tenant is None or TENANT_COLUMN not in columns:
        return make
    position = columns.index(TENANT_COLUMN)

    def checked(values: Sequence[Any]) -> Any:
        # NULL is no tenant's: the absent row of an outer join, or of a function that found none.
        if values[position] not in (tenant, None):
            raise TenantIsolationError
        return make(values)

    return checked


def _maker(row: type[Any], columns: list[str]) -> RowMaker[Any]:
    if row is tuple:
        return tuple
    if row is dict:
        return lambda values: dict(zip(columns, values, strict=True))
    if row in _SCALARS:
        return lambda values: values[0]
    return lambda values: row(**dict(zip(columns, values, strict=True)))
