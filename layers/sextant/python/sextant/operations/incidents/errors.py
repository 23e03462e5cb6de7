"""What can be wrong with a request about an incident."""

from __future__ import annotations

from typing import ClassVar

from sextant.errors import ConflictError, NotFoundError


class IncidentNotFoundError(NotFoundError):
    """There is no such incident."""

    code, title = "incident_not_found", "Incident not found"


class IllegalTransitionError(ConflictError):
    """The incident or action cannot go there from where it stands."""

    code, title = "illegal_transition", "Illegal transition"
    members: ClassVar = {"state": "Where it stands."}
    remedy = "Read the present state: state says where it stands, and the guide which moves go on from there."
