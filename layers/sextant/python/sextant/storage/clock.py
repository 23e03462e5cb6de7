"""The database's clock: what clocks of machines differ from, and nothing that is stored should."""

from __future__ import annotations

from datetime import datetime

from sextant.storage.session import Session


def database_time(session: Session) -> datetime:
    """The time that holds for all: the database's, with its zone."""
    moment = session.fetch_one("SELECT clock_timestamp()", row=datetime)
    assert moment is not None
    return moment
