"""The choices that several operations share: each is one component of the document."""

from __future__ import annotations

from typing import Any, get_args

from sextant.kill_switches.model import SwitchScope
from sextant.operations.actions.model import ActionState, ActionType
from sextant.operations.events.model import Severity
from sextant.operations.incidents.model import IncidentState
from sextant.outbox.administration.model import Status as OutboxStatus
from sextant.runs.model import Priority, State
from sextant.scenarios.model import Status
from sextant.settings.model import Kind
from sextant.workflows.model import WorkflowState

_CHOICES: dict[str, tuple[Any, str]] = {
    "RunState": (
        State,
        "QUEUED waits, RUNNING is computed or published; the others are ends, of which SUCCEEDED alone has a result.",
    ),
    "RunPriority": (Priority, "Each level is worth ten minutes of waiting."),
    "ScenarioStatus": (Status, "ARCHIVED is kept to be read: it takes no new runs."),
    "IncidentState": (
        IncidentState,
        "NEW and ANALYZING have no action yet, ACTIONED has one; RESOLVED and IGNORED are closed.",
    ),
    "Severity": (Severity, "ERROR and CRITICAL are failures, which count into an incident."),
    "ActionState": (ActionState, "PENDING waits for its time; SUCCEEDED, FAILED and SKIPPED are ends."),
    "ActionType": (ActionType, "What is done; MANUAL is done by a person."),
    "SwitchScope": (SwitchScope, "What a kill switch stops."),
    "WorkflowState": (WorkflowState, "Runs of a PAUSED workflow wait."),
    "SettingKind": (Kind, "Of which kind a setting is."),
    "OutboxStatus": (
        OutboxStatus,
        "PENDING waits or is held by a relay, DELAYED was refused and is tried again, FAILED was given up, SENT is at the broker.",
    ),
}

SCHEMAS: dict[str, Any] = {
    name: {"description": meaning, "type": "string", "enum": list(get_args(choice))}
    for name, (choice, meaning) in _CHOICES.items()
}
_NAMES = {tuple(schema["enum"]): name for name, schema in SCHEMAS.items()}


def named(node: Any) -> Any:
    """The node with references to these components in the place of their choices."""
    if isinstance(node, list):
        return [named(item) for item in node]
    if not isinstance(node, dict):
        return node
    name = _NAMES.get(tuple(node["enum"])) if isinstance(node.get("enum"), list) else None
    if name is None:
        return {key: named(value) for key, value in node.items()}
    rest = {key: value for key, value in node.items() if key not in ("type", "enum")}
    return {"$ref": f"#/components/schemas/{name}", **rest}
