"""Every statement on baselines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString
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
# Whether a version stands: none that is as new is deleted. Asked row by row, so that a page's limit ends the walk of a list.
_STANDS = sql.SQL("""b.version > coalesce(
    (SELECT max(d.version) FROM baseline_deletion d WHERE d.tenant_id = b.tenant_id AND d.baseline_id = b.id), 0)""")
_VERSIONS = """
SELECT {columns} FROM baseline b
WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND (%(version)s::integer IS NULL OR version {beyond} %(version)s::integer)
  AND {stands}
ORDER BY version {order} LIMIT %(fetch)s
"""
_DELETE = sql.SQL("""
INSERT INTO baseline_deletion (tenant_id, baseline_id, version, deleted_by)
SELECT b.tenant_id, b.id, max(b.version), %(actor)s FROM baseline b
WHERE b.tenant_id = %(tenant_id)s AND b.id = %(id)s AND {stands} GROUP BY b.tenant_id, b.id
ON CONFLICT DO NOTHING
""").format(stands=_STANDS)
_IS_DELETED = """
SELECT EXISTS (SELECT FROM baseline_deletion WHERE tenant_id = %s AND baseline_id = %s AND version >= %s)
"""

_LIST = """
SELECT {columns} FROM (
    SELECT DISTINCT ON (id) * FROM baseline
    WHERE tenant_id = %(tenant_id)s AND (%(key)s::uuid IS NULL OR id {beyond} %(key)s::uuid)
    ORDER BY id {order}, version DESC
) AS b
WHERE {stands}
ORDER BY id {order} LIMIT %(fetch)s
"""


_NAMES = sql.SQL(
    "SELECT DISTINCT ON (name_key) name FROM baseline b WHERE tenant_id = %s AND {stands} ORDER BY name_key LIMIT 1000"
).format(stands=_STANDS)


def _ordered(text: LiteralString, beyond: LiteralString, order: LiteralString) -> sql.Composed:
    return sql.SQL(text).format(
        columns=_COLUMNS, stands=_STANDS, beyond=sql.SQL(beyond), order=sql.SQL(order)
    )


_LIST_NEXT = _ordered(_LIST, "<", "DESC")
_LIST_PREV = _ordered(_LIST, ">", "ASC")
_VERSIONS_NEXT = _ordered(_VERSIONS, "<", "DESC")
_VERSIONS_PREV = _ordered(_VERSIONS, ">", "ASC")


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
    """The newest version, a deleted one too: what is stored next is the version after it."""
    return session.fetch_one(_NEWEST_BY_NAME, (session.tenant_id, name), row=Baseline)


def get(session: Session, tenant: TenantId, reference: BaselineReference) -> Baseline | None:
    """A version, a deleted one too; `tenant` is named because workers ask in a platform session."""
    return session.fetch_one(_GET, (tenant, reference.id, reference.version), row=Baseline)


def versions(session: Session, baseline: UUID, request: PageRequest) -> list[Baseline]:
    """Up to `request.fetch` versions of a baseline, newest first; a page's key is the version."""
    (version,) = request.key if isinstance(request.key, tuple) else (None,)
    return session.fetch_all(
        _VERSIONS_PREV if request.backwards else _VERSIONS_NEXT,
        {"tenant_id": session.tenant_id, "id": baseline, "version": version, "fetch": request.fetch},
        row=Baseline,
    )


def delete(session: Session, baseline: UUID, actor: str) -> bool:
    """Whether there was such a baseline to be deleted."""
    return session.execute(_DELETE, {"tenant_id": session.tenant_id, "id": baseline, "actor": actor}) > 0


def is_deleted(session: Session, baseline: Baseline) -> bool:
    row = session.fetch_one(_IS_DELETED, (session.tenant_id, baseline.id, baseline.version), row=tuple)
    return row is not None and bool(row[0])


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
        _NAMES,
        (session.tenant_id,),
        row=str,
    )


def locations(session: Session) -> list[str]:
    """Where the tables of every baseline lie; a platform statement."""
    return session.fetch_all("SELECT location FROM baseline", row=str)
