"""The rule engine: from what is known of an incident to what may be done, and what should be.

Pure. What the rules allow bounds everything else, an AI's proposal included.
"""

from __future__ import annotations

from dataclasses import dataclass

from sextant.operations.actions.model import ActionType, NewAction
from sextant.operations.events.model import Change, Event
from sextant.operations.incidents.model import Incident
from sextant.operations.incidents.signature import error_of
from sextant.operations.policy import ErrorClass, OperationsPolicy
from sextant.vendors.model import Vendor, VendorStatus
from sextant.workflows.model import Workflow

RULES_VERSION = "rules-1"

_OWN_REFUSALS = frozenset({"vendor_rate_limited", "vendor_kill_switch", "vendor_breaker_open"})
"""Calls that were not made: they say nothing about the vendor, and open no breaker."""
_SAID: dict[ErrorClass, str] = {
    "TRANSIENT": "transient",
    "VENDOR": "a vendor's failure",
    "TIMEOUT": "a timeout",
    "PERMANENT": "permanent",
    "DEAD": "final",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision is made from. `retries_done` counts along the chain of the event's run."""

    incident: Incident
    event: Event | None
    change: Change
    workflow: Workflow
    vendor: Vendor | None
    vendor_status: VendorStatus | None
    run_state: str | None
    retries_done: int
    escalated_before: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rules would do, and within which limits something else may be done instead.

    `required` is done whoever decides; `chosen` is the rules' own choice; `allowed` what may be chosen
    in its place, delayed by `min_delay` to `max_delay` seconds.
    """

    rule: str
    reasoning: str
    required: tuple[NewAction, ...]
    chosen: NewAction | None
    allowed: frozenset[ActionType]
    min_delay: float
    max_delay: float
    incident_target: str = ""
    """The incident's id, which an action that the rules did not choose is about."""

    @property
    def actions(self) -> tuple[NewAction, ...]:
        return self.required + ((self.chosen,) if self.chosen else ())

    @property
    def decision_type(self) -> str:
        chosen = self.chosen or (self.required[0] if self.required else None)
        return chosen.action_type if chosen else "OBSERVE"


def plan(situation: Situation, policy: OperationsPolicy) -> Plan:
    """What to do about `situation`."""
    incident = situation.incident
    required: list[NewAction] = []
    reasons: list[str] = []
    if incident.escalated_at is not None and not situation.escalated_before:
        why = "critical" if incident.severity == "CRITICAL" else f"{incident.cycle_events} failures"
        required.append(NewAction("ESCALATE", str(incident.id), {"reason": why}))
        reasons.append(f"Escalated: {why}.")
    if _breaker_is_due(situation, policy):
        assert situation.vendor is not None
        required.append(
            NewAction(
                "BREAKER_OPEN", str(situation.vendor.id), {"reason": f"{incident.cycle_events} failures"}
            )
        )
        reasons.append(
            f"Vendor {situation.vendor.name!r} failed {incident.cycle_events} times: its breaker is opened."
        )
    rule, why, chosen, allowed, delays = _about_the_event(situation, policy)
    if required and chosen is not None and chosen.action_type in {action.action_type for action in required}:
        chosen = None
    reasons.append(why)
    return Plan(
        rule, " ".join(filter(None, reasons)), tuple(required), chosen, allowed, *delays, str(incident.id)
    )


def _breaker_is_due(situation: Situation, policy: OperationsPolicy) -> bool:
    return (
        situation.vendor is not None
        and situation.vendor_status is not None
        and situation.vendor_status.breaker == "CLOSED"
        and situation.event is not None
        and situation.event.severity in ("ERROR", "CRITICAL")
        and error_of(situation.event.payload)[0] not in _OWN_REFUSALS
        and situation.incident.cycle_events >= policy.review_at
    )


def _about_the_event(
    situation: Situation, policy: OperationsPolicy
) -> tuple[str, str, NewAction | None, frozenset[ActionType], tuple[float, float]]:
    event, incident = situation.event, situation.incident
    by_hand = NewAction("MANUAL", str(incident.id), {"reason": incident.title})
    people: frozenset[ActionType] = frozenset({"MANUAL", "ESCALATE"})
    still = (0.0, 0.0)
    if event is None or event.run_id is None:
        if situation.change in ("OPENED", "REOPENED") and not _heals_itself(event):
            return "look", "No rule repairs this by itself; a person has to look.", by_hand, people, still
        return "observe", "Nothing more to do for now.", None, people, still

    code, _ = error_of(event.payload)
    kind: ErrorClass = "DEAD" if event.event_type == "run.poison" else policy.error_class(code)
    if situation.run_state == "PART":
        return "part", "It is a part of a split run, which alone is repeated.", None, people, still
    if situation.run_state not in ("FAILED", "TIMEOUT"):
        state = situation.run_state or "no longer there"
        return "run-moved-on", f"The run is {state}; there is nothing to repeat.", None, people, still
    retry = policy.retry(kind)
    if retry is None:
        return (
            "permanent",
            f"{code or 'The error'} would come again: the same run fails for good.",
            by_hand,
            people,
            still,
        )
    limits = {"policy": retry.max_retries, "workflow": situation.workflow.max_retries}
    if situation.vendor is not None:
        limits["vendor"] = situation.vendor.max_retries
    tightest = min(limits, key=lambda name: limits[name])
    if situation.retries_done >= limits[tightest]:
        why = f"Retried {situation.retries_done} times; the {tightest}'s limit is {limits[tightest]}."
        return "retries-exhausted", why, by_hand, people, still
    delay = retry.delay(situation.retries_done)
    chosen = NewAction("RETRY", str(event.run_id), {"retry": situation.retries_done + 1}, delay)
    why = f"{code or 'The error'} is {_SAID[kind]}: retry {situation.retries_done + 1} of {limits[tightest]} in {delay:g} s."
    return f"retry-{kind.lower()}", why, chosen, people | {"RETRY"}, (min(delay, 1.0), retry.cap_seconds)


def _heals_itself(event: Event | None) -> bool:
    """A vendor's breaker that opened by itself closes by itself, by its probe."""
    return event is not None and event.vendor_id is not None and event.event_type.endswith(".breaker_opened")
