"""Reports: freeze, show, delete, share by a link, and open by one."""

from __future__ import annotations

import gzip
import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sextant.ids import new_id
from sextant.paging import Page, PageRequest, page
from sextant.reports import repository
from sextant.reports.errors import (
    ReportLinkNotFoundError,
    ReportNotFoundError,
    ReportTooLargeError,
    SharedReportNotFoundError,
    TooManyReportsError,
)
from sextant.reports.keys import Key
from sextant.reports.model import MOST_BYTES, MOST_LINKS, MOST_REPORTS, Frozen, Report, ReportLink
from sextant.storage import Session

_SHOWN_LINKS = 100
_NOTHING = bytes(32)


def frozen(
    document: bytes, title: str, notes: str, baseline: UUID, runs: Sequence[UUID], snapshot: str
) -> Frozen:
    """What is to be stored of a document; raises `ReportTooLargeError`. Equal documents are equal bytes, compressed too."""
    if len(document) > MOST_BYTES:
        raise ReportTooLargeError(f"It has {len(document)} bytes; at most {MOST_BYTES} are kept.")
    content = gzip.compress(document, mtime=0)
    digest = hashlib.sha256(document).hexdigest()
    return Frozen(title, notes, baseline, list(runs), snapshot, len(document), digest, content)


def create(session: Session, report: Frozen, actor: str) -> Report:
    """Raises `TooManyReportsError` where the tenant has as many as it may have."""
    if repository.count(session, MOST_REPORTS) >= MOST_REPORTS:
        raise TooManyReportsError(f"A tenant may have {MOST_REPORTS} reports.")
    return get(session, repository.add(session, report, actor))


def get(session: Session, report: UUID) -> Report:
    stored = repository.find(session, report)
    if stored is None:
        raise ReportNotFoundError
    return stored


def list_reports(session: Session, request: PageRequest) -> Page[Report]:
    return page(repository.list_reports(session, request), request, lambda report: report.id)


def content(session: Session, report: UUID) -> bytes:
    """The document, byte for byte as it was frozen."""
    compressed = repository.content(session, report)
    if compressed is None:
        raise ReportNotFoundError
    return gzip.decompress(compressed)


def delete(session: Session, report: UUID, actor: str) -> None:
    """Its document is gone, and its links open nothing; who froze and who deleted it stays."""
    if not repository.delete(session, report, actor):
        raise ReportNotFoundError


def links(session: Session, report: UUID) -> list[ReportLink]:
    return repository.links(session, report, _SHOWN_LINKS)


def share(session: Session, report: UUID, lasts: timedelta, actor: str) -> tuple[ReportLink, Key]:
    """A new link, and its key, which nobody is shown again. Raises `TooManyReportsError`."""
    stored = get(session, report)
    if repository.count_links(session, report) >= MOST_LINKS:
        raise TooManyReportsError(f"A report may have {MOST_LINKS} links that open it.")
    key = Key.new(stored.tenant_id, new_id())
    return repository.add_link(session, key.link, stored.id, key.digest, lasts, actor), key


def revoke(session: Session, report: UUID, link: UUID, actor: str) -> None:
    """The link opens nothing any more, from the commit on."""
    get(session, report)
    if not repository.revoke_link(session, report, link, actor):
        raise ReportLinkNotFoundError


def opened(session: Session, key: Key) -> UUID:
    """The report that a key opens. Raises `SharedReportNotFoundError` for every other key, always the same."""
    link = repository.opened(session, key.link)
    if not hmac.compare_digest(link.digest if link else _NOTHING, key.digest) or link is None:
        raise SharedReportNotFoundError
    return link.report_id
