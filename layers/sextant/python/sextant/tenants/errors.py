"""What can be wrong with a request about a tenant."""

from __future__ import annotations

from sextant.errors import ForbiddenError, NotFoundError


class TenantNotFoundError(NotFoundError):
    """There is no such tenant."""

    code, title = "tenant_not_found", "Tenant not found"


class TenantInactiveError(ForbiddenError):
    """The tenant is not active."""

    code, title = "tenant_inactive", "Tenant inactive"
