"""What can be wrong with a request about a tenant."""

from __future__ import annotations

from sextant.errors import ForbiddenError, NotFoundError


class TenantNotFoundError(NotFoundError):
    """There is no such tenant."""

    code, title = "tenant_not_found", "Tenant not found"


class TenantInactiveError(ForbiddenError):
    """The tenant is not active."""

    code, title = "tenant_inactive", "Tenant inactive"
    remedy = "Ask who manages tenants to make yours active again. What is stored stays."
