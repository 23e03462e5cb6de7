"""What can be wrong with a request to operations."""

from __future__ import annotations

from sextant.errors import ConflictError, ForbiddenError, NotFoundError, ValidationError


class IncidentNotFoundError(NotFoundError):
    """There is no such incident."""

    code, title = "incident_not_found", "Incident not found"


class EventNotFoundError(NotFoundError):
    """There is no such event."""

    code, title = "event_not_found", "Event not found"


class DecisionNotFoundError(NotFoundError):
    """There is no such decision."""

    code, title = "decision_not_found", "Decision not found"


class ActionNotFoundError(NotFoundError):
    """There is no such action."""

    code, title = "action_not_found", "Action not found"


class KillSwitchNotFoundError(NotFoundError):
    """There is no such kill switch."""

    code, title = "kill_switch_not_found", "Kill switch not found"


class WorkflowNotFoundError(NotFoundError):
    """There is no such workflow."""

    code, title = "workflow_not_found", "Workflow not found"


class VendorNotFoundError(NotFoundError):
    """There is no such vendor."""

    code, title = "vendor_not_found", "Vendor not found"


class TenantNotFoundError(NotFoundError):
    """There is no such tenant."""

    code, title = "tenant_not_found", "Tenant not found"


class UnknownReferenceError(ValidationError):
    """The event names a workflow, vendor or run that the tenant does not have."""

    code, title = "unknown_reference", "Unknown reference"


class EventKeyReusedError(ValidationError):
    """The idempotency key was used for another event."""

    code, title = "idempotency_key_reused", "Idempotency key reused"


class PayloadSizeError(ValidationError):
    """The payload is larger than 1 MiB."""

    code, title = "event_payload_too_large", "Payload too large"


class TenantInactiveError(ForbiddenError):
    """The tenant is not active."""

    code, title = "tenant_inactive", "Tenant inactive"


class IllegalTransitionError(ConflictError):
    """The incident or action cannot go there from where it stands."""

    code, title = "illegal_transition", "Illegal transition"


class NotReversibleError(ConflictError):
    """The action cannot be reversed."""

    code, title = "action_not_reversible", "Action not reversible"


class HeldByPlatformError(ForbiddenError):
    """The platform set this kill switch; only the platform lifts it."""

    code, title = "kill_switch_held_by_platform", "Kill switch held by the platform"


class NameTakenError(ConflictError):
    """The tenant has one of this name already."""

    code, title = "name_taken", "Name taken"


class BuiltInWorkflowError(ConflictError):
    """The built-in workflow scenario-runs keeps its name: what holds the tenant's runs is found by it."""

    code, title = "built_in_workflow", "Built-in workflow"


class UnderKillSwitchError(ConflictError):
    """A kill switch over it is active; under a new name or id it would start again. Lift the switch first."""

    code, title = "under_kill_switch", "Under a kill switch"


class InvalidTargetError(ValidationError):
    """The action's target is missing or not what this type of action is about."""

    code, title = "invalid_target", "Invalid target"
