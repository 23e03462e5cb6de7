"""Sends the finished requests of a batch to one endpoint, one after the other over one connection, and says what came back.

It decides nothing, keeps nothing and signs nothing. The host is resolved once, every address of it is judged, and the
connection goes to one of those addresses and no other. Redirects are not followed. Loopback is a real target: at Lambda the Runtime
API answers there, so only the local system lets it through, and never to its own Runtime API.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from functions.addresses import (
    RefusedAddressError,
    RefusedUrlError,
    UnresolvedError,
    refuse_own,
    resolved,
    target_of,
)
from functions.webhook_sender.connection import Connection, Exchange, SendError

BEGIN_WITHIN = 1.0
"""Seconds from the beginning in which another request is begun; what is left is not sent, and is due at once: so an endpoint that
takes its time gives its turn to the others."""
# The local system alone says `local`: a deployment's configuration may not set the stage.
_LOCAL = os.environ.get("SEXTANT_STAGE") == "local"  # noqa: TID251 (this function has no layer to read settings with)
_RUNTIME_API = os.environ.get("AWS_LAMBDA_RUNTIME_API", "")  # noqa: TID251

_STOPS = (410, 429, 503)
"""Answers after which an endpoint is asked nothing more."""


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """`{url, ordered, own, requests: [{headers, body}]}` → `{answers: [{sent, status, head, body, error, timing}]}`, in their order."""
    del context
    ordered, own = bool(event.get("ordered")), event.get("own", ())
    return {"answers": send(event["url"], event["requests"], ordered=ordered, own=own)}


def send(
    url: str, requests: Sequence[Mapping[str, Any]], *, ordered: bool, own: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """What became of each request; those behind one after which the endpoint is left alone are not sent."""
    until = time.monotonic() + BEGIN_WITHIN
    answers: list[dict[str, Any]] = []
    try:
        target = target_of(url, local=_LOCAL)
        refuse_own(target, own)
    except RefusedUrlError as error:
        return [_failed("refused", f"url {error}"), *_unsent(len(requests) - 1)]
    if not target.secure and str(target.port) == _RUNTIME_API.rpartition(":")[2]:
        return [_failed("refused", "the Runtime API is no endpoint"), *_unsent(len(requests) - 1)]
    with Connection(target, resolved, local=_LOCAL) as connection:
        for request in requests:
            try:
                answer = _answered(connection.post(request["headers"], request["body"].encode()))
            except (RefusedAddressError, UnresolvedError) as error:
                kind = "refused" if isinstance(error, RefusedAddressError) else "unresolved"
                answer = _failed(kind, str(error))
            except SendError as error:
                answer = _failed(error.kind, str(error), error.timing)
            answers.append(answer)
            status = answer["status"]
            well = status is not None and 200 <= status < 300
            if status is None or status in _STOPS or (ordered and not well) or time.monotonic() > until:
                break
    return [*answers, *_unsent(len(requests) - len(answers))]


def _answered(exchange: Exchange) -> dict[str, Any]:
    return _answer(
        status=exchange.status,
        head=exchange.head,
        body=exchange.body.decode(errors="replace"),
        timing=exchange.timing,
    )


def _failed(kind: str, message: str, timing: Mapping[str, float] | None = None) -> dict[str, Any]:
    return _answer(error=f"{kind}: {message}"[:500], timing=dict(timing or {}))


def _unsent(count: int) -> list[dict[str, Any]]:
    return [_answer(sent=False) for _ in range(count)]


def _answer(**known: Any) -> dict[str, Any]:
    return {"sent": True, "status": None, "head": {}, "body": "", "error": None, "timing": {}, **known}
