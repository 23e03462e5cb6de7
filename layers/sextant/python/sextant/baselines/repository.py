"""Every statement on baselines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from sextant.baselines.model import Baseline, BaselineReference
from sextant.ids import TenantId
from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.keyset import columns_of

_COLUMNS = columns_of(Baseline)

_INSERT = sql.SQL("""
INSERT INTO baseline
    (tenant_id, id, version, name, location, digest, options, summary, vocabulary, created_at, created_by)
VALUES (%(tenant_id)s, %(id)s, %(version)s, %(name)s, %(location)s, %(digest)s, %(options)s, %(summary)s, %(vocabulary)s,
    now(), %(actor)s)
RETURNING {columns}
""").format(columns=_COLUMNS)

_NEWEST_BY_NAME = sql.SQL(
    "SELECT {columns} FROM baseline WHERE tenant_id = %s AND name_key = lower(%s::text) ORDER BY version DESC LIMIT 1"
).format(columns=_COLUMNS)

_GET = sql.SQL("SELECT {columns} FROM baseline WHERE tenant_id = %s AND id = %s AND version = %s").format(
    columns=_COLUMNS
)
_VERSIONS = sql.SQL(
    "SELECT {columns} FROM baseline WHERE tenant_id = %s AND id = %s ORDER BY version DESC LIMIT 100"
).format(columns=_COLUMNS)

_LIST = """
SELECT {columns} FROM (
    SELECT DISTINCT ON (id) * FROM baseline
    WHERE tenant_id = %(tenant_id)s AND (%(key)s::uuid IS NULL OR id {beyond} %(key)s::uuid)
    ORDER BY id {order}, version DESC LIMIT %(fetch)s
) AS newest ORDER BY id {order}
"""
_LIST_NEXT = sql.SQL(_LIST).format(columns=_COLUMNS, beyond=sql.SQL("<"), order=sql.SQL("DESC"))
_LIST_PREV = sql.SQL(_LIST).format(columns=_COLUMNS, beyond=sql.SQL(">"), order=sql.SQL("ASC"))


def insert(session: Session, baseline: Baseline, vocabulary: Mapping[str, Any]) -> Baseline:
    """Store a version and what scenarios on it may name; raises `UniqueViolation` where another stored the same version first."""
    stored = session.fetch_one(
        _INSERT,
        {
            "tenant_id": session.tenant_id,
            "id": baseline.id,
            "version": baseline.version,
            "name": baseline.name,
            "location": baseline.location,
            "digest": baseline.digest,
            "options": Jsonb(baseline.options),
            "summary": Jsonb(baseline.summary),
            "vocabulary": Jsonb(vocabulary),
            "actor": baseline.created_by,
        },
        row=Baseline,
    )
    assert stored is not None
    return stored


def newest_by_name(session: Session, name: str) -> Baseline | None:
    return session.fetch_one(_NEWEST_BY_NAME, (session.tenant_id, name), row=Baseline)


def get(session: Session, tenant: TenantId, reference: BaselineReference) -> Baseline | None:
    """A version; `tenant` is named because workers ask in a platform session."""
    return session.fetch_one(_GET, (tenant, reference.id, reference.version), row=Baseline)


def versions(session: Session, baseline: UUID) -> list[Baseline]:
    """The versions of a baseline, newest first."""
    return session.fetch_all(_VERSIONS, (session.tenant_id, baseline), row=Baseline)


def list_page(session: Session, request: PageRequest) -> list[Baseline]:
    """Up to `request.fetch` baselines in their newest version, newest baseline first."""
    return session.fetch_all(
        _LIST_PREV if request.backwards else _LIST_NEXT,
        {"tenant_id": session.tenant_id, "key": request.key, "fetch": request.fetch},
        row=Baseline,
    )


def vocabulary(session: Session, reference: str) -> dict[str, Any] | None:
    """What scenarios on the baseline may name; `reference` is its name or id, with `@<version>` or without."""
    row = session.fetch_one(
        "SELECT baseline_vocabulary(b) FROM baseline_named(%s, %s) b WHERE b.id IS NOT NULL",
        (session.tenant_id, reference),
        row=tuple,
    )
    return None if row is None else row[0]


def names(session: Session) -> list[str]:
    """The names of the tenant's baselines, of the first thousand."""
    return session.fetch_all(
        "SELECT DISTINCT ON (name_key) name FROM baseline WHERE tenant_id = %s ORDER BY name_key LIMIT 1000",
        (session.tenant_id,),
        row=str,
    )


def locations(session: Session) -> list[str]:
    """Where the tables of every baseline lie; a platform statement."""
    return session.fetch_all("SELECT location FROM baseline", row=str)
