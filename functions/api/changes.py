"""What changed for a tenant, for whoever watches: one request instead of one for each run."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Annotated, Any, Final
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.http import cursors
from functions.api.http.envelopes import AnswerBody, Deferred, Meta, answers, reply
from functions.api.http.headers import MAY_RETRY
from functions.api.http.routing import Router, needs
from functions.api.runs import LONGEST_WAIT, POLL_SECONDS, longest_wait
from sextant.changes import service
from sextant.changes.errors import InvalidChangesCursorError
from sextant.changes.model import MOST, Changes, Seen
from sextant.settings import service as settings

# The rate limit of requests that wait here: one is spent for every so many seconds begun.
WAITS: Final = "waits.changes"
SECONDS_A_WAIT: Final = 4.0
# What changes together is told together, so that a tab costs at most `_EACH` a request on average, whatever happens. A change after
# `_QUIET` without an answer is told at once. One that comes sooner waits for others, no longer than `_GATHERED`; only where something
# changes all the time, so that the reader has used up its credit, until `_EACH` after its last answer.
_EACH: Final = timedelta(seconds=2.0)
_QUIET: Final = timedelta(seconds=2.6)
_GATHERED: Final = timedelta(seconds=1.3)
_MOST_CREDIT: Final = timedelta(seconds=10)
_SCOPE: Final = "changes"
_SNAPSHOT_LENGTH: Final = 20_000


class StateChangeBody(AnswerBody):
    kind: str
    """`run`, `incident` or `export`; there may be others in time."""
    id: UUID
    """Of the run, the incident or the export."""
    scenario_id: UUID | None
    """Of a run or an export its scenario."""
    state: str
    """The state that it came into. It may have left it since; then that is a later item."""
    changed_at: datetime
    """When."""


class ChangesMeta(Meta):
    cursor: str
    """To be sent as `after`: what is committed from here on."""
    more: bool
    """Whether more is there already, so that the next request will not wait."""


class ChangesEnvelope(Deferred):
    data: list[StateChangeBody]
    meta: ChangesMeta


router = Router("Runs")


@router.get(
    "/v1/changes",
    summary="What changed of runs, incidents and exports, or wait for a change",
    responses={
        200: answers("Changes; none where nothing changed while it waited", ChangesEnvelope, MAY_RETRY)
    },
)
@needs("scenarios:read")
def list_changes(
    after: Annotated[
        str | None, Query(description="`meta.cursor` of the last answer", max_length=_SNAPSHOT_LENGTH)
    ] = None,
    wait: Annotated[
        int, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait for a change where there is none")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Changes in one answer")] = MOST,
) -> Response[Any]:
    """Each state that a run, an incident or an export of the tenant came into since the cursor `after`, in an order in which the later of one
    thing comes later. Without `after` nothing is told and `meta.cursor` is where to follow from: take it first, then read what you
    show, then follow. No change is missed. A cursor holds for a day; an older one is 410 `changes_expired`. Parts of split runs and the
    progress of runs are no changes.
    """
    if after is None:
        with router.session() as session:
            seen = service.begin(session)
        return _answer(Changes([], seen, more=False, now=seen.at))
    seen, headers = _decoded(after), {}
    changes = _look(seen, limit)
    if not _is_due(changes, seen, limit) and wait:
        changes, retry_after = _awaited(seen, limit, longest_wait(router.caller, wait))
        if retry_after is not None:
            headers["Retry-After"] = str(ceil(retry_after))
    credit = seen.credit + (changes.now - seen.at) - _EACH
    return _answer(changes, headers, max(-_MOST_CREDIT, min(credit, _MOST_CREDIT)))


def _look(seen: Seen, limit: int) -> Changes:
    with router.session() as session:
        return service.since(session, seen, limit)


def _is_due(changes: Changes, seen: Seen, limit: int) -> bool:
    """Whether the changes are to be told now, all times being the database's."""
    if changes.more or len(changes.items) >= limit:
        return True
    return bool(changes.items) and _until_due(changes, seen) <= 0


def _until_due(changes: Changes, seen: Seen) -> float:
    """Seconds until what changed is to be told."""
    oldest = min(change.changed_at for change in changes.items)
    if seen.credit > timedelta():
        due = min(seen.at + _QUIET, oldest + _GATHERED)
    else:
        due = seen.at + _EACH
    return (due - changes.now).total_seconds()


def _awaited(seen: Seen, limit: int, wait: float) -> tuple[Changes, float | None]:
    """The changes once they are due, or what there is after `wait` seconds; with the seconds to stay away where the tenant has
    no wait left."""
    began, spent = time.monotonic(), 0
    while True:
        waited = time.monotonic() - began
        if waited >= spent * SECONDS_A_WAIT:
            with router.session() as session:
                admission = settings.admit(session, [WAITS])
            if not admission.admitted:
                return _look(seen, limit), admission.retry_after or 1
            spent += 1
        changes = _look(seen, limit)
        left = wait - waited
        if _is_due(changes, seen, limit) or left <= 0:
            return changes, None
        pause = min(POLL_SECONDS, _until_due(changes, seen)) if changes.items else POLL_SECONDS
        router.pause(max(0.01, min(pause, left)))


def _answer(
    changes: Changes, headers: dict[str, str] | None = None, credit: timedelta = _MOST_CREDIT
) -> Response[Any]:
    cursor = _encoded(replace(changes.seen, credit=credit))
    meta = ChangesMeta.model_construct(request_id=router.caller.request_id, cursor=cursor, more=changes.more)
    data = [StateChangeBody.of(change, id=change.thing_id) for change in changes.items]
    return reply(ChangesEnvelope.model_construct(data=data, meta=meta), headers=headers)


def _encoded(seen: Seen) -> str:
    place = {
        "n": seen.snapshot,
        "a": seen.at.astimezone(UTC).isoformat(),
        "t": seen.target,
        "p": seen.position,
        "c": seen.credit.total_seconds(),
    }
    return cursors.pack(place, "next", f"{_SCOPE} {router.caller.tenant}")


def _decoded(cursor: str) -> Seen:
    """The place that `cursor` stands for; raises `InvalidChangesCursorError` for anything else."""
    try:
        return cursors.unpack(cursor, f"{_SCOPE} {router.caller.tenant}", _place_in)[0]
    except cursors.CursorError as error:
        raise InvalidChangesCursorError from error


def _place_in(document: dict[str, Any]) -> Seen:
    at, position = datetime.fromisoformat(document["a"]), document["p"]
    target = document["t"]
    snapshots = [document["n"]] if target is None else [document["n"], target]
    if at.tzinfo is None or not isinstance(position, int) or not 0 <= position < 2**63:
        raise ValueError("no place")
    for snapshot in snapshots:
        _check_snapshot(snapshot)
    credit = document["c"]
    if not abs(credit) <= _MOST_CREDIT.total_seconds():
        raise ValueError("no credit")
    return Seen(document["n"], at, target, position, timedelta(seconds=credit))


def _check_snapshot(text: str) -> None:
    """Raise ValueError for what is no `pg_snapshot`: `xmin:xmax:` and what was under way between them, in order."""
    first, end, under_way = text.split(":")
    between = [int(part) for part in under_way.split(",") if part]
    numbers = [int(first), *between, int(end)]
    # The last 32 bits are the number that is in the rows, and no transaction has 0.
    if not text.isascii() or any(not 0 < number < 2**63 or not number % 2**32 for number in numbers):
        raise ValueError("no number of a transaction")
    if between != sorted(set(between)) or numbers != sorted(numbers) or (between and between[-1] >= int(end)):
        raise ValueError("no snapshot")
