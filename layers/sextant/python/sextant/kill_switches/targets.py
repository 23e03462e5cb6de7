"""What a kill switch or an action may be about: the tenant must have it."""

from __future__ import annotations

from uuid import UUID

from sextant.errors import FieldError
from sextant.kill_switches.errors import InvalidTargetError
from sextant.storage import Session
from sextant.vendors import service as vendors
from sextant.workflows import service as workflows


def check_target(session: Session, scope: str, target: str) -> None:
    """Raise `InvalidTargetError` unless the tenant has what a switch of `scope` names."""
    if scope == "TENANT" and target == session.tenant_id:
        return
    if scope == "WORKFLOW" and workflows.find(session, target_id(target)) is not None:
        return
    if scope == "VENDOR" and vendors.find(session, target_id(target)) is not None:
        return
    raise invalid_target("target", f"the tenant has no {scope.lower()} of this id")


def target_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise invalid_target("target", "must be an id") from error


def invalid_target(path: str, message: str) -> InvalidTargetError:
    return InvalidTargetError(f"{path}: {message}.", errors=[FieldError(path, "target", message)])
