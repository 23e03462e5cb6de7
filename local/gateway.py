"""The HTTP API in front of the functions: API Gateway's payload format 2.0, limits and answers.

Where AWS leaves a detail undocumented this follows what was measured there: `rawPath` arrives decoded, cut
at a decoded question mark; a body is text only for `text/*` and JSON, XML and JavaScript, and base64 for
every other content type and for none.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from local import processes
from local.authorizer import JwtAuthorizer, UnauthorizedError
from local.concurrency import ThrottledError
from local.invocations import Functions
from local.routes import Match, RouteTable
from local.runtime_api import ACCOUNT, MAX_PAYLOAD, Outcome

MAX_BODY = 10 * 1024 * 1024
# The request line and the headers together.
MAX_HEADERS = 10_240
INTEGRATION_TIMEOUT = 30.0
_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "content-length"}
)


class Gateway:
    """Serves the routes of the declaration. Without an `authorizer` every route is open."""

    def __init__(
        self,
        functions: Functions,
        routes: RouteTable,
        authorizer: JwtAuthorizer | None,
        access_log: Callable[[str], None],
        *,
        timeout: float = INTEGRATION_TIMEOUT,
        beside: Iterable[web.RouteDef] = (),
    ) -> None:
        """`beside` is served on the same origin, but is no part of the API: the console, and who signs in."""
        self._functions = functions
        self._routes = routes
        self._authorizer = authorizer
        self._access_log = access_log
        self._timeout = timeout
        self._beside = tuple(beside)
        self._runner: web.AppRunner | None = None
        self._running: set[asyncio.Task[Outcome]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://{processes.LOOPBACK}:{self.port}"

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_routes(self._beside)
        app.router.add_route("*", "/{path:(?s:.*)}", self._serve)  # also of paths with a line break
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=1, max_line_size=MAX_HEADERS, max_field_size=MAX_HEADERS
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, processes.LOOPBACK, port, backlog=2048).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        for task in list(self._running):
            task.cancel()

    # One request --------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.Response:
        began = time.monotonic()
        request_id = base64.b64encode(secrets.token_bytes(11)).decode()
        answer = await self._answer(request, request_id)
        answer.headers["apigw-requestid"] = request_id
        took = (time.monotonic() - began) * 1000
        self._access_log(f"{request.method} {request.raw_path} {answer.status} {took:.0f} ms")
        return answer

    async def _answer(self, request: web.Request, request_id: str) -> web.Response:
        path = unquote(request.rel_url.raw_path).partition("?")[0]
        match = self._routes.match(request.method, path)
        if match is None:
            return _message(404, "Not Found")
        authorizer: dict[str, Any] | None = None
        if self._authorizer is not None and not match.route.public:
            try:
                authorizer = self._authorizer.authorize(request.headers.get("Authorization"))
            except UnauthorizedError as error:
                return _message(401, "Unauthorized", {"www-authenticate": str(error)})
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _message(413, "Request Entity Too Large")
        event = json.dumps(
            make_event(request, body, path=path, match=match, authorizer=authorizer, request_id=request_id)
        ).encode()
        if len(event) > MAX_PAYLOAD:
            return _message(413, "Request Entity Too Large")
        return await self._integrate(match.function, event)

    async def _integrate(self, function: str, event: bytes) -> web.Response:
        pool = self._functions[function]
        # The function runs to its end even when the client or the gateway stops waiting.
        task = asyncio.create_task(pool.invoke(event, start_within=self._timeout))
        self._running.add(task)
        task.add_done_callback(self._forget)
        try:
            outcome = await asyncio.wait_for(asyncio.shield(task), self._timeout)
        except (TimeoutError, ThrottledError):
            return _message(503, "Service Unavailable")
        if outcome.error is not None:
            return _message(500, "Internal Server Error")
        return make_response(outcome.payload)

    def _forget(self, task: asyncio.Task[Outcome]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen: the client was answered, or has gone


# Format 2.0 -------------------------------------------------------------------------------------------


def make_event(
    request: web.Request,
    body: bytes,
    *,
    path: str,
    match: Match,
    authorizer: dict[str, Any] | None,
    request_id: str,
) -> dict[str, Any]:
    """The event of payload format 2.0 for a request on the `$default` stage."""
    now = datetime.now(UTC)
    headers, cookies = _headers(request)
    query = _joined(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": request.host,
        "domainPrefix": request.host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": f"HTTP/{request.version.major}.{request.version.minor}",
            "sourceIp": request.remote or processes.LOOPBACK,
            "userAgent": request.headers.get("User-Agent", ""),
        },
        "requestId": request_id,
        "routeKey": match.route_key,
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route_key,
        "rawPath": path,
        "rawQueryString": request.rel_url.raw_query_string,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if authorizer is not None:
        context["authorizer"] = authorizer
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = query
    if match.path_parameters:
        event["pathParameters"] = dict(match.path_parameters)
    if body:
        event["body"], event["isBase64Encoded"] = _body(request, body)
    return event


def _headers(request: web.Request) -> tuple[dict[str, str], list[str]]:
    """Lower-cased, repeated ones joined by a comma, cookies apart."""
    cookies = [part.strip() for value in request.headers.getall("Cookie", []) for part in value.split(";")]
    headers = _joined(
        (name.lower(), value) for name, value in request.headers.items() if name.lower() != "cookie"
    )
    trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return {
        **headers,
        "x-amzn-trace-id": headers.get("x-amzn-trace-id", trace),
        "x-forwarded-for": headers.get("x-forwarded-for", request.remote or processes.LOOPBACK),
        "x-forwarded-port": headers.get("x-forwarded-port", request.host.rpartition(":")[2]),
        "x-forwarded-proto": headers.get("x-forwarded-proto", request.scheme),
    }, cookies


def _joined(pairs: Any) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: web.Request, body: bytes) -> tuple[str, bool]:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if (kind.startswith("text/") or kind in _TEXT_TYPES) and "Content-Encoding" not in request.headers:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass  # not what it says it is
    return base64.b64encode(body).decode(), True


def make_response(payload: bytes) -> web.Response:
    """The HTTP response for what a function returned: as format 2.0 says, with API Gateway's guesses."""
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        return _message(500, "Internal Server Error")
    if not (isinstance(answer, dict) and "statusCode" in answer):
        # Without a status code the whole answer is the body.
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return web.Response(text=text, content_type="application/json")
    try:
        status = int(answer["statusCode"])
        body = answer.get("body") or ""
        if not isinstance(body, str):
            body = json.dumps(body)
        content = base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode()
        response = web.Response(status=status, body=content)
        for name, value in (answer.get("headers") or {}).items():
            if name.lower() not in _HOP_BY_HOP:
                response.headers[name] = value if isinstance(value, str) else json.dumps(value)
        if "Content-Type" not in (answer.get("headers") or {}) and "content-type" not in (
            answer.get("headers") or {}
        ):
            response.headers["Content-Type"] = "text/plain;charset=UTF-8"
        for cookie in answer.get("cookies") or []:
            response.headers.add("Set-Cookie", cookie)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        return _message(500, "Internal Server Error")
    return response


def _message(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    body = json.dumps({"message": text}, separators=(",", ":"))
    return web.Response(status=status, text=body, content_type="application/json", headers=headers)
