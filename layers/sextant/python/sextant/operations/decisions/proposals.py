"""What an AI may propose, and how far it is believed.

An AI is asked for one action with a confidence and a reasoning. Whatever it answers is recorded; it acts only when it
is well-formed, confident enough and within what the rules allow in this situation.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sextant.config import ConfigurationError, Settings, choice, number, text
from sextant.drivers.rules import fault_of
from sextant.operations.actions.model import ActionType, NewAction
from sextant.operations.decisions.rules import Plan, Situation

MAX_PAYLOAD_CHARACTERS = 4000


class ProviderError(Exception):
    """The provider gave no answer that can be used; the rules decide."""


@dataclass(frozen=True)
class AiSettings(Settings):
    """Whether an AI is asked, which, and from which confidence on it may act."""

    provider: str = choice("SEXTANT_AI_PROVIDER", "Who is asked first; empty: nobody", "", ("bedrock",))
    model: str = text("SEXTANT_AI_MODEL", "The model's id", "")
    min_confidence: float = number(
        "SEXTANT_AI_MIN_CONFIDENCE", "From which confidence on it may act, 0 to 1", 0.8, most=1
    )
    timeout_seconds: float = number(
        "SEXTANT_AI_TIMEOUT", "How long its answer may take; the function has 50 s", 10, above=0, most=20
    )

    def __post_init__(self) -> None:
        if self.provider and not self.model:
            raise ConfigurationError(
                "SEXTANT_AI_MODEL is not set: it must name a model, as SEXTANT_AI_PROVIDER is set"
            )


class Proposal(BaseModel):
    """One proposed action."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: ActionType
    delay_seconds: Annotated[float, Field(strict=True, ge=0, le=86_400)] | None = None
    """Left out: as long as the rules would wait."""
    confidence: Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
    reasoning: Annotated[str, Field(min_length=1, max_length=4000)]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered: raw, and by which model."""

    model: str
    content: Mapping[str, Any]


class DecisionProvider(Protocol):
    """Something that can be asked what to do."""

    def propose(self, situation: Situation, plan: Plan) -> Answer:
        """The answer; raises `ProviderError` where there is none. Bounded in time by the provider's own settings."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is made of an answer: the action to take, or why none is."""

    proposal: Proposal | None
    action: NewAction | None
    verdict_reason: str
    advisory: bool = False


def judge(content: Mapping[str, Any], plan: Plan, min_confidence: float) -> Judgement:
    """Validate an answer and hold it to the plan's limits."""
    try:
        proposal = Proposal.model_validate(dict(content))
    except ValidationError as error:
        place, _, message = fault_of(error.errors(include_url=False, include_input=False)[0])
        return Judgement(None, None, f"the answer is not a proposal: {place}: {message}")
    if proposal.action not in plan.allowed:
        allowed = ", ".join(sorted(plan.allowed))
        return Judgement(proposal, None, f"{proposal.action} is not allowed here; allowed: {allowed}")
    if proposal.confidence < min_confidence:
        why = f"confidence {proposal.confidence:g} is below {min_confidence:g}"
        return Judgement(proposal, None, why, advisory=True)
    delay = proposal.delay_seconds
    if proposal.action == "RETRY" and delay is not None and not plan.min_delay <= delay <= plan.max_delay:
        why = f"a delay of {delay:g} s is outside {plan.min_delay:g} to {plan.max_delay:g} s"
        return Judgement(proposal, None, why)
    return Judgement(proposal, _action(proposal, plan), "")


def _action(proposal: Proposal, plan: Plan) -> NewAction | None:
    """The proposed action on the target that the rules name; None where the rules do it anyway."""
    if proposal.action in {action.action_type for action in plan.required}:
        return None
    chosen = plan.chosen
    if chosen is not None and chosen.action_type == proposal.action:
        delay = chosen.delay_seconds if proposal.delay_seconds is None else proposal.delay_seconds
        return NewAction(chosen.action_type, chosen.target, chosen.parameters, delay)
    return NewAction(proposal.action, plan.incident_target, {"reason": proposal.reasoning[:500]})


def describe(situation: Situation, plan: Plan) -> str:
    """The situation as JSON for a model: no tenant's name, the event's payload cut short.

    Without `<` and `>`, so that nothing in it can look like the mark that ends it.
    """
    incident, event = situation.incident, situation.event
    payload = json.dumps(event.payload, ensure_ascii=False)[:MAX_PAYLOAD_CHARACTERS] if event else ""
    text = json.dumps(
        {
            "incident": {
                "title": incident.title,
                "severity": incident.severity,
                "state": incident.state,
                "failures": incident.cycle_events,
                "first_seen": incident.first_seen.isoformat(),
                "last_seen": incident.last_seen.isoformat(),
                "change": situation.change,
            },
            "event": {"type": event.event_type, "payload": payload} if event else None,
            "vendor": situation.vendor.name if situation.vendor else None,
            "vendor_breaker": situation.vendor_status.breaker if situation.vendor_status else None,
            "retries_done": situation.retries_done,
            "rules_would": plan.reasoning,
            "allowed_actions": sorted(plan.allowed),
            "delay_seconds_for_retry": [plan.min_delay, plan.max_delay],
        },
        ensure_ascii=False,
    )
    nameless = re.sub(rf"(?<![\w-]){re.escape(incident.tenant_id)}(?![\w-])", "(tenant)", text)
    return nameless.replace("<", "\\u003c").replace(">", "\\u003e")


def storable(content: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as the database can keep it: JSON without NUL characters, halves of surrogate pairs, NaN.

    Raises TypeError for what is no JSON object.
    """
    kept = _storable(content)
    if not isinstance(kept, dict):
        raise TypeError(f"a proposal is an object, not {type(content).__name__}")
    return kept


def _storable(value: object) -> Any:
    match value:
        case str():
            return value.replace("\x00", "").encode("utf-8", "replace").decode()
        case Mapping():
            return {_storable(str(name)): _storable(each) for name, each in value.items()}
        case list() | tuple():
            return [_storable(each) for each in value]
        case float() if not math.isfinite(value):
            return str(value)
        case bool() | int() | float() | None:
            return value
        case _:
            return _storable(str(value))
