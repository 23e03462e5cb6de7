"""What changed since a reader last looked; nothing that is committed later is ever missed."""

from __future__ import annotations

from sextant.changes import repository
from sextant.changes.errors import ChangesExpiredError
from sextant.changes.model import KEPT_FOR, Changes, Seen
from sextant.storage import Session

_AT_ONCE = 10_000


def begin(session: Session) -> Seen:
    """The place from which a reader may follow: all that is committed now counts as seen."""
    moment = repository.now(session)
    return Seen(moment.snapshot, moment.at)


def since(session: Session, seen: Seen, limit: int) -> Changes:
    """At most `limit` changes that the reader has not seen. Raises `ChangesExpiredError` for a place too long ago, or one
    that is ahead of this database, as after a restore from a backup."""
    moment, changes = repository.since(session, seen, limit + 1)
    if moment.at - seen.at > KEPT_FOR or _end(seen.target or seen.snapshot) > _end(moment.snapshot):
        raise ChangesExpiredError
    more = len(changes) > limit
    items = changes[:limit]
    if more:
        after = Seen(seen.snapshot, seen.at, seen.target or moment.snapshot, items[-1].position)
    elif seen.target is not None:
        # What was read page by page is through. What came after it is the next reading's.
        after, more = Seen(seen.target, moment.at), True
    else:
        after = Seen(moment.snapshot, moment.at)
    return Changes(items, after, more, moment.at)


def _end(snapshot: str) -> int:
    """The first transaction that had not begun in a `pg_snapshot`."""
    return int(snapshot.split(":")[1])


def forget(session: Session) -> int:
    """Delete changes that no cursor can ask for any more, some thousands at once; how many. A platform statement."""
    return repository.forget(session, 2 * KEPT_FOR, _AT_ONCE)
