"""Puts the tenant and the roles of a user into their tokens, as the last step of signing in.

The tenant is the user's attribute `custom:tenant_id`, which only an administrator can set; the roles are
the user's groups. Without a tenant no token is issued.
"""

from __future__ import annotations

import re
from typing import Any

ROLES = ("viewer", "analyst", "operator", "admin", "super_admin")
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """A pre-token-generation event (version 2) → the same, with the claims added to both tokens.

    Roles are one text separated by spaces, which passes through the gateway unchanged. Raises
    PermissionError, which Cognito turns into a refusal, for a user without a valid tenant.
    """
    del context
    request = event["request"]
    tenant = str(request.get("userAttributes", {}).get("custom:tenant_id", ""))
    if not _TENANT.fullmatch(tenant):
        raise PermissionError("The user belongs to no tenant.")
    groups = (request.get("groupConfiguration") or {}).get("groupsToOverride") or []
    claims = {"tenant_id": tenant, "roles": " ".join(role for role in ROLES if role in groups)}
    event["response"] = {
        "claimsAndScopeOverrideDetails": {
            "idTokenGeneration": {"claimsToAddOrOverride": claims},
            "accessTokenGeneration": {"claimsToAddOrOverride": claims},
        }
    }
    return event
