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
    trigger_key: str
    decision_type: str
    maker: Maker
    maker_name: str
    confidence: float
    reasoning: str
    proposal: dict[str, Any]
    verdict: Verdict
    verdict_reason: str
    correlation_id: str
    decided_at: datetime


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
