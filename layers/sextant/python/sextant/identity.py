"""Callers, roles and permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sextant.errors import ForbiddenError
from sextant.ids import TenantId

Role = Literal["viewer", "analyst", "operator", "admin", "super_admin"]
Permission = Literal[
    "scenarios:read",
    "scenarios:write",
    "scenarios:delete",
    "outputs:read",
    "runs:create",
    "runs:cancel",
    "runs:state",
    "operations:write",
    "outbox:read",
    "outbox:write",
    "config:write",
    "tenants:manage",
]

_VIEWER: frozenset[Permission] = frozenset({"scenarios:read", "outputs:read"})
_ANALYST: frozenset[Permission] = _VIEWER | {"scenarios:write", "runs:create", "runs:cancel"}
_OPERATOR: frozenset[Permission] = _ANALYST | {"scenarios:delete", "operations:write", "outbox:read"}
_ADMIN: frozenset[Permission] = _OPERATOR | {"outbox:write", "config:write", "runs:state"}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "viewer": _VIEWER,
    "analyst": _ANALYST,
    "operator": _OPERATOR,
    "admin": _ADMIN,
    "super_admin": _ADMIN | {"tenants:manage"},
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The one who asks: `tenant` and `roles` come from the token alone, never from a body."""

    tenant: TenantId
    subject: str
    roles: frozenset[Role]
    request_id: str
    correlation_id: str
    traceparent: str = ""

    @property
    def permissions(self) -> frozenset[Permission]:
        """All that the roles allow."""
        return frozenset().union(*(PERMISSIONS[role] for role in self.roles))

    def may(self, permission: Permission) -> bool:
        return any(permission in PERMISSIONS[role] for role in self.roles)

    def require(self, permission: Permission) -> None:
        """Raise a `ForbiddenError` that names `permission` unless a role of the caller has it."""
        if not self.may(permission):
            raise ForbiddenError(
                f"This needs the permission {permission!r}.", extra={"required_permission": permission}
            )
