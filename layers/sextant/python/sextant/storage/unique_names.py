"""Names that a tenant uses once: the database's refusal of a second one, as an error for the client."""

from __future__ import annotations

from sextant.errors import ConflictError


class NameTakenError(ConflictError):
    """The tenant has one of this name already."""

    code, title = "name_taken", "Name taken"
