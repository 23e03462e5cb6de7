"""How a deployment-time function answers CloudFormation."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_WITHIN = 30.0


@dataclass(frozen=True)
class Answer:
    """The resource's physical id and the attributes it offers to the template."""

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


Act = Callable[[Mapping[str, Any]], Answer]


def answering(act: Act) -> Callable[[dict[str, Any], object], None]:
    """The Lambda handler of a CloudFormation custom resource that does `act`."""

    def handler(event: dict[str, Any], context: object) -> None:
        del context
        respond(event, act)

    return handler


def respond(event: Mapping[str, Any], act: Act) -> None:
    """Do `act` and tell CloudFormation how it went; an unanswered request would stall the stack for an hour."""
    physical_id = str(event.get("PhysicalResourceId") or event["LogicalResourceId"])
    try:
        answer = act(event)
        outcome = {
            "Status": "SUCCESS",
            "PhysicalResourceId": answer.physical_id,
            "Data": dict(answer.attributes),
        }
    except Exception as error:  # noqa: BLE001 - the process boundary: whatever failed must be answered
        reason = f"{type(error).__name__}: {error}"[:1000]
        print(json.dumps({"level": "ERROR", "message": reason}))  # noqa: T201 - the function's log
        outcome = {"Status": "FAILED", "PhysicalResourceId": physical_id, "Reason": reason}
    outcome |= {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    request = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's
        str(event["ResponseURL"]),
        data=json.dumps(outcome).encode(),
        method="PUT",
        headers={"Content-Type": ""},
    )
    with urllib.request.urlopen(request, timeout=_WITHIN):  # noqa: S310
        pass
