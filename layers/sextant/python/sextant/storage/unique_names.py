"""Names that a tenant uses once: the database's refusal of a second one, as an error for the client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sextant.errors import ConflictError
from sextant.storage.errors import UniqueViolation


class NameTakenError(ConflictError):
    """The tenant has one of this name already."""

    code, title = "name_taken", "Name taken"
    remedy = "Take another name, or change the one that has it: existing_id says which that is."


@contextmanager
def unique_name(noun: str) -> Iterator[None]:
    """Around a statement that stores a name: a name that is taken is a `NameTakenError` which says `noun`."""
    try:
        yield
    except UniqueViolation as violation:
        if violation.constraint.endswith(("_name_unique", "_slug_unique")):
            raise NameTakenError(f"There is such a {noun} already.") from violation
        raise
