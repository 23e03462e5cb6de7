"""One page of a listing, from its cursor to its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.api.http import cursors
from functions.api.http.envelopes import ListEnvelope, reply
from functions.api.http.routing import Router
from sextant.paging import Key, Page, page_within
from sextant.storage import Session


def small_listing(
    router: Router,
    envelope: type[ListEnvelope[Any]],
    scope: str,
    limit: int,
    cursor: str | None,
    items: Iterable[Any],
    key: Callable[[Any], Key],
) -> Response[Any]:
    """As `listing`, of a list that is read whole. `key` gives each item's place: numbers and texts."""
    things = list(items)
    kinds = [type(part) for part in _parts(key(things[0]))] if things else []

    def key_of(value: Any) -> Key:
        if not isinstance(value, list) or [type(part) for part in value] != kinds:
            raise ValueError("no place in this list")
        return tuple(value)

    request = cursors.decode(cursor, limit, scope, key_of)
    return reply(envelope.of(page_within(things, request, key), scope, router.caller))


def _parts(key: Key) -> tuple[int | str, ...]:
    assert isinstance(key, tuple)
    return key


def listing(
    router: Router,
    envelope: type[ListEnvelope[Any]],
    scope: str,
    limit: int,
    cursor: str | None,
    read: Callable[..., Page[Any]],
    *which: object,
    opened: AbstractContextManager[Session] | None = None,
    key_of: Callable[[Any], Key] = cursors.id_of,
) -> Response[Any]:
    """The page that `cursor` stands for; `scope` is the listing with its filters.

    `read` is a service's function: it takes a session, what `which` says, and the request for a page.
    `opened` is the session to read in, where it is not the caller's tenant's; `key_of` reads the key of a cursor where that is
    no id.
    Raises `BadRequestError` for a cursor of another listing or of other filters.
    """
    request = cursors.decode(cursor, limit, scope, key_of)
    with opened or router.session() as session:
        page = read(session, *which, request)
    return reply(envelope.of(page, scope, router.caller))
