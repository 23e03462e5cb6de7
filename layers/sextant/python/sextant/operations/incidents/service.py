"""Incidents: look at them, and move them by hand."""

from __future__ import annotations

from uuid import UUID

from sextant.operations.incidents import repository
from sextant.operations.incidents.errors import IllegalTransitionError, IncidentNotFoundError
from sextant.operations.incidents.model import Incident, IncidentFilter, IncidentState, TimelineEntry
from sextant.operations.incidents.repository import find as find
from sextant.operations.incidents.repository import incidents_of_equals as incidents_of_equals
from sextant.operations.incidents.repository import lock as lock
from sextant.operations.incidents.repository import transition as transition
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session

_ORIGINS: dict[IncidentState, tuple[IncidentState, ...]] = {
    "NEW": ("RESOLVED", "IGNORED"),
    "ANALYZING": ("NEW", "ACTIONED"),
    "ACTIONED": ("ANALYZING",),
    "RESOLVED": ("ANALYZING", "ACTIONED"),
    "IGNORED": ("NEW", "ANALYZING", "ACTIONED"),
}


def get(session: Session, incident: UUID) -> Incident:
    stored = find(session, incident)
    if stored is None:
        raise IncidentNotFoundError
    return stored


def list_incidents(session: Session, where: IncidentFilter, request: PageRequest) -> Page[Incident]:
    return page(repository.list_incidents(session, where, request), request, lambda incident: incident.id)


def move(session: Session, incident: UUID, to: IncidentState, actor: str, reason: str) -> Incident:
    """Move an incident by hand; raises `IllegalTransitionError` where the states do not allow it."""
    moved = transition(session, incident, _ORIGINS[to], to, actor=actor, reason=reason)
    if moved is None:
        present = get(session, incident)
        raise IllegalTransitionError(
            f"An incident cannot go from {present.state} to {to}.", extra={"state": present.state}
        )
    if to == "NEW":
        repository.request_analysis(session, moved)
    return moved


def settle(session: Session, incident: UUID, actor: str) -> bool:
    """Resolve an incident when nothing of it is left open; whether it was.

    Its lock is held from the look on: a failure that is counted meanwhile waits, and reopens it.
    """
    held = lock(session, incident)
    if held is None or held.state not in ("ANALYZING", "ACTIONED"):
        return False
    if not repository.is_repaired(session, held.id):
        return False
    reason = "every failed run has succeeded since"
    transition(session, incident, ("ANALYZING", "ACTIONED"), "RESOLVED", actor=actor, reason=reason)
    return True


def timeline(session: Session, incident: UUID, request: PageRequest) -> Page[TimelineEntry]:
    """Everything that happened to an incident, oldest first."""
    entries = repository.timeline(session, incident, request)
    if not entries and request.key is None:
        raise IncidentNotFoundError
    return page(entries, request, lambda entry: (entry.at.isoformat(), entry.id.hex))
