"""The composition root: one application a process, made from its environment and kept warm.

A part is made on first use, so that a function pays at cold start for what it uses and no more. A function adds its own
parts with `part`. Tests install an application of their own, and with it every part is new.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from sextant.config import FunctionSettings, ResourceSettings, Settings, environment
from sextant.ids import TenantId
from sextant.settings.model import Setting
from sextant.settings.snapshot import Remembered
from sextant.storage import ALL_TENANTS, Database, DatabaseSettings, Outage, PlatformDatabase
from sextant.storage.settings import PLATFORM_URL, platform_settings

if TYPE_CHECKING:
    from sextant.bus.redelivery import Redelivery
    from sextant.journal.queue import Journal
    from sextant.journal.settings_copy import JournalSettings
    from sextant.operations.tenant_policies import Policies
    from sextant.outbox.nudge import Nudger
    from sextant.webhooks.sealing import Sealing

T = TypeVar("T")
S = TypeVar("S", bound=Settings)


class Application:
    """What one environment says and what was made of it, each part once. Thread-safe."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.environment = env
        self._parts: dict[Callable[[], Any], Any] = {}
        self._making = RLock()

    def settings(self, kind: type[S]) -> S:
        """The settings of one concern, read once; raises `ConfigurationError` naming variable, rule and value."""
        settings: S = self._once(kind, lambda: kind.from_env(self.environment))
        return settings

    def part(self, make: Callable[[], T]) -> T:
        """What `make` made when it was first asked for."""
        made: T = self._once(make, make)
        return made

    def close(self) -> None:
        """Close what can be closed, what was made last first."""
        while self._parts:
            _, made = self._parts.popitem()
            if hasattr(made, "close"):
                made.close()

    def _once(self, key: Callable[..., Any], make: Callable[[], T]) -> Any:
        if key not in self._parts:
            with self._making:
                if key not in self._parts:
                    made = make()
                    self._parts[key] = made
        return self._parts[key]


_current = Application(environment())


def application() -> Application:
    """The application of this process."""
    return _current


@contextmanager
def installed(env: Mapping[str, str]) -> Iterator[Application]:
    """Within it the application is one of `env`; in the end its parts are closed and the one before is back."""
    global _current  # noqa: PLW0603 - the one thing that is as long as the process
    before, _current = _current, Application(env)
    try:
        yield _current
    finally:
        _current.close()
        _current = before


def part(make: Callable[[], T]) -> Callable[[], T]:
    """Turn `make` into the accessor of a part of the application, made on first use."""

    @wraps(make)
    def accessor() -> T:
        return _current.part(make)

    return accessor


def settings(kind: type[S]) -> S:
    """The application's settings of one concern."""
    return _current.settings(kind)


@part
def database() -> Database:
    """The database as the application's role sees it."""
    made: Database = Database.connect(
        settings(DatabaseSettings), on_recovery=lambda outage: _report_outage(made, outage)
    )
    return made


@part
def platform_database() -> PlatformDatabase:
    """The database as the platform's role sees it."""
    made: PlatformDatabase = PlatformDatabase.connect(
        platform_settings(_current.environment), on_recovery=lambda outage: _report_outage(made, outage)
    )
    return made


def _report_outage(target: Database, outage: Outage) -> None:
    """Ingest that this process had no database, once it is back: until then nothing could be stored."""
    from sextant.operations.events import platform_failures
    from sextant.operations.events.model import PLATFORM_TENANT

    function = settings(FunctionSettings).name
    key = f"database:{uuid.uuid4()}"
    target.run(
        PLATFORM_TENANT,
        lambda session: platform_failures.database_away(
            session, outage, function, key, operations_policies()
        ),
        idempotent=True,
    )
    nudge_relay()


@part
def remembered_settings() -> Remembered:
    """The tenants' settings, as this process remembers them for a few seconds."""
    from sextant.settings import service

    def load(tenant: TenantId) -> list[Setting]:
        with database().autocommit(tenant) as session:
            return service.effective(session, tenant)

    return Remembered(load)


@part
def redelivery() -> Redelivery:
    """What hands failed messages back to their queues."""
    from sextant.bus.redelivery import Redelivery

    return Redelivery(settings(ResourceSettings).queue_urls)


@part
def journal() -> Journal | None:
    """Where requests are kept while the database is away; None where there is no such queue."""
    url = settings(ResourceSettings).queue_urls.get("journal")
    if url is None:
        return None
    from sextant.journal.queue import Journal, queue_client

    return Journal(queue_client(), url)


@part
def journal_settings() -> JournalSettings | None:
    """Who allows the journal, as it can be read without the database; None where there is no such table."""
    table = settings(ResourceSettings).records_table
    if table is None:
        return None
    from sextant.journal.settings_copy import JournalSettings, table_client

    return JournalSettings(table_client(), table)


@part
def sealing() -> Sealing:
    """What seals and opens the secrets of webhooks."""
    from sextant.webhooks.sealing import Sealing, SealingSettings

    return Sealing(settings(SealingSettings).key)


@part
def operations_policies() -> Policies:
    """The policy of operations of each tenant, read again every few seconds."""
    from sextant.operations.policy import OperationsSettings
    from sextant.operations.tenant_policies import Policies

    return Policies(settings(OperationsSettings).policy)


@part
def _nudger() -> Nudger | None:
    function = settings(ResourceSettings).relay_function
    if not function:
        return None
    from sextant.operations.events.model import PLATFORM_TENANT
    from sextant.outbox import service
    from sextant.outbox.model import Call
    from sextant.outbox.nudge import COALESCE, Nudger, RelayInvocation

    def ask() -> Call:
        # A function of two roles has a connection of the tenants' one at hand.
        two_roles = PLATFORM_URL in _current.environment
        asking = (
            database().autocommit(PLATFORM_TENANT)
            if two_roles
            else platform_database().autocommit(ALL_TENANTS)
        )
        with asking as session:
            return service.call_relay(session, COALESCE)

    return Nudger(ask, RelayInvocation(function))


def nudge_relay() -> None:
    """Tell the relay that there is work: best effort, after the commit, never an error."""
    nudger = _nudger()
    if nudger is not None:
        nudger.nudge()
