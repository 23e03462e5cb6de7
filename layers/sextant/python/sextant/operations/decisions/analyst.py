"""From an incident that changed to decisions and the actions that carry them out."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sextant.ids import ActionId, DecisionId, IncidentId, OperationsEventId, TenantId, new_id
from sextant.operations.actions import service as actions
from sextant.operations.actions.model import NewAction
from sextant.operations.decisions import repository
from sextant.operations.decisions.model import NewDecision
from sextant.operations.decisions.proposals import (
    AiSettings,
    DecisionProvider,
    ProviderError,
    judge,
    storable,
)
from sextant.operations.decisions.rules import RULES_VERSION, Plan, Situation, plan
from sextant.operations.events import service as events
from sextant.operations.events.model import Change, Event
from sextant.operations.incidents import service as incidents
from sextant.operations.incidents.model import Incident
from sextant.operations.policy import OperationsPolicy
from sextant.operations.tenant_policies import Policies
from sextant.storage import Database, Session
from sextant.vendors import service as vendors
from sextant.workflows import service as workflows

logger = logging.getLogger("sextant.operations")


@dataclass(frozen=True, slots=True)
class Changed:
    """An incident that calls for a look, because of an event or, without one, by itself."""

    incident_id: IncidentId
    event_id: OperationsEventId | None
    change: Change
    correlation_id: str

    def trigger(self, cycle: int) -> str:
        """What is decided once: the same however often it is delivered. An incident by itself: once an opening."""
        return f"event:{self.event_id}" if self.event_id else f"incident:{self.incident_id}:{cycle}"


class Analyst:
    """Decides. An AI is asked where one is configured; the rules bound it and stand in for it."""

    def __init__(
        self,
        database: Database,
        policies: Policies,
        provider: DecisionProvider | None = None,
        settings: AiSettings | None = None,
    ) -> None:
        self._database = database
        self._policies = policies
        self._provider = provider
        self._settings = settings or AiSettings()

    def analyse(self, tenant: TenantId, changed: Changed) -> list[ActionId]:
        """Decide about `changed`; the actions asked for. Deciding again about the same changes nothing."""
        looked = self._database.run(tenant, lambda session: self._look(session, changed), idempotent=True)
        if looked is None:
            return []
        situation, policy = looked
        rules_plan = plan(situation, policy)
        if changed.change == "COUNTED" and not rules_plan.actions:
            return []
        decisions, steps = self._decide(situation, rules_plan)
        dry_run = policy.dry_run or situation.workflow.dry_run
        return self._database.run(
            tenant,
            lambda session: self._record(session, changed, decisions, steps, dry_run=dry_run),
            idempotent=True,
        )

    def _look(self, session: Session, changed: Changed) -> tuple[Situation, OperationsPolicy] | None:
        incident = incidents.find(session, changed.incident_id)
        if incident is None or incident.state in ("RESOLVED", "IGNORED"):
            return None
        if repository.is_decided(session, incident.id, changed.trigger(incident.cycle)):
            return None
        event = events.find(session, changed.event_id) if changed.event_id else None
        if changed.event_id is not None and (event is None or event.incident_id != incident.id):
            logger.warning(
                "a message names an event that is not the incident's",
                extra={"incident_id": str(incident.id), "event_id": str(changed.event_id)},
            )
            return None
        if incident.state == "NEW":
            incident = (
                incidents.transition(
                    session,
                    incident.id,
                    ("NEW",),
                    "ANALYZING",
                    actor="analysis",
                    reason=changed.change.lower(),
                )
                or incident
            )
        return self._situation(session, incident, event, changed.change), self._policies.of(session)

    def _situation(
        self, session: Session, incident: Incident, event: Event | None, change: Change
    ) -> Situation:
        workflow = workflows.find(session, incident.workflow_id, include_deleted=True)
        assert workflow is not None, "an incident's workflow is held by a foreign key"
        vendor_id = (event.vendor_id if event else None) or incident.vendor_id
        vendor = vendors.find(session, vendor_id) if vendor_id else None
        run = event.run_id if event else None
        return Situation(
            incident=incident,
            event=event,
            change=change,
            workflow=workflow,
            vendor=vendor,
            vendor_status=vendors.status(session, vendor.id) if vendor else None,
            run_state=actions.run_state(session, run) if run else None,
            retries_done=actions.retries_of(session, run) if run else 0,
            escalated_before=actions.was_escalated(
                session, incident.id, incident.reopened_at or incident.opened_at
            ),
        )

    def _decide(
        self, situation: Situation, rules_plan: Plan
    ) -> tuple[list[NewDecision], tuple[NewAction, ...]]:
        """The decisions to record and the actions to take. No transaction is open while an AI thinks."""
        by_rule = _rule_decision(rules_plan)
        if self._provider is None or rules_plan.rule == "observe":
            return [by_rule], rules_plan.actions
        try:
            answer = self._provider.propose(situation, rules_plan)
            content = storable(answer.content)
        except ProviderError as error:
            logger.warning("no proposal from the AI; the rules decide", extra={"reason": str(error)})
            return [_rule_decision(rules_plan, f"the AI gave no answer: {error}")], rules_plan.actions
        except (
            Exception
        ) as error:  # somebody's model behind somebody's SDK: whatever comes of it, the rules decide
            logger.exception("the AI's answer could not be read; the rules decide")
            why = f"the AI gave no answer that could be read: {type(error).__name__}"
            return [_rule_decision(rules_plan, why)], rules_plan.actions
        judged = judge(content, rules_plan, self._settings.min_confidence)
        proposal = judged.proposal
        acted = not judged.verdict_reason
        by_ai = NewDecision(
            decision_type=proposal.action if proposal else "NONE",
            maker="AI",
            maker_name=answer.model,
            confidence=proposal.confidence if proposal else 0.0,
            reasoning=proposal.reasoning if proposal else "The answer could not be read as a proposal.",
            proposal=_bounded(content),
            verdict="ACTED" if acted else "ADVISORY" if judged.advisory else "REJECTED",
            verdict_reason=judged.verdict_reason[:1000],
        )
        if not acted:
            return [by_ai, by_rule], rules_plan.actions
        chosen = (judged.action,) if judged.action else ()
        return [by_ai], rules_plan.required + chosen

    def _record(
        self,
        session: Session,
        changed: Changed,
        decisions: list[NewDecision],
        steps: tuple[NewAction, ...],
        *,
        dry_run: bool,
    ) -> list[ActionId]:
        incident = incidents.lock(session, changed.incident_id)
        if incident is None or incident.state in ("RESOLVED", "IGNORED"):
            return []
        # With the incident locked nobody else decides: whoever was first has decided about this trigger, rules or AI.
        trigger = changed.trigger(incident.cycle)
        if repository.is_decided(session, incident.id, trigger):
            return []
        acting: DecisionId | None = None
        for decision in decisions:
            decision_id = DecisionId(new_id())
            repository.record(
                session,
                decision_id,
                incident.id,
                event=changed.event_id,
                trigger=trigger,
                correlation_id=changed.correlation_id,
                decision=decision,
            )
            if decision.verdict == "ACTED":
                acting = decision_id
        requested = []
        for ordinal, step in enumerate(steps):
            made = actions.store(
                session,
                ActionId(new_id()),
                NewAction(step.action_type, step.target, step.parameters, step.delay_seconds, dry_run),
                incident=incident.id,
                decision=acting,
                ordinal=ordinal,
                requested_by="operations",
                correlation_id=changed.correlation_id,
            )
            requested.append(made.id)
        return requested


def _rule_decision(rules_plan: Plan, note: str = "") -> NewDecision:
    return NewDecision(
        decision_type=rules_plan.decision_type,
        maker="RULE",
        maker_name=f"{RULES_VERSION}/{rules_plan.rule}",
        confidence=1.0,
        reasoning=rules_plan.reasoning,
        proposal={
            "actions": [
                {"action_type": step.action_type, "target": step.target, "delay_seconds": step.delay_seconds}
                for step in rules_plan.actions
            ]
        },
        verdict="ACTED",
        verdict_reason=note[:1000],
    )


def _bounded(content: dict[str, Any]) -> dict[str, Any]:
    """An AI's answer as it is kept: whole when small, else its beginning."""
    text = json.dumps(content)
    return content if len(text) <= 16_000 else {"cut": text[:16_000]}


def unanalysed(incident: UUID) -> Changed:
    """An incident whose message was lost, to be looked at by itself."""
    return Changed(IncidentId(incident), None, "OPENED", f"sweep-{datetime.now(UTC):%Y%m%d%H%M%S}")
