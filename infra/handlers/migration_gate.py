"""Runs the migrations while a stack is deployed, and makes the lake's table, before its new code serves.

The resource's properties: `Function`, the migrate function's version to call; `Then`, a function's version
that is called afterwards as its schedule would, because it makes what others only read; and `Database`, which
names the database, so that another one is migrated too.

Deleting or rolling back never migrates downwards: migrations leave the code before them working.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

from infra.handlers.custom_resource import Answer, answering

_MIGRATION_WITHIN = 660.0
# Nothing is sent while a function works, and what stands between forgets a connection that is silent for minutes: the
# answer would never come. So a probe goes out every half minute.
_KEPT_ALIVE = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
]


class CallFailedError(Exception):
    """A function reported an error; its log has the whole of it."""


def act(event: Mapping[str, Any]) -> Answer:
    """Migrate on create and update; nothing on delete."""
    if event["RequestType"] == "Delete":
        return Answer(str(event["PhysicalResourceId"]))
    properties = event["ResourceProperties"]
    migrated = _call(str(properties["Function"]), {})
    _call(str(properties["Then"]), {"source": "sextant.deployment", "detail-type": "Scheduled Event"})
    return Answer("migrations", {"Revision": str(migrated.get("revision", ""))})


handler = answering(act)


def _call(function: str, event: Mapping[str, str]) -> Mapping[str, Any]:
    import boto3
    from botocore.config import Config
    from botocore.httpsession import URLLib3Session

    client = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    # The SDK switches keep-alive on but leaves the kernel's two hours before the first probe.
    make: Any = URLLib3Session
    kept_alive = make(timeout=(10.0, _MIGRATION_WITHIN), socket_options=_KEPT_ALIVE)

    def send(request: Any, **_: Any) -> Any:
        return kept_alive.send(request)

    client.meta.events.register("before-send.lambda.Invoke", send)
    response = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    payload = response["Payload"].read().decode()
    if response.get("FunctionError"):
        raise CallFailedError(f"{function}: {payload}")
    answer = json.loads(payload or "null")
    return answer if isinstance(answer, dict) else {}
