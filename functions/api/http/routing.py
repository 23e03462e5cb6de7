"""The router of a noun, what each of its routes needs of the caller, and what is known of the present request."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from typing import Any, Literal, TypeVar, get_type_hints

from aws_lambda_powertools.event_handler import api_gateway
from aws_lambda_powertools.event_handler.openapi.params import Body, Header

from functions.api.http import limits
from functions.api.http.spelling import Spelling, spelling_of
from sextant import bootstrap
from sextant.identity import Caller, Permission
from sextant.settings.model import Admission
from sextant.storage import Session

Handler = TypeVar("Handler", bound=Callable[..., Any])
Result = TypeVar("Result")

PUBLIC: Literal["public"] = "public"

# The characters that Powertools lets stand for a part of a path.
_PART = r"[-._~()'!*:@,;=+&$%<> \\[\\]{}|^\\w]+"
_PARAMETER = re.compile(r"<(\w+)>")

_ROUTE = signature(api_gateway.Router.route)
_NEEDS: dict[Callable[..., Any], Permission | Literal["public"]] = {}
_COUNTS_ITSELF: set[Callable[..., Any]] = set()
_MERGES: set[Callable[..., Any]] = set()


def needs(
    permission: Permission, *, counts_itself: bool = False, merges: bool = False
) -> Callable[[Handler], Handler]:
    """Mark a handler with the permission that its caller must have; checked before anything is parsed.

    `counts_itself`: the handler's own statement counts the request against the rate limit, to save a round trip.
    `merges`: the body may be sent as a JSON merge patch (RFC 7396), which is what the handler does with it.
    """

    def mark(handler: Handler) -> Handler:
        _NEEDS[handler] = permission
        if counts_itself:
            _COUNTS_ITSELF.add(handler)
        if merges:
            _MERGES.add(handler)
        return handler

    return mark


def public(handler: Handler) -> Handler:
    """Mark a handler that takes no credentials."""
    _NEEDS[handler] = PUBLIC
    return handler


@dataclass(frozen=True)
class Endpoint:
    """One method of one path."""

    method: str
    path: str
    """With its parameters in angle brackets, as the router takes it."""
    handler: Callable[..., Any]
    needs: Permission | Literal["public"]
    counts_itself: bool
    merges: bool

    @cached_property
    def template(self) -> str:
        """The path as OpenAPI writes it, with its parameters in braces."""
        return _PARAMETER.sub(r"{\1}", self.path)

    @cached_property
    def rate_limits(self) -> list[str]:
        """The names of the rate limits that a request may fall under, the longest first."""
        return limits.rules_of(self.path)

    @cached_property
    def query_parameters(self) -> dict[str, Spelling | None]:
        """How each parameter is written that is neither in the path nor in the headers nor the body, by its name."""
        elsewhere = {"return", *_PARAMETER.findall(self.path)}
        hints = get_type_hints(self.handler, include_extras=True)
        return {
            name: spelling_of(hint)
            for name, hint in sorted(hints.items())
            if name not in elsewhere
            and not any(isinstance(item, Body | Header) for item in getattr(hint, "__metadata__", ()))
        }

    def fits(self, path: str) -> bool:
        return re.fullmatch(_PARAMETER.sub(_PART, self.path), path) is not None


@dataclass
class RequestState:
    """What is known of one request; it ends with the request's context."""

    endpoint: Endpoint | None = None
    """None until the route is known, and where there is none."""
    caller: Caller | None = None
    """None on a public route, and until the caller is known."""
    admission: Admission | None = None
    """What the rate limiter said; None while the request is not counted."""
    paused: float = 0
    """Seconds that the request waited because it asked to."""


class Router(api_gateway.Router):
    """A noun's routes. Each handler must be marked with `needs` or `public`: forgetting it opens nothing."""

    def __init__(self, tag: str) -> None:
        """`tag` is the section of the OpenAPI document that the routes stand in, where they name none themselves."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._tags = [tag]
        self.endpoints: list[Endpoint] = []

    def route(self, rule: str, method: Any, *args: Any, **options: Any) -> Callable[[Handler], Handler]:
        """Note the handler as the route's; its name is the operation's id in the OpenAPI document."""
        arguments = _ROUTE.bind(self, rule, method, *args, **options)
        arguments.arguments["tags"] = arguments.arguments.get("tags") or self._tags

        def note(handler: Handler) -> Handler:
            if handler not in _NEEDS:
                raise TypeError(f"{handler.__qualname__} is marked neither with `needs` nor `public`")
            arguments.arguments["operation_id"] = handler.__name__
            register = api_gateway.Router.route(*arguments.args, **arguments.kwargs)
            self.endpoints.append(
                Endpoint(
                    method, rule, handler, _NEEDS[handler], handler in _COUNTS_ITSELF, handler in _MERGES
                )
            )
            register(handler)
            return handler

        return note

    @property
    def state(self) -> RequestState:
        """What is known of the present request."""
        state: RequestState = self.context["state"]
        return state

    @property
    def caller(self) -> Caller:
        """Who sent the present request."""
        caller = self.state.caller
        assert caller is not None, "a public route has no caller"
        return caller

    def pause(self, seconds: float) -> None:
        """Wait as the present request asks for: its latency is measured without."""
        time.sleep(seconds)
        self.state.paused += seconds

    @property
    def rate_limits(self) -> list[str]:
        """The names of the rate limits that the present request may fall under, the longest first."""
        endpoint = self.state.endpoint
        return [] if endpoint is None else endpoint.rate_limits

    def session(self) -> AbstractContextManager[Session]:
        """A session of the caller's tenant; each statement is a transaction of its own."""
        return bootstrap.database().autocommit(self.caller.tenant)

    def transaction(self, work: Callable[[Session], Result]) -> Result:
        """The result of `work`, done in one transaction of the caller's tenant."""
        return bootstrap.database().run(self.caller.tenant, work)
