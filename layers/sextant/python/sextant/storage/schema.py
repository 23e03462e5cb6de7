"""What the last upgrade left behind: the schema's revision, and in what it differed from its release."""

from __future__ import annotations

from dataclasses import dataclass

from sextant.storage.session import Session


@dataclass(frozen=True)
class Schema:
    """`functions` is the digest of the SQL functions that were loaded; None and no differences when never checked."""

    revision: str
    functions: str | None
    differences: list[str] | None


def schema(session: Session) -> Schema | None:
    """None for a database that was never migrated. Raises `StorageError` for one from before it was checked."""
    return session.fetch_one(
        """SELECT v.version_num AS revision, c.functions, c.differences
           FROM alembic_version v LEFT JOIN schema_check c ON true""",
        row=Schema,
    )
