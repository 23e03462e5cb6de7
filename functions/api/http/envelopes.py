"""What requests and answers are made of: the bases of their bodies, the envelope, and the answer itself."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import fields
from inspect import get_annotations
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Self,
    TypeVar,
    Unpack,
    cast,
    get_args,
    get_type_hints,
)

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from functions.api.http import cursors
from functions.api.http.headers import Headers
from sextant.errors import BadRequestError
from sextant.identity import Caller
from sextant.paging import Page

T = TypeVar("T")

# Lambda answers with at most 6 MB, the body being a JSON text in them: a character takes up to six bytes there.
_MOST_BYTES = 6 * 1024 * 1024 - 16 * 1024
_SURELY_FITS = _MOST_BYTES // 6


ShortName = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Description = Annotated[str, StringConstraints(max_length=2000)]
Flag = Annotated[bool, Field(strict=True)]
Retries = Annotated[int, Field(strict=True, ge=0, le=100)]


class AnswerTooLargeError(BadRequestError):
    """The page is too large for one answer: ask for fewer items with `limit`."""

    code, title = "answer_too_large", "Answer too large"
    remedy = "Ask for fewer items with limit, and go on with the cursor."


class RequestBody(BaseModel):
    """A body that a client sends: a field that does not exist is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    _about: ClassVar[type[Any] | None] = None
    """The model whose fields it names: what that says of them holds here."""


class Documented:
    """Of a field that is sent as it is kept, unread: the type as which the OpenAPI document shows it."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind


class Deferred(BaseModel):
    """A part of an answer. Its validator is built when it is first used: a process answers with few of them."""

    model_config = ConfigDict(defer_build=True)


class AnswerBody(Deferred):
    """What an answer shows of a thing.

    A body that `shows` a dataclass has the fields of it, without those that it `hides`, so that the model alone lists
    them. What the body declares itself stands in for a field of that name, or comes after them all.
    """

    _about: ClassVar[type[Any] | None] = None

    def __init_subclass__(
        cls, shows: type[Any] | None = None, hides: Collection[str] = (), **options: Unpack[ConfigDict]
    ) -> None:
        if shows is not None:
            cls._about = shows
            hints = get_type_hints(shows, include_extras=True)
            shown = {field.name: hints[field.name] for field in fields(shows)}
            for name in hides:
                del shown[name]
            cls.__annotations__ = {**shown, **get_annotations(cls)}
        super().__init_subclass__(**options)

    @classmethod
    def of(cls, thing: Any, **values: Any) -> Self:
        """The body made of the thing's attributes of the same names; `values` stand in for some of them."""
        for name in cls.model_fields:
            if name not in values:
                values[name] = getattr(thing, name)
        return cast("Self", cls.model_construct(None, **values))


class Meta(Deferred):
    request_id: str
    """To report it by; the header `X-Request-ID` too."""


class WarningBody(Deferred):
    """Something that is accepted, but may not be meant."""

    path: str
    """What it is about, such as `assumptions[0]`."""
    rule: str
    """To branch on."""
    message: str
    """In words."""


class WarnedMeta(Meta):
    warnings: list[WarningBody]
    """What is accepted but may not be meant; empty where there is nothing."""


class PageMeta(Meta):
    next_cursor: str | None = None
    """As `cursor` it gives the next page; left out on the last."""
    prev_cursor: str | None = None
    """As `cursor` it gives the page before; left out on the first."""


class Envelope(Deferred, Generic[T]):
    data: T
    """What was asked for."""
    meta: Meta
    """What goes with it."""

    @classmethod
    def around(cls, data: Any, caller: Caller) -> Self:
        return cast("Self", cls.model_construct(None, data=data, meta=meta(caller)))

    @classmethod
    def of(cls, thing: Any, caller: Caller) -> Self:
        """Around the body made of `thing`, or, where `data` is a list, of each of its items."""
        body: Any = cls.model_fields["data"].annotation
        items = get_args(body)
        return cls.around([items[0].of(item) for item in thing] if items else body.of(thing), caller)


class ListEnvelope(Deferred, Generic[T]):
    """One page of a listing."""

    data: list[T]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""

    @classmethod
    def of(cls, page: Page[Any], scope: str, caller: Caller) -> Self:
        """The page with its cursors; `scope` is the listing with its filters."""
        (body,) = get_args(cls.model_fields["data"].annotation)
        data = [body.of(item) for item in page.items]
        return cast("Self", cls.model_construct(None, data=data, meta=page_meta(caller, page, scope)))


def meta(caller: Caller) -> Meta:
    return Meta.model_construct(request_id=caller.request_id)


def warned_meta(caller: Caller, warnings: Iterable[tuple[str, str, str]]) -> WarnedMeta:
    bodies = [WarningBody.model_construct(path=p, rule=r, message=m) for p, r, m in warnings]
    return WarnedMeta.model_construct(request_id=caller.request_id, warnings=bodies)


def page_meta(caller: Caller, page: Page[Any], scope: str) -> PageMeta:
    edges: dict[str, Any] = dict(cursors.neighbours(page, scope))
    return PageMeta.model_construct(request_id=caller.request_id, **edges)


def answers(description: str, model: Any, *headers: Headers, **files: str) -> OpenAPIResponse:
    """How the OpenAPI document describes an answer: its body, its headers, and the media types of files it may be instead."""
    content: dict[str, Any] = {"application/json": {"model": model}}
    for kind in files.values():
        text = kind.startswith("text/")
        content[kind] = {"schema": {"type": "string"} if text else {"type": "string", "format": "binary"}}
    answer: dict[str, Any] = {"description": description, "content": content}
    if headers:
        answer["headers"] = {name: dict(header) for part in headers for name, header in part.items()}
    return cast("OpenAPIResponse", answer)


def reply(body: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
    """`body` as JSON; raises `AnswerTooLargeError` for a page that Lambda could not answer with."""
    text = body.model_dump_json(exclude_unset=True)
    if len(text) > _SURELY_FITS and len(json.dumps(text, ensure_ascii=False).encode()) > _MOST_BYTES:
        raise AnswerTooLargeError
    return Response(
        status_code=status,
        content_type="application/json",
        body=text,
        headers=dict(headers or {}),
    )
