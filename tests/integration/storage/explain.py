"""How PostgreSQL carries out what a repository asks: plans and pages, as the application's role.

Row-level security changes plans: only leakproof operators may be part of an index condition ahead of the
policy. So the role matters, and so do pages: a plan does not show what a function does inside, its pages do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sextant.ids import TenantId
from sextant.storage import Params, Query, Session
from sextant.storage.database import AllTenants, ScopedDatabase

T = TypeVar("T")
S = TypeVar("S", TenantId, AllTenants)


@dataclass(frozen=True)
class Plan:
    """One statement as it was carried out: the pages it touched, and each scan as (kind, table, index)."""

    query: str
    pages: int
    scans: tuple[tuple[str, str, str], ...]

    def scans_whole(self, tables: frozenset[str]) -> list[str]:
        """Those of `tables` that were read from end to end."""
        return [table for kind, table, _ in self.scans if kind == "Seq Scan" and table in tables]


@dataclass
class Explained:
    """The plans of every statement of a session, in order."""

    plans: list[Plan] = field(default_factory=list)

    @property
    def pages(self) -> int:
        return sum(plan.pages for plan in self.plans)

    def __str__(self) -> str:
        return "\n".join(f"{plan.pages} pages {plan.scans}: {plan.query[:200]}" for plan in self.plans)


class _ExplainingSession(Session):
    """Explains each statement in a savepoint before it runs it."""

    __slots__ = ("explained",)

    def __init__(self, session: Session) -> None:
        super().__init__(session._unit, session._tenant)
        self.explained = Explained()

    def execute(self, query: Query, params: Params = ()) -> int:
        self._explain(query, params)
        return super().execute(query, params)

    def fetch_one(self, query: Query, params: Params = (), *, row: type[T]) -> T | None:
        self._explain(query, params)
        return super().fetch_one(query, params, row=row)

    def fetch_all(self, query: Query, params: Params = (), *, row: type[T]) -> list[T]:
        self._explain(query, params)
        return super().fetch_all(query, params, row=row)

    def _explain(self, query: Query, params: Params) -> None:
        text = query if isinstance(query, str) else query.as_string(None)
        super().execute("SAVEPOINT explained")
        found = None
        # Once unseen, so that what a first call reads of the catalogue does not count.
        for _ in range(2):
            found = super().fetch_one(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text,
                params,
                row=tuple,  # type: ignore[arg-type,unused-ignore]
            )
            super().execute("ROLLBACK TO SAVEPOINT explained")
        assert found is not None
        self.explained.plans.append(_plan(text, found[0][0]["Plan"]))


@contextmanager
def explaining(database: ScopedDatabase[S], tenant: S) -> Iterator[tuple[Session, Explained]]:
    """A session whose statements are explained, in a transaction that is rolled back in the end."""

    class Undo(Exception):  # noqa: N818
        pass

    try:
        with database.transaction(tenant) as plain:
            session = _ExplainingSession(plain)
            yield session, session.explained
            raise Undo
    except Undo:
        pass


def _plan(query: str, root: dict[str, Any]) -> Plan:
    scans: list[tuple[str, str, str]] = []

    def walk(node: dict[str, Any]) -> None:
        if "Relation Name" in node:
            scans.append((node["Node Type"], node["Relation Name"], node.get("Index Name", "")))
        for child in node.get("Plans", ()):
            walk(child)

    walk(root)
    pages = root.get("Shared Hit Blocks", 0) + root.get("Shared Read Blocks", 0)
    return Plan(" ".join(query.split()), pages, tuple(scans))
