"""Kill switches: set, lift, look at. In force with the commit: whoever starts something looks in the same statement."""

from __future__ import annotations

from uuid import UUID

from sextant.errors import FieldError
from sextant.identity import Caller
from sextant.kill_switches import repository
from sextant.kill_switches.errors import HeldByPlatformError, InvalidTargetError, KillSwitchNotFoundError
from sextant.kill_switches.model import KillSwitch, SwitchChange, SwitchScope
from sextant.kill_switches.repository import set_switch as set_switch
from sextant.kill_switches.targets import check_target
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session


def activate(
    session: Session, scope: SwitchScope, target: str, *, reason: str, caller: Caller, platform: bool
) -> KillSwitch:
    """Stop everything in `scope` from starting. Setting an active switch again changes nothing."""
    if scope == "GLOBAL":
        if target not in ("", "*"):
            raise InvalidTargetError(errors=[FieldError("target", "target", "a global switch has none")])
        target = "*"
    else:
        target = target or (session.tenant_id if scope == "TENANT" else "")
        check_target(session, scope, target)
    return _set(session, scope, target, reason=reason, caller=caller, active=True, platform=platform)


def lift(session: Session, switch: UUID, reason: str, caller: Caller, *, platform: bool) -> KillSwitch:
    """Let things start again, and ask again for the runs that waited.

    Raises `HeldByPlatformError` when the platform set the switch and the caller is not the platform.
    """
    held = get(session, switch)
    return _set(
        session, held.scope, held.target, reason=reason, caller=caller, active=False, platform=platform
    )


def get(session: Session, switch: UUID) -> KillSwitch:
    stored = repository.get_switch(session, session.tenant_id, switch)
    if stored is None:
        raise KillSwitchNotFoundError
    return stored


def list_switches(session: Session, request: PageRequest, *, active: bool | None) -> Page[KillSwitch]:
    rows = repository.list_switches(session, session.tenant_id, request, active=active)
    return page(rows, request, lambda switch: switch.id)


def list_changes(session: Session, switch: UUID, request: PageRequest) -> Page[SwitchChange]:
    """Who set and lifted a switch, why and when."""
    get(session, switch)
    return page(
        repository.list_changes(session, session.tenant_id, switch, request),
        request,
        lambda change: change.id,
    )


def _set(
    session: Session,
    scope: SwitchScope,
    target: str,
    *,
    reason: str,
    caller: Caller,
    active: bool,
    platform: bool,
) -> KillSwitch:
    outcome, changed = set_switch(
        session,
        session.tenant_id,
        scope,
        target,
        active=active,
        reason=reason,
        actor=caller.subject,
        platform=platform,
        correlation_id=caller.correlation_id,
    )
    if outcome == "HELD_BY_PLATFORM":
        raise HeldByPlatformError
    return changed
