"""What can be wrong with a request for a decision."""

from __future__ import annotations

from sextant.errors import NotFoundError


class DecisionNotFoundError(NotFoundError):
    """There is no such decision."""

    code, title = "decision_not_found", "Decision not found"
