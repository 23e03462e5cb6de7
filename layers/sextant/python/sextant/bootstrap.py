"""The composition root: what a function needs, made once per process and kept warm.

Everything here is made on first use, so a function pays at cold start for what it uses and no more.
"""

from __future__ import annotations

import os
import uuid
from functools import cache
from typing import TYPE_CHECKING

from sextant.config import Settings
from sextant.ids import TenantId
from sextant.settings.model import Setting
from sextant.settings.snapshot import Remembered
from sextant.storage import Database, DatabaseSettings, Outage, PlatformDatabase

if TYPE_CHECKING:
    from sextant.journal.queue import Journal
    from sextant.journal.settings_copy import JournalSettings
    from sextant.operations.tenant_policies import Policies


@cache
def settings() -> Settings:
    return Settings.from_env(os.environ)


@cache
def database() -> Database:
    """The database as the application's role sees it."""
    made: Database = Database.connect(
        DatabaseSettings.from_env(os.environ), on_recovery=lambda outage: _report_outage(made, outage)
    )
    return made


@cache
def platform_database() -> PlatformDatabase:
    """The database as the platform's role sees it: `PLATFORM_DATABASE_URL`, or in a function that has no other
    role `DATABASE_URL`.
    """
    variable = "PLATFORM_DATABASE_URL" if "PLATFORM_DATABASE_URL" in os.environ else "DATABASE_URL"
    made: PlatformDatabase = PlatformDatabase.connect(
        DatabaseSettings.from_env(os.environ, variable),
        on_recovery=lambda outage: _report_outage(made, outage),
    )
    return made


def _report_outage(target: Database, outage: Outage) -> None:
    """Ingest that this process had no database, once it is back: until then nothing could be stored."""
    from sextant.operations.events import platform_failures
    from sextant.operations.events.model import PLATFORM_TENANT

    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "a process")
    key = f"database:{uuid.uuid4()}"
    target.run(
        PLATFORM_TENANT,
        lambda session: platform_failures.database_away(
            session, outage, function, key, operations_policies()
        ),
        idempotent=True,
    )
    nudge_relay()


@cache
def remembered_settings() -> Remembered:
    """The tenants' settings, as this process remembers them for a few seconds."""
    from sextant.settings import service

    def load(tenant: TenantId) -> list[Setting]:
        with database().autocommit(tenant) as session:
            return service.effective(session, tenant)

    return Remembered(load)


@cache
def journal() -> Journal | None:
    """Where requests are kept while the database is away; None where there is no such queue."""
    from sextant.journal.queue import Journal

    return Journal.from_env(os.environ)


@cache
def journal_switch() -> JournalSettings | None:
    """Who allows the journal, as it can be read without the database; None where there is no such table."""
    from sextant.journal.settings_copy import JournalSettings

    return JournalSettings.from_env(os.environ)


@cache
def operations_policies() -> Policies:
    """The policy of operations of each tenant, read again every few seconds."""
    from sextant.operations.policy import OperationsPolicy
    from sextant.operations.tenant_policies import Policies

    return Policies(OperationsPolicy.from_json(os.environ.get("SEXTANT_OPERATIONS_POLICY", "")))


def nudge_relay() -> None:
    """Tell the relay that there is work: best effort, after the commit, never an error."""
    from sextant.outbox.nudge import nudge

    nudge(settings().relay_function)
