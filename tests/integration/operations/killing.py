"""A process that is killed at a chosen moment, for tests of what is left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sextant.ids import TenantId
from sextant.storage import Database, Session

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone: nothing of it catches this."""


class Killing:
    """A database whose user is killed before or after its `nth` transaction; the ones before are real."""

    def __init__(self, database: Database, nth: int, *, after_commit: bool) -> None:
        self._database = database
        self._left = nth
        self._after_commit = after_commit

    def run(self, tenant: TenantId, work: Callable[[Session], T], *, idempotent: bool = False) -> T:
        self._left -= 1
        if self._left == 0 and not self._after_commit:
            raise Killed
        result = self._database.run(tenant, work, idempotent=idempotent)
        if self._left == 0:
            raise Killed
        return result

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)


class Alarm:
    """Takes alerts; the process is killed `before` or `after` the first is taken."""

    def __init__(self, killed: str = "") -> None:
        self.taken: list[str] = []
        self._killed = killed

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> str:
        if self._killed == "before":
            raise Killed
        self.taken.append(subject)
        if self._killed == "after":
            raise Killed
        return "message-1"
