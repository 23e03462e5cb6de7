"""Reading a tenant's own baselines. Uploading them is `uploads`, computing with them `systems`."""

from __future__ import annotations

from uuid import UUID

from sextant.baselines import repository
from sextant.baselines.model import Baseline
from sextant.errors import NotFoundError
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session


class BaselineNotFoundError(NotFoundError):
    """There is no such baseline."""

    code, title = "baseline_not_found", "Baseline not found"


def versions(session: Session, baseline: UUID) -> list[Baseline]:
    stored = repository.versions(session, baseline)
    if not stored:
        raise BaselineNotFoundError
    return stored


def list_baselines(session: Session, request: PageRequest) -> Page[Baseline]:
    return page(repository.list_page(session, request), request, lambda baseline: baseline.id)


def locations(session: Session) -> list[str]:
    """Where the tables of every tenant's baselines lie."""
    return repository.locations(session)
