"""Every statement on reports and their links."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sextant.ids import new_id
from sextant.paging import PageRequest
from sextant.reports.model import Frozen, Opened, Report, ReportLink
from sextant.storage import Session
from sextant.storage.keyset import fetch_page


def count(session: Session, most: int) -> int:
    """How many reports the tenant has, looking at no more than `most`."""
    return (
        session.fetch_one(
            "SELECT count(*)::integer FROM (SELECT FROM report WHERE tenant_id = %s AND deleted_at IS NULL LIMIT %s) AS live",
            (session.tenant_id, most),
            row=int,
        )
        or 0
    )


def add(session: Session, report: Frozen, actor: str) -> UUID:
    identity = new_id()
    session.execute(
        "INSERT INTO report (tenant_id, id, title, notes, baseline_run_id, run_ids, snapshot_id, size, sha256, content, created_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            session.tenant_id,
            identity,
            report.title,
            report.notes,
            report.baseline_run_id,
            report.run_ids,
            report.snapshot_id,
            report.size,
            report.sha256,
            report.content,
            actor,
        ),
    )
    return identity


def find(session: Session, report: UUID) -> Report | None:
    return session.fetch_one(
        "SELECT tenant_id, id, title, notes, baseline_run_id, run_ids, snapshot_id, size, sha256, created_at, created_by"
        " FROM report WHERE tenant_id = %s AND id = %s AND deleted_at IS NULL",
        (session.tenant_id, report),
        row=Report,
    )


def content(session: Session, report: UUID) -> bytes | None:
    return session.fetch_one(
        "SELECT content FROM report WHERE tenant_id = %s AND id = %s AND deleted_at IS NULL",
        (session.tenant_id, report),
        row=bytes,
    )


def list_reports(session: Session, request: PageRequest) -> list[Report]:
    return fetch_page(
        session,
        Report,
        "report",
        conditions="tenant_id = %(tenant_id)s AND deleted_at IS NULL",
        params={"tenant_id": session.tenant_id},
        request=request,
    )


def delete(session: Session, report: UUID, actor: str) -> bool:
    return (
        session.execute(
            "UPDATE report SET content = NULL, deleted_at = clock_timestamp(), deleted_by = %s"
            " WHERE tenant_id = %s AND id = %s AND deleted_at IS NULL",
            (actor, session.tenant_id, report),
        )
        == 1
    )


def links(session: Session, report: UUID, most: int) -> list[ReportLink]:
    """Newest first, those too that open nothing any more."""
    return session.fetch_all(
        "SELECT tenant_id, id, report_id, expires_at, created_at, created_by, revoked_at, revoked_by FROM report_link"
        " WHERE tenant_id = %s AND report_id = %s ORDER BY id DESC LIMIT %s",
        (session.tenant_id, report, most),
        row=ReportLink,
    )


def count_links(session: Session, report: UUID) -> int:
    """Of those that open the report."""
    return (
        session.fetch_one(
            "SELECT count(*)::integer FROM report_link WHERE tenant_id = %s AND report_id = %s"
            " AND revoked_at IS NULL AND expires_at > clock_timestamp()",
            (session.tenant_id, report),
            row=int,
        )
        or 0
    )


def add_link(
    session: Session, link: UUID, report: UUID, digest: bytes, lasts: timedelta, actor: str
) -> ReportLink:
    added = session.fetch_one(
        "INSERT INTO report_link (tenant_id, id, report_id, digest, expires_at, created_by)"
        " VALUES (%s, %s, %s, %s, clock_timestamp() + %s, %s)"
        " RETURNING tenant_id, id, report_id, expires_at, created_at, created_by, revoked_at, revoked_by",
        (session.tenant_id, link, report, digest, lasts, actor),
        row=ReportLink,
    )
    assert added is not None
    return added


def revoke_link(session: Session, report: UUID, link: UUID, actor: str) -> bool:
    """Whether the report has the link; one that was revoked stays as it is."""
    known = session.fetch_one(
        "SELECT id FROM report_link WHERE tenant_id = %s AND report_id = %s AND id = %s",
        (session.tenant_id, report, link),
        row=UUID,
    )
    session.execute(
        "UPDATE report_link SET revoked_at = clock_timestamp(), revoked_by = %s"
        " WHERE tenant_id = %s AND report_id = %s AND id = %s AND revoked_at IS NULL",
        (actor, session.tenant_id, report, link),
    )
    return known is not None


def opened(session: Session, link: UUID) -> Opened | None:
    """What a link that still opens something leads to."""
    return session.fetch_one(
        "SELECT l.tenant_id, l.report_id, l.digest FROM report_link l"
        " JOIN report r ON r.tenant_id = l.tenant_id AND r.id = l.report_id AND r.deleted_at IS NULL"
        " WHERE l.tenant_id = %s AND l.id = %s AND l.revoked_at IS NULL AND l.expires_at > clock_timestamp()",
        (session.tenant_id, link),
        row=Opened,
    )
