"""Decisions: look at them."""

from __future__ import annotations

from uuid import UUID

from sextant.operations.decisions import repository
from sextant.operations.decisions.errors import DecisionNotFoundError
from sextant.operations.decisions.model import Decision
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session


def get(session: Session, decision: UUID) -> Decision:
    stored = repository.find(session, decision)
    if stored is None:
        raise DecisionNotFoundError
    return stored


def list_decisions(session: Session, incident: UUID | None, request: PageRequest) -> Page[Decision]:
    return page(repository.list_decisions(session, incident, request), request, lambda decision: decision.id)
