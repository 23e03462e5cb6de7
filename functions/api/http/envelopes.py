"""What every answer has in common: the envelope, and what stands in it beside the data."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from functions.api.http import cursors
from sextant.identity import Caller
from sextant.paging import Page

T = TypeVar("T")


class Body(BaseModel):
    """Built when first used: a process answers with few of them."""

    model_config = ConfigDict(defer_build=True)


class Meta(Body):
    request_id: str


class PageMeta(Meta):
    next_cursor: str | None = None
    prev_cursor: str | None = None


class Envelope(Body, Generic[T]):
    data: T
    meta: Meta


class ListEnvelope(Body, Generic[T]):
    data: list[T]
    meta: PageMeta


def meta(caller: Caller) -> Meta:
    return Meta.model_construct(request_id=caller.request_id)


def page_meta(caller: Caller, page: Page[Any], scope: str) -> PageMeta:
    edges: dict[str, Any] = dict(cursors.neighbours(page, scope))
    return PageMeta.model_construct(request_id=caller.request_id, **edges)
