"""What can be wrong with a request about a kill switch."""

from __future__ import annotations

from sextant.errors import ConflictError, ForbiddenError, NotFoundError, ValidationError


class KillSwitchNotFoundError(NotFoundError):
    """There is no such kill switch."""

    code, title = "kill_switch_not_found", "Kill switch not found"


class HeldByPlatformError(ForbiddenError):
    """The platform set this kill switch; only the platform lifts it."""

    code, title = "kill_switch_held_by_platform", "Kill switch held by the platform"
    remedy = "Ask the people who run the platform; its reason says why it holds."


class UnderKillSwitchError(ConflictError):
    """A kill switch over it is active; under a new name or id it would start again. Lift the switch first."""

    code, title = "under_kill_switch", "Under a kill switch"
    remedy = "Lift the switch first (POST /v1/kill-switches/{id}/lift), or leave the name as it is."


class InvalidTargetError(ValidationError):
    """The action's target is missing or not what this type of action is about."""

    code, title = "invalid_target", "Invalid target"
