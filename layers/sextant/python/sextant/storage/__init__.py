"""The layer every repository stands on: sessions, transactions, retry, breaker, pool, temporal tables.

It promises that a session of a tenant sees that tenant's rows only, that a transaction is whole or not
at all, that nothing is retried whose outcome is unknown, and that no statement pins an RDS Proxy session.
"""

from sextant.storage.breaker import Outage
from sextant.storage.clock import database_time
from sextant.storage.database import ALL_TENANTS, Database, PlatformDatabase
from sextant.storage.session import Session
from sextant.storage.settings import DatabaseSettings
from sextant.storage.statements import Params, Query

__all__ = [
    "ALL_TENANTS",
    "Database",
    "DatabaseSettings",
    "Outage",
    "Params",
    "PlatformDatabase",
    "Query",
    "Session",
    "database_time",
]
