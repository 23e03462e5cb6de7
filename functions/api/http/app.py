"""The resolver that both entries of the API build on: who may, what goes wrong, what goes back."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from functions.api.http import access_log, auth, bodies, limits, problems
from functions.api.http.bodies import InvalidJsonError, UnsupportedMediaTypeError
from sextant import bootstrap
from sextant.errors import (
    BadRequestError,
    FieldError,
    ForbiddenError,
    NotFoundError,
    PayloadTooLargeError,
    SextantError,
    ValidationError,
)
from sextant.identity import Caller, Permission
from sextant.settings import service as settings
from sextant.settings.model import Admission
from sextant.settings.service import RateLimitedError

Event = Mapping[str, Any]
Route = TypeVar("Route", bound=Callable[..., Any])

logger = Logger(serialize_stacktrace=False)

PUBLIC = "public"
# An answer is what it says it is, is shown in nobody's frame, loads nothing, comes over TLS, and is kept by no
# cache; a route may say otherwise.
_PROTECTION = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_MOST_ERRORS = 100
# Lambda answers with at most 6 MB, the body being a JSON text in them: a character takes up to six bytes there.
_MOST_BYTES = 6 * 1024 * 1024 - 16 * 1024
_SURELY_FITS = _MOST_BYTES // 6
_NO_ROUTE = "not_found_handler"  # the route that answers 404 and 405, made by the resolver


class MethodNotAllowedError(SextantError):
    """This path does not take this method."""

    code, status, title = "method_not_allowed", 405, "Method not allowed"


class RouteNotFoundError(NotFoundError):
    """There is nothing at this path."""

    code, title = "route_not_found", "Not found"


def needs(permission: Permission) -> Callable[[Route], Route]:
    """Mark a route with the permission that its caller must have; checked before anything is parsed."""

    def mark(route: Route) -> Route:
        return _marked(route, permission)

    return mark


def public(route: Route) -> Route:
    """Mark a route that takes no credentials."""
    return _marked(route, PUBLIC)


def _marked(route: Route, permission: str) -> Route:
    route.permission = permission  # type: ignore[attr-defined]
    # Powertools validates and re-encodes what a route is annotated to return. Ours is text or bytes already.
    route.__annotations__.pop("return", None)
    return route


def counts_itself(route: Route) -> Route:
    """Mark a route whose own statement counts the request against the rate limit, to save a round trip."""
    route.counts_itself = True  # type: ignore[attr-defined]
    return route


class Api(APIGatewayHttpResolver):
    """The Powertools resolver with Sextant's order of checks and its problem documents.

    A route that says neither `needs` nor `public` is refused: forgetting it opens nothing.
    """

    def __init__(self) -> None:
        super().__init__(enable_validation=True, json_body_deserializer=bodies.parsed)
        self.exception_handler(SextantError)(self._problem)
        self.exception_handler(RequestValidationError)(self._invalid)
        self.exception_handler(RequestUnsupportedContentType)(self._unsupported)
        self.exception_handler(NoRouteError)(self._no_route)
        self.exception_handler(ServiceError)(self._service_error)
        self.exception_handler(Exception)(self._crashed)

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer one API Gateway event; whatever goes wrong is a problem document."""
        began = time.perf_counter()
        request_id = str((event.get("requestContext") or {}).get("requestId", ""))
        headers = event.get("headers") or {}
        correlation_id = auth.correlation(headers, request_id)
        self._caller: Caller | None = None
        self._route: Any = None
        self._admission = self._no_admission()
        logger.append_keys(request_id=request_id, correlation_id=correlation_id, tenant_id=None)
        answer = self.resolve(event, context)
        answer.setdefault("headers", {}).update(
            {"X-Request-ID": request_id, "X-Correlation-ID": correlation_id}
        )
        for name, value in _PROTECTION.items():
            answer["headers"].setdefault(name, value)
        if self._admission is not None:
            answer["headers"].update(limits.headers(self._admission))
        access_log.request_served(
            logger,
            route=self._route_name(),
            method=str((event.get("requestContext") or {}).get("http", {}).get("method", "")),
            status=answer["statusCode"],
            seconds=time.perf_counter() - began,
            caller=self._caller,
        )
        return answer

    @property
    def caller(self) -> Caller:
        """Who sent the present event."""
        assert self._caller is not None, "a public route has no caller"
        return self._caller

    @property
    def rules(self) -> list[str]:
        """The names of the rate limits that the present route may fall under, the longest first."""
        return limits.rules_of(self._route.path)

    def admitted(self, admission: Admission) -> None:
        """Remember what the rate limiter said of the present request; its headers tell the caller."""
        self._admission = admission

    def marked_routes(self) -> Iterator[tuple[str, str, Permission | str]]:
        """Every route: its method, its path and the permission that it needs, or `public`."""
        for route in self._static_routes + self._dynamic_routes:
            yield route.method, route.path, getattr(route.func, "permission", "")

    @staticmethod
    def _no_admission() -> Admission | None:
        """None, typed as what a request may make of it."""
        return None

    def _call_route(self, route: Any, route_arguments: dict[str, str]) -> Any:
        self._route = route
        try:
            self._admit(route)
        except SextantError as error:
            return self._call_exception_handler(error, route)
        return super()._call_route(route, route_arguments)

    def _admit(self, route: Any) -> None:
        """Raise unless the caller may use `route`, is within its rate limit and sent a bearable body."""
        bodies.check(self.current_event.raw_event, bootstrap.settings().max_body_bytes)
        permission: Any = getattr(route.func, "permission", None)
        if permission is None and route.func.__name__ == _NO_ROUTE:
            permission = PUBLIC
        if permission == PUBLIC:
            return
        self._caller = found = auth.caller(self.current_event.raw_event, bootstrap.settings())
        logger.append_keys(tenant_id=found.tenant)
        if permission is None:
            raise RouteNotFoundError
        found.require(permission)
        self._refuse_unknown_parameters(route)
        if self.current_event.body:
            bodies.check_type(self.current_event.raw_event.get("headers") or {})
        if not getattr(route.func, "counts_itself", False):
            self.count()

    def _refuse_unknown_parameters(self, route: Any) -> None:
        """A filter with a slip in its name would otherwise filter nothing, and a bulk operation take everything."""
        given = self.current_event.raw_event.get("queryStringParameters")
        if not given:
            return
        known = sorted(parameter.alias for parameter in route.dependant.query_params)
        unknown = [name for name in given if name not in known]
        if unknown:
            message = f"there is no such parameter here; there are: {', '.join(known) or 'none'}"
            raise InvalidParameterError(
                f"{unknown[0]}: {message}",
                errors=[FieldError(name, "unknown", message) for name in unknown[:_MOST_ERRORS]],
            )

    def count(self) -> None:
        """Count the present request against its tenant's rate limit; raises `RateLimitedError`."""
        with bootstrap.database().autocommit(self.caller.tenant) as session:
            self._admission = settings.admit(session, self.rules)
        if not self._admission.admitted:
            raise RateLimitedError(self._admission)

    def _route_name(self) -> str:
        """The template of the present path, never the path itself: it goes into the names of metrics."""
        return (
            "none" if self._route is None or self._route.func.__name__ == _NO_ROUTE else str(self._route.path)
        )

    # From errors to problem documents --------------------------------------------------------------

    def _problem(self, error: SextantError) -> Response[str]:
        if isinstance(error, RateLimitedError):
            self._admission = error.admission
        elif (
            self._caller is not None
            and self._admission is None
            and error.status < HTTPStatus.INTERNAL_SERVER_ERROR
        ):
            error = self._counted_late(error)
        event = self.current_event.raw_event
        request_id = str((event.get("requestContext") or {}).get("requestId", ""))
        document = problems.problem(error, instance=event.get("rawPath", ""), request_id=request_id)
        headers: dict[str, str | list[str]] = {}
        if error.retry_after is not None:
            headers["Retry-After"] = str(max(1, round(error.retry_after)))
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.error("request failed", exc_info=error, extra={"code": error.code})
        return Response(
            status_code=error.status,
            content_type=problems.CONTENT_TYPE,
            body=_json(document),
            headers=headers,
        )

    def _counted_late(self, error: SextantError) -> SextantError:
        """Count a request that failed before its route could count itself; the error that it then gets."""
        if isinstance(error, ForbiddenError | PayloadTooLargeError):
            return error
        try:
            self.count()
        except RateLimitedError as refused:
            return refused
        except SextantError as uncounted:
            # The database is away: the caller's own mistake is still what there is to say.
            logger.warning("a failed request was not counted", exc_info=uncounted)
        return error

    def _invalid(self, error: RequestValidationError) -> Response[str]:
        # One megabyte can break a rule eighty thousand times; no answer of Lambda's could hold that.
        raw: Sequence[Mapping[str, Any]] = error.errors()[:_MOST_ERRORS]
        places = {item["loc"][0] for item in raw if item["loc"]}
        if any(item["type"] == "json_invalid" for item in raw):
            return self._problem(
                InvalidJsonError(
                    f"The body is not JSON: {raw[0].get('ctx', {}).get('error', 'it cannot be parsed')}."
                )
            )
        if places == {"path"}:
            return self._problem(NotFoundError())
        found = problems.field_errors(raw)
        detail = "; ".join(f"{item.path or 'body'}: {item.message}" for item in found[:3])
        if "body" not in places:
            return self._problem(InvalidParameterError(detail, errors=found))
        return self._problem(ValidationError(detail, errors=found))

    def _unsupported(self, _: RequestUnsupportedContentType) -> Response[str]:
        return self._problem(UnsupportedMediaTypeError())

    def _no_route(self, _: NoRouteError) -> Response[str]:
        path = self.current_event.path
        allowed = sorted(
            {
                route.method
                for route in self._static_routes + self._dynamic_routes
                if re.match(route.rule, path)
            }
        )
        if not allowed:
            return self._problem(RouteNotFoundError())
        answer = self._problem(MethodNotAllowedError(f"This path takes {', '.join(allowed)}."))
        answer.headers["Allow"] = ", ".join(allowed)
        return answer

    def _service_error(self, error: ServiceError) -> Response[str]:
        return self._problem(BadRequestError(str(error.msg)))

    def _crashed(self, error: Exception) -> Response[str]:
        # The process boundary: the caller is told that it was our fault, the log what it was.
        logger.error("unhandled error", exc_info=error)
        return self._problem(
            SextantError("Something went wrong on our side; the request id finds it in the log.")
        )


class InvalidParameterError(BadRequestError):
    """A parameter breaks a rule."""

    code, title = "invalid_parameter", "Invalid parameter"


class AnswerTooLargeError(BadRequestError):
    """The page is too large for one answer: ask for fewer items with `limit`."""

    code, title = "answer_too_large", "Answer too large"


def answers(description: str, model: type[BaseModel]) -> OpenAPIResponse:
    """How the OpenAPI document describes an answer."""
    return {"description": description, "content": {"application/json": {"model": model}}}


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


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)
