"""Decisions as they are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sextant.ids import DecisionId, IncidentId, OperationsEventId, TenantId

Maker = Literal["RULE", "AI", "PERSON"]
Verdict = Literal["ACTED", "ADVISORY", "REJECTED"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What ought to be done and why, by whom; never changed."""

    tenant_id: TenantId
    id: DecisionId
    incident_id: IncidentId
    event_id: OperationsEventId | None
    """The event that led to it."""
    trigger_key: str
    decision_type: str
    """What is to be done, or NONE."""
    maker: Maker
    """What kind of maker decided."""
    maker_name: str
    """Which: the set of rules, the model, or the person."""
    confidence: float
    """0 to 1."""
    reasoning: str
    """Why, in words."""
    proposal: dict[str, Any]
    """What was proposed, whole."""
    verdict: Verdict
    """Whether it was acted on, is advice, or was rejected."""
    verdict_reason: str
    """Why so."""
    correlation_id: str
    decided_at: datetime
    """When."""


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision to record, with the actions that it is carried out by."""

    decision_type: str
    maker: Maker
    maker_name: str
    confidence: float
    reasoning: str
    proposal: Mapping[str, Any]
    verdict: Verdict
    verdict_reason: str = ""
