"""The application that both entries of the API build on: who may, what goes wrong, what goes back."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api.http import access_log, admission, auth, bodies, limits, problems
from functions.api.http.bodies import InvalidJsonError, UnsupportedMediaTypeError
from functions.api.http.compression import compress, untagged
from functions.api.http.parameters import InvalidParameterError
from functions.api.http.routing import Endpoint, RequestState, Router
from sextant.errors import (
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    PayloadTooLargeError,
    SextantError,
    ValidationError,
)
from sextant.settings.service import RateLimitedError

logger = Logger(serialize_stacktrace=False)

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


class MethodNotAllowedError(SextantError):
    """This path does not take this method."""

    code, status, title = "method_not_allowed", 405, "Method not allowed"
    remedy = "Use one of the methods that the header Allow names."

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allow = ", ".join(allowed)
        super().__init__(f"This path takes {self.allow}.")


class RouteNotFoundError(NotFoundError):
    """There is nothing at this path."""

    code, title = "route_not_found", "Not found"
    remedy = "Check the path against the document at /v1/openapi.json."


def admit(app: Api, next_middleware: NextMiddleware) -> Any:
    """Let a request on to its validation and its handler once its caller may send it."""
    event = app.current_event.raw_event
    admission.check_body(event)
    app.state.endpoint = app.endpoint()
    admission.check(event, app.state)
    return next_middleware(app)


class Api(APIGatewayHttpResolver):
    """Powertools' resolver with Sextant's order of checks and its problem documents.

    Powertools validates requests before any middleware where `enable_validation` is set. It is not set: its
    validation is the second middleware, behind `admit`, so that nothing is parsed for a caller who may not send it.
    """

    def __init__(self, *routers: Router) -> None:
        super().__init__(json_body_deserializer=bodies.parsed)
        self.endpoints: dict[tuple[str, str], Endpoint] = {}
        self.use(middlewares=[compress, admit, OpenAPIRequestValidationMiddleware()])  # type: ignore[no-untyped-call]
        self.exception_handler(SextantError)(self.problem)
        self.exception_handler(RequestValidationError)(self._invalid)
        self.exception_handler(RequestUnsupportedContentType)(self._unsupported)
        self.exception_handler(ServiceError)(self._service_error)
        self.exception_handler(Exception)(self._crashed)
        self.include(*routers)

    def include(self, *routers: Router) -> None:
        """Serve the routes of `routers` too."""
        for router in routers:
            self.include_router(router)
            self.endpoints |= {
                (endpoint.method, endpoint.template): endpoint for endpoint in router.endpoints
            }

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer one API Gateway event; whatever goes wrong is a problem document."""
        began = time.perf_counter()
        request_id = _request_id(event)
        correlation_id = auth.correlation(event.get("headers") or {}, request_id)
        logger.append_keys(request_id=request_id, correlation_id=correlation_id, tenant_id=None)
        state = RequestState()
        if event.get("headers"):
            untagged(event["headers"])
        self.append_context(state=state)  # type: ignore[no-untyped-call]
        method = str((event.get("requestContext") or {}).get("http", {}).get("method", ""))
        answer = _preflight() if method == "OPTIONS" else self.resolve(event, context)
        answer.setdefault("headers", {}).update(
            {"X-Request-ID": request_id, "X-Correlation-ID": correlation_id}
        )
        for name, value in _PROTECTION.items():
            answer["headers"].setdefault(name, value)
        if state.admission is not None:
            answer["headers"].update(limits.headers(state.admission))
        access_log.request_served(
            logger,
            # The template of the path, never the path itself: it goes into the names of metrics.
            route="none" if state.endpoint is None else state.endpoint.path,
            method=method,
            status=answer["statusCode"],
            seconds=time.perf_counter() - began - state.paused,
            caller=state.caller,
        )
        return answer

    @property
    def state(self) -> RequestState:
        """What is known of the present request."""
        state: RequestState = self.context["state"]
        return state

    def endpoint(self) -> Endpoint:
        """The present request's endpoint; raises `RouteNotFoundError` or `MethodNotAllowedError`."""
        endpoint = self.endpoints.get((self.request.method, self.request.route))
        if endpoint is not None:
            return endpoint
        path = self.current_event.path
        allowed = sorted({endpoint.method for endpoint in self.endpoints.values() if endpoint.fits(path)})
        raise MethodNotAllowedError(allowed) if allowed else RouteNotFoundError

    # From errors to problem documents --------------------------------------------------------------

    def problem(self, error: SextantError) -> Response[str]:
        """The answer that tells the caller of `error`."""
        state = self.state
        if isinstance(error, RateLimitedError):
            state.admission = error.admission
        elif (
            state.caller is not None
            and state.admission is None
            and error.status < HTTPStatus.INTERNAL_SERVER_ERROR
        ):
            error = _counted_late(error, state)
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.error("request failed", exc_info=error, extra={"code": error.code})
        event = self.current_event.raw_event
        answer = problems.answer(error, instance=event.get("rawPath", ""), request_id=_request_id(event))
        if isinstance(error, MethodNotAllowedError):
            answer.headers["Allow"] = error.allow
        return answer

    def _invalid(self, error: RequestValidationError) -> Response[str]:
        # One megabyte can break a rule eighty thousand times; no answer of Lambda's could hold that.
        raw: Sequence[Mapping[str, Any]] = error.errors()[:_MOST_ERRORS]
        places = {item["loc"][0] for item in raw if item["loc"]}
        if any(item["type"] == "json_invalid" for item in raw):
            return self.problem(
                InvalidJsonError(
                    f"The body is not JSON: {raw[0].get('ctx', {}).get('error', 'it cannot be parsed')}."
                )
            )
        if places == {"path"}:
            return self.problem(_absent(str(raw[0]["loc"][1])))
        errors = problems.field_errors(raw)
        if "body" not in places:
            return self.problem(InvalidParameterError(errors=errors))
        return self.problem(ValidationError(errors=errors))

    def _unsupported(self, _: RequestUnsupportedContentType) -> Response[str]:
        return self.problem(UnsupportedMediaTypeError())

    def _service_error(self, error: ServiceError) -> Response[str]:
        return self.problem(BadRequestError(str(error.msg)))

    def _crashed(self, error: Exception) -> Response[str]:
        # The process boundary: the caller is told that it was our fault, the log what it was.
        logger.error("unhandled error", exc_info=error)
        return self.problem(
            SextantError("Something went wrong on our side; the request id finds it in the log.")
        )


_NAMES = {"switch": "kill_switch", "version": "scenario_version"}


def _absent(parameter: str) -> NotFoundError:
    """What no thing has for an id is answered as an id that no thing has: by the error of the noun, as its code names it."""
    noun = parameter.removesuffix("_id")
    code = f"{_NAMES.get(noun, noun)}_not_found"
    return next((kind for kind in NotFoundError.__subclasses__() if kind.code == code), NotFoundError)()


def _preflight() -> dict[str, Any]:
    """What a browser asks before a request from another origin; the gateway adds which origins may send one."""
    return {"statusCode": HTTPStatus.NO_CONTENT, "headers": {}}


def _counted_late(error: SextantError, state: RequestState) -> SextantError:
    """Count a request that failed before its handler could count it; the error that the caller then gets."""
    if isinstance(error, ForbiddenError | PayloadTooLargeError):
        return error
    try:
        admission.count(state)
    except RateLimitedError as refused:
        return refused
    except SextantError as uncounted:
        # The database is away: the caller's own mistake is still what there is to say.
        logger.warning("a failed request was not counted", exc_info=uncounted)
    return error


def _request_id(event: Mapping[str, Any]) -> str:
    return str((event.get("requestContext") or {}).get("requestId", ""))
