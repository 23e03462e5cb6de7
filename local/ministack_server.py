"""Runs MiniStack with its queues, tables and keys saved every second and calls written down; executed by MiniStack's own Python.

MiniStack writes S3 objects to disk as they come, but queues, tables and keys only at an orderly shutdown. Here a
thread saves those as they change, so that killing the process loses at most the last moments. It also
ends the process when its parent is gone, where the kernel cannot do that.

Each call is written to the file `CALLS`, once for each caller, action and kind of resource, in IAM's words. A message
that was sent with a trace header carries it on, as SQS has it. A link that one of `CALLERS` signed is good.
"""

from __future__ import annotations

import contextvars
import importlib
import json
import os
import threading
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

Headers = dict[str, str]
Query = dict[str, Any]

_trace: contextvars.ContextVar[str] = contextvars.ContextVar("trace", default="")

_SAVED = ("sqs", "dynamodb", "kms")
_EVERY = 1.0
# Saving takes time in proportion to what is stored; it may not take more than this share of a core.
_SHARE = 0.05


def _save_changes(parent: int) -> None:
    persistence = importlib.import_module("ministack.core.persistence")
    last = dict.fromkeys(_SAVED, "")
    pause = _EVERY
    while True:
        time.sleep(pause)
        if os.getppid() != parent:
            os._exit(0)
        began = time.thread_time()
        for name in _SAVED if persistence.PERSIST_STATE else ():
            service = importlib.import_module(f"ministack.services.{name}")
            try:
                state = service.get_state()
            except RuntimeError:
                continue  # a store changed while it was copied; the next turn gets it
            if (now := repr(state)) != last[name]:
                persistence.save_state(name, state)
                last[name] = now
        pause = max(_EVERY, (time.thread_time() - began) / _SHARE)


def _note_calls(path: Path) -> None:
    """Have each request that MiniStack dispatches written to the file, and its trace header kept for SQS."""
    app: Any = importlib.import_module("ministack.app")
    iam: Any = importlib.import_module("ministack.core.iam_actions")
    router: Any = importlib.import_module("ministack.core.router")
    responses: Any = importlib.import_module("ministack.core.responses")
    dispatch = app._dispatch_service_request  # noqa: SLF001 (where every call passes)
    noted: set[tuple[str, str, str]] = set()
    file = path.open("a", buffering=1)

    def note(method: str, path: str, headers: Headers, body: bytes, query: Query) -> None:
        parameters = app._routing_params(method, path, headers, body, query)  # noqa: SLF001
        service = router.detect_service(method, path, headers, parameters)
        action = iam.extract_iam_action(service, method, path, headers, body, parameters)
        caller = router.extract_access_key_id(headers, query)
        if not caller or action is None:
            return
        account, region = responses.get_account_id(), router.extract_region(headers)
        arn = iam.extract_resource_arn(service, method, path, headers, body, parameters, region, account)
        calls = [(action, arn)]
        if service == "s3":
            calls += iam.s3_additional_checks(method, path, headers, body, parameters)
        for called, resource in calls:
            kind = "/".join(resource.split("/")[:4])
            if (caller, called, kind) not in noted:
                noted.add((caller, called, kind))
                file.write(json.dumps({"caller": caller, "action": called, "resource": resource}) + "\n")

    async def noting(
        method: str, path: str, headers: Headers, body: bytes, query: Query, request_id: str
    ) -> Any:
        _trace.set(headers.get("x-amzn-trace-id", ""))
        answer = await dispatch(method, path, headers, body, query, request_id)
        # What is refused is no right that its signer needs: a link signed for one request, tried with another.
        if answer[0] != HTTPStatus.FORBIDDEN:
            note(method, path, headers, body, query)
        return answer

    app._dispatch_service_request = noting  # noqa: SLF001


def _carry_traces() -> None:
    sqs: Any = importlib.import_module("ministack.services.sqs")
    build = sqs._build_send_sys_attrs  # noqa: SLF001

    def carrying(now: float, given: dict[str, Any]) -> Any:
        attributes = build(now, given)
        if _trace.get():
            attributes.setdefault("AWSTraceHeader", _trace.get())
        return attributes

    sqs._build_send_sys_attrs = carrying  # noqa: SLF001


def _know(callers: frozenset[str]) -> None:
    """Take the keys of `callers` for known ones: of all requests only links are refused for a key, and functions make links."""
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    is_known = evaluator.is_root_access_key
    evaluator.is_root_access_key = lambda key: key in callers or is_known(key)


def _fetch_securely() -> None:
    """CloudFront asks buckets over TLS, which their policies demand; the stand-in takes that from the viewer's request, which is plain."""
    s3: Any = importlib.import_module("ministack.services.s3")
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    fetch = s3.serve_cloudfront_origin_fetch

    def securely(*arguments: Any, **named: Any) -> Any:
        evaluator.pin_request_origin("", secure_transport=True)
        return fetch(*arguments, **named)

    s3.serve_cloudfront_origin_fetch = securely


def _lead_to_apis(port: int) -> None:
    """CloudFront finds an API behind the host name that AWS gives it: here at this server, whose APIs have no certificate."""
    cloudfront: Any = importlib.import_module("ministack.services.cloudfront")
    forward = cloudfront._forward_to_origin  # noqa: SLF001

    def leading(
        origin: dict[str, Any], method: str, uri: str, query: str, headers: Headers, *rest: Any
    ) -> Any:
        api, named, _ = origin["domain_name"].partition(".execute-api.")
        if named:
            here = {"domain_name": "127.0.0.1", "http_port": port, "protocol_policy": "http-only"}
            origin, headers = {**origin, **here}, {**headers, "host": f"{api}.execute-api.localhost"}
        return forward(origin, method, uri, query, headers, *rest)

    cloudfront._forward_to_origin = leading  # noqa: SLF001


if __name__ == "__main__":
    # Queues are stored under URLs with the port in them: a fixed one, so that they are found after a start at
    # another port. Requests are answered with the port they came to.
    port = os.environ.pop("GATEWAY_PORT")
    importlib.import_module("ministack.services.sqs")
    os.environ["GATEWAY_PORT"] = port
    _carry_traces()
    _fetch_securely()
    _lead_to_apis(int(port))
    _know(frozenset(os.environ["CALLERS"].split(",")))
    _note_calls(Path(os.environ["CALLS"]))
    threading.Thread(target=_save_changes, args=(os.getppid(),), daemon=True).start()
    importlib.import_module("ministack.app").main()
