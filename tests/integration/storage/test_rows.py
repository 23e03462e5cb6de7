"""Rows come as the type that a caller asks for."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from sextant.ids import TenantId
from sextant.storage import Database
from sextant.storage.errors import (
    InvalidValue,
    StatementRejected,
)


@dataclass(frozen=True)
class AsDataclass:
    a: int
    b: str


class AsModel(BaseModel):
    a: int
    b: str


def test_rows_come_as_what_is_asked_for(app: Database, tenant: TenantId) -> None:
    query = "SELECT 1 AS a, 'x' AS b"
    with app.transaction(tenant) as session:
        assert session.fetch_one(query, row=AsDataclass) == AsDataclass(1, "x")
        assert session.fetch_one(query, row=AsModel) == AsModel(a=1, b="x")
        assert session.fetch_one(query, row=dict) == {"a": 1, "b": "x"}
        assert session.fetch_one(query, row=tuple) == (1, "x")
        assert session.fetch_one(query, row=int) == 1
        assert session.fetch_all("SELECT generate_series(1, 3)", row=int) == [1, 2, 3]
        assert session.fetch_one("SELECT 1 WHERE false", row=int) is None


def test_percent_signs_and_repeated_names(app: Database, tenant: TenantId) -> None:
    with app.transaction(tenant) as session:
        found = session.fetch_one(
            "SELECT 7 %% 4, %(a)s::int + %(b)s::int * %(a)s::int, 'x' LIKE 'x%%'", {"a": 2, "b": 5}, row=tuple
        )
        assert found == (3, 12, True)
        for wrong in (("SELECT %s", ()), ("SELECT %s", (1, 2)), ("SELECT %(a)s", (1,)), ("SELECT %d", (1,))):
            with pytest.raises(StatementRejected):
                session.execute(*wrong)
        with pytest.raises(InvalidValue):
            session.execute("SELECT %s::text", ("nul\0",))
