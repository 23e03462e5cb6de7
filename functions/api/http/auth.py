"""From an API Gateway event to the caller: the authorizer's claims, and nothing else, say who asks."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from typing import Any

from sextant.config import ApiSettings
from sextant.errors import BadRequestError, FieldError, ForbiddenError, UnauthorizedError
from sextant.identity import PERMISSIONS, Caller, Role
from sextant.ids import new_id, tenant_id

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)


def caller(event: Mapping[str, Any], settings: ApiSettings) -> Caller:
    """Who sent `event` (payload format 2.0).

    Raises `UnauthorizedError` without claims, `ForbiddenError` where the token names no tenant or role of
    ours, and, where authentication is off, `BadRequestError` without an `X-Tenant-ID`.
    """
    headers: Mapping[str, str] = event.get("headers") or {}
    context: Mapping[str, Any] = event.get("requestContext") or {}
    request_id = str(context.get("requestId") or new_id())
    correlation_id = correlation(headers, request_id)
    traceparent = continued(headers.get("traceparent", ""))

    if settings.auth_disabled:
        tenant, subject, roles = _without_authentication(headers, event)
    else:
        tenant, subject, roles = _from_claims(context)
    try:
        return Caller(tenant_id(tenant), subject, roles, request_id, correlation_id, traceparent)
    except ValueError as error:
        if settings.auth_disabled:
            raise BadRequestError(
                "The tenant is not valid.", errors=[FieldError("X-Tenant-ID", "tenant_id", str(error))]
            ) from error
        raise ForbiddenError("The token names no valid tenant.") from error


def continued(traceparent: str) -> str:
    """This request's place in the caller's trace, or in one that begins here (W3C Trace Context, section 3.2)."""
    span = os.urandom(8).hex()
    given = _TRACEPARENT.fullmatch(traceparent)
    if given is None or given["trace"] == "0" * 32 or given["parent"] == "0" * 16 or given["version"] == "ff":
        return f"00-{os.urandom(16).hex()}-{span}-01"
    return f"00-{given['trace']}-{span}-{given['flags']}"


def correlation(headers: Mapping[str, str], request_id: str) -> str:
    """The caller's `X-Correlation-ID` where it is a plain token, else the request's id."""
    given = headers.get("x-correlation-id", "")
    return given if _CORRELATION_ID.fullmatch(given) else request_id


def _from_claims(context: Mapping[str, Any]) -> tuple[str, str, frozenset[Role]]:
    claims = ((context.get("authorizer") or {}).get("jwt") or {}).get("claims")
    if not claims:
        raise UnauthorizedError
    tenant, subject = claims.get("tenant_id"), claims.get("sub")
    if not isinstance(tenant, str) or not tenant:
        raise ForbiddenError("The token names no tenant.")
    # It stands in every trail of what was done.
    if not isinstance(subject, str) or not subject.strip() or not subject.isprintable() or len(subject) > 255:
        raise ForbiddenError("The token names no subject of at most 255 printable characters.")
    roles = known_roles(claims.get("roles"))
    if not roles:
        raise ForbiddenError("The token names no role of this service.")
    return tenant, subject, roles


def known_roles(claim: object) -> frozenset[Role]:
    """The roles in a claim: a list, or the text `[a b]` into which an HTTP API turns one."""
    names: list[Any]
    if isinstance(claim, str):
        names = re.split(r"[\s,]+", claim.strip("[] "))
    else:
        names = list(claim) if isinstance(claim, list | tuple) else []
    return frozenset(role for role in PERMISSIONS if role in names)


def _without_authentication(
    headers: Mapping[str, str], event: Mapping[str, Any]
) -> tuple[str, str, frozenset[Role]]:
    """For local use only: the tenant comes from `X-Tenant-ID` or the body, the roles from `X-Roles`."""
    tenant = headers.get("x-tenant-id") or _tenant_in(event)
    if not tenant:
        raise BadRequestError(
            "Authentication is off, so the request must name its tenant.",
            errors=[
                FieldError("X-Tenant-ID", "missing", "send the header X-Tenant-ID, or tenant_id in the body")
            ],
        )
    return tenant, "local", known_roles(headers.get("x-roles", "")) or frozenset({"super_admin"})


def _tenant_in(event: Mapping[str, Any]) -> str:
    body = event.get("body") or ""
    try:
        # API Gateway encodes every body whose type it does not take for text.
        document = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
    except ValueError:
        return ""
    tenant = document.get("tenant_id") if isinstance(document, dict) else None
    return tenant if isinstance(tenant, str) else ""
