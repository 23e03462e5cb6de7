"""Whether work may start: what the nouns whose work it is ask of the kill switches.

It stands apart from `service`, which looks up the workflows and vendors that a switch names: those ask here in turn.
"""

from __future__ import annotations

from uuid import UUID

from sextant.kill_switches import repository
from sextant.kill_switches.errors import UnderKillSwitchError
from sextant.kill_switches.model import SwitchScope
from sextant.kill_switches.repository import over as over
from sextant.kill_switches.repository import over_runs as over_runs
from sextant.kill_switches.repository import resume_runs as resume_runs
from sextant.storage import Session


def require_none(session: Session, scope: SwitchScope, target: UUID) -> None:
    """Raise `UnderKillSwitchError` where a switch over `target` is active.

    Runs and calls find workflow and vendor by name: under another name or id they would start again.
    """
    if repository.is_active(session, scope, str(target)):
        raise UnderKillSwitchError
