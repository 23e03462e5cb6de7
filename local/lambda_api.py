"""The Invoke operation of the Lambda API, for the functions that call each other through boto3.

`GET /local/environments` lists the live processes: for `status`, and for tests that kill them.
"""

from __future__ import annotations

import dataclasses

from aiohttp import web

from local import processes
from local.invocations import Functions, ThrottledError, UnknownFunctionError
from local.runtime_api import MAX_PAYLOAD

MAX_ASYNC_PAYLOAD = 1024 * 1024


class LambdaApi:
    """Serves `functions` on a loopback port."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def endpoint(self) -> str:
        return f"http://{processes.LOOPBACK}:{self.port}"

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=2 * MAX_PAYLOAD)
        app.router.add_post("/2015-03-31/functions/{name}/invocations", self._invoke)
        app.router.add_get("/local/environments", self._environments)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, processes.LOOPBACK, port).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _invoke(self, request: web.Request) -> web.Response:
        name = _plain_name(request.match_info["name"])
        event = await request.read() or b"{}"
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        try:
            pool = self._functions[name]
        except UnknownFunctionError:
            return _error(404, "ResourceNotFoundException", f"Function not found: {name}")
        limit = MAX_ASYNC_PAYLOAD if kind == "Event" else MAX_PAYLOAD
        if len(event) > limit:
            message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
            return _error(413, "RequestTooLargeException", message)
        if kind == "DryRun":
            return web.Response(status=204)
        if kind == "Event":
            self._functions.invoke_later(name, event)
            return web.Response(status=202)
        try:
            outcome = await pool.invoke(event, start_within=0)
        except ThrottledError:
            return _error(429, "TooManyRequestsException", "Rate Exceeded.")
        headers = {"X-Amz-Executed-Version": "$LATEST", "x-amzn-RequestId": outcome.request_id}
        if outcome.error is not None:
            headers["X-Amz-Function-Error"] = outcome.error
        return web.Response(body=outcome.payload, content_type="application/json", headers=headers)

    async def _environments(self, _: web.Request) -> web.Response:
        listed = [dataclasses.asdict(state) for state in self._functions.states()]
        return web.json_response({"environments": listed, "queued": self._functions.queued})


def _plain_name(given: str) -> str:
    """The name in a name, a partial or whole ARN, with or without a qualifier."""
    if given.startswith("arn:"):
        given = given.split(":", 6)[6]
    return given.rpartition("function:")[2].split(":")[0]


def _error(status: int, kind: str, message: str) -> web.Response:
    headers = {"x-amzn-ErrorType": kind}
    if status == 429:
        return web.json_response(
            {
                "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
                "Type": "User",
                "message": message,
            },
            status=status,
            headers=headers,
        )
    return web.json_response({"Type": "User", "Message": message}, status=status, headers=headers)
