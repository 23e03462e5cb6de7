"""The resolver that both entries of the API build on: who may, what goes wrong, what goes back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
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
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from sextant import bootstrap
from sextant.errors import BadRequestError, NotFoundError, PayloadTooLargeError, SextantError, ValidationError
from sextant.http import auth, problems
from sextant.tenancy import Caller, Permission

Event = Mapping[str, Any]
Route = TypeVar("Route", bound=Callable[..., Any])

logger = Logger(serialize_stacktrace=False)

PUBLIC = "public"


class MethodNotAllowedError(SextantError):
    """This path does not take this method."""

    code, status, title = "method_not_allowed", 405, "Method not allowed"


class UnsupportedMediaTypeError(SextantError):
    """The body must be application/json."""

    code, status, title = "unsupported_media_type", 415, "Unsupported media type"


class RouteNotFoundError(NotFoundError):
    """There is nothing at this path."""

    code, title = "route_not_found", "Not found"


def needs(permission: Permission) -> Callable[[Route], Route]:
    """Mark a route with the permission that its caller must have; checked before anything is parsed."""

    def mark(route: Route) -> Route:
        route.permission = permission  # type: ignore[attr-defined]
        return route

    return mark


def public(route: Route) -> Route:
    """Mark a route that takes no credentials."""
    route.permission = PUBLIC  # type: ignore[attr-defined]
    return route


class Api(APIGatewayHttpResolver):
    """The Powertools resolver with Sextant's order of checks and its problem documents.

    A route that says neither `needs` nor `public` is refused: forgetting it opens nothing.
    """

    def __init__(self) -> None:
        super().__init__(enable_validation=True)
        self.exception_handler(SextantError)(self._problem)
        self.exception_handler(RequestValidationError)(self._invalid)
        self.exception_handler(RequestUnsupportedContentType)(self._unsupported)
        self.exception_handler(NoRouteError)(self._no_route)
        self.exception_handler(ServiceError)(self._service_error)
        self.exception_handler(Exception)(self._crashed)

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer one API Gateway event; whatever goes wrong is a problem document."""
        request_id = str((event.get("requestContext") or {}).get("requestId", ""))
        headers = event.get("headers") or {}
        correlation_id = auth.correlation(headers, request_id)
        logger.append_keys(request_id=request_id, correlation_id=correlation_id)
        answer = self.resolve(event, context)
        answer.setdefault("headers", {}).update(
            {"X-Request-ID": request_id, "X-Correlation-ID": correlation_id}
        )
        return answer

    @property
    def caller(self) -> Caller:
        """Who sent the present event."""
        found: Caller = self.context["caller"]
        return found

    def _call_route(self, route: Any, route_arguments: dict[str, str]) -> Any:
        try:
            self._admit(route)
        except SextantError as error:
            return self._call_exception_handler(error, route)
        return super()._call_route(route, route_arguments)

    def _admit(self, route: Any) -> None:
        """Raise unless the caller may use `route` and the body is of a bearable size."""
        limit = bootstrap.settings().max_body_bytes
        if len(self.current_event.body or "") > limit:
            raise PayloadTooLargeError(f"The body must not exceed {limit} bytes.")
        # The route that answers 404 and 405 is made by the resolver and carries no mark.
        permission = getattr(
            route.func, "permission", PUBLIC if route.func.__name__ == "not_found_handler" else None
        )
        if permission == PUBLIC:
            return
        found = auth.caller(self.current_event.raw_event, bootstrap.settings())
        self.append_context(caller=found)
        logger.append_keys(tenant_id=found.tenant)
        if permission is None:
            raise RouteNotFoundError
        found.require(permission)

    # From errors to problem documents --------------------------------------------------------------

    def _problem(self, error: SextantError) -> Response[str]:
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

    def _invalid(self, error: RequestValidationError) -> Response[str]:
        raw: Sequence[Mapping[str, Any]] = error.errors()
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
        logger.exception("unhandled error", exc_info=error)
        return self._problem(
            SextantError("Something went wrong on our side; the request id finds it in the log.")
        )


class InvalidJsonError(BadRequestError):
    """The body is not JSON."""

    code, title = "invalid_json", "Invalid JSON"


class InvalidParameterError(BadRequestError):
    """A parameter breaks a rule."""

    code, title = "invalid_parameter", "Invalid parameter"


def reply(body: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
    """`body` as JSON."""
    return Response(
        status_code=status,
        content_type="application/json",
        body=body.model_dump_json(exclude_unset=True),
        headers=dict(headers or {}),
    )


def _json(document: Mapping[str, Any]) -> str:
    import json

    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)
