"""What the functions, tests and tools ask of the Lambda API: Invoke, and how a function is configured.

A function calls with credentials of its own, and may invoke what it declares, by the alias that its role names; anybody else
is an operator, who may do all. `GET /local/environments` lists the live processes: for `status`, and for tests that kill
them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web

from local import lineage, processes
from local.aws import REGION
from local.calls import Call, CallLog
from local.concurrency import ThrottledError
from local.invocations import FunctionPool, Functions, UnknownFunctionError
from local.runtime_api import ACCOUNT, MAX_PAYLOAD, function_arn

MAX_ASYNC_PAYLOAD = 1024 * 1024
LIVE = "live"

_FUNCTION = "/functions/{name}"


class LambdaApi:
    """Serves `functions` on a loopback port."""

    def __init__(self, functions: Functions, calls: CallLog | None = None) -> None:
        self._functions = functions
        self._calls = calls
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def endpoint(self) -> str:
        return f"http://{processes.LOOPBACK}:{self.port}"

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=2 * MAX_PAYLOAD)
        app.router.add_post(f"/2015-03-31{_FUNCTION}/invocations", self._invoke)
        for version, path, describe in (
            ("2015-03-31", "configuration", _configuration),
            ("2019-09-30", "concurrency", self._concurrency),
            ("2019-09-25", "event-invoke-config", self._asynchronous),
            ("2024-08-31", "recursion-config", _recursion),
        ):
            app.router.add_get(f"/{version}{_FUNCTION}/{path}", partial(self._described, describe))
        app.router.add_get("/local/environments", self._environments)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, processes.LOOPBACK, port).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _invoke(self, request: web.Request) -> web.Response:
        name, qualifier = _name_and_qualifier(request)
        event = await request.read() or b"{}"
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        caller = _caller(request)
        target = f"{name}:{qualifier}" if qualifier else name
        # Who only asks whether it may invokes nothing.
        if self._calls is not None and kind != "DryRun":
            self._calls.note(Call(caller, "lambda:InvokeFunction", function_arn(target, REGION)))
        if caller in self._functions and not self._may_invoke(caller, name, qualifier):
            return _denied(caller, target)
        try:
            pool = self._functions[name]
        except UnknownFunctionError:
            return _not_found(name)
        limit = MAX_ASYNC_PAYLOAD if kind == "Event" else MAX_PAYLOAD
        if len(event) > limit:
            message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
            return _error(413, "RequestTooLargeException", message)
        if kind == "DryRun":
            return web.Response(status=204)
        trace = request.headers.get(lineage.HEADER)
        if kind == "Event":
            self._functions.invoke_later(name, event, trace)
            return web.Response(status=202)
        try:
            outcome = await pool.invoke(event, trace=trace)
        except ThrottledError as error:
            return _error(429, "TooManyRequestsException", "Rate Exceeded.", error.reason)
        except lineage.LoopError as error:
            return _error(400, "RecursiveInvocationException", str(error))
        headers = {"X-Amz-Executed-Version": "$LATEST", "x-amzn-RequestId": outcome.request_id}
        if outcome.error is not None:
            headers["X-Amz-Function-Error"] = outcome.error
        return web.Response(body=outcome.payload, content_type="application/json", headers=headers)

    def _may_invoke(self, caller: str, name: str, qualifier: str) -> bool:
        return name in self._functions[caller].function.calls and qualifier == LIVE

    # How a function is configured -----------------------------------------------------------------------

    async def _described(
        self, describe: Callable[[FunctionPool], dict[str, Any]], request: web.Request
    ) -> web.Response:
        """What `describe` says of the function that the request names."""
        name, _ = _name_and_qualifier(request)
        if name not in self._functions:
            return _not_found(name)
        return web.json_response(describe(self._functions[name]))

    def _concurrency(self, pool: FunctionPool) -> dict[str, Any]:
        share = self._functions.concurrency.share(pool.function.name)
        return {} if share is None else {"ReservedConcurrentExecutions": share}

    def _asynchronous(self, _: FunctionPool) -> dict[str, Any]:
        rules = self._functions.asynchronous
        return {"MaximumRetryAttempts": rules.retries, "MaximumEventAgeInSeconds": int(rules.longest_age)}

    async def _environments(self, _: web.Request) -> web.Response:
        listed = [dataclasses.asdict(state) for state in self._functions.states()]
        concurrency = self._functions.concurrency
        return web.json_response(
            {
                "environments": listed,
                "queued": self._functions.queued,
                "running": dict(concurrency.counts),
                "peak": dict(concurrency.peak),
            }
        )


def _configuration(pool: FunctionPool) -> dict[str, Any]:
    return {
        "FunctionName": pool.function.name,
        "Handler": pool.function.handler,
        "MemorySize": pool.function.memory,
        "Timeout": pool.function.timeout,
        "Environment": {"Variables": dict(pool.variables)},
    }


def _recursion(pool: FunctionPool) -> dict[str, Any]:
    return {"RecursiveLoop": "Allow" if pool.function.loop else "Terminate"}


def _name_and_qualifier(request: web.Request) -> tuple[str, str]:
    """The name in a name, a partial or whole ARN; and its qualifier, which may stand in the query too."""
    given = request.match_info["name"]
    if given.startswith("arn:"):
        given = given.split(":", 6)[6]
    name, _, qualifier = given.rpartition("function:")[2].partition(":")
    return name, qualifier or request.query.get("Qualifier", "")


def _caller(request: web.Request) -> str:
    """Whose credentials signed the request."""
    match = re.search(r"Credential=([^/,]+)/", request.headers.get("Authorization", ""))
    return match[1] if match else ""


def _denied(caller: str, target: str) -> web.Response:
    message = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{caller}/{caller} is not authorized to perform: "
        f"lambda:InvokeFunction on resource: {function_arn(target, REGION)} because no identity-based "
        "policy allows the lambda:InvokeFunction action"
    )
    return _error(403, "AccessDeniedException", message)


def _not_found(name: str) -> web.Response:
    return _error(404, "ResourceNotFoundException", f"Function not found: {name}")


def _error(status: int, kind: str, message: str, reason: str | None = None) -> web.Response:
    headers = {"x-amzn-ErrorType": kind}
    if reason is not None:
        body = {"Reason": reason, "Type": "User", "message": message}
        return web.json_response(body, status=status, headers=headers)
    return web.json_response({"Type": "User", "Message": message}, status=status, headers=headers)
