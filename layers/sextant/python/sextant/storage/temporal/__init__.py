"""Repositories that keep history: `none`, `copy_on_change` and `scd2`, chosen per table by a `TableSpec`."""

from sextant.storage.temporal.cache import QueryCache
from sextant.storage.temporal.history import FieldChange, FieldDifference, RecordVersion
from sextant.storage.temporal.repository import TemporalRepository
from sextant.storage.temporal.spec import Strategy, TableSpec
from sextant.storage.temporal.writes import LogEntry, LogTable, changed_columns

__all__ = [
    "FieldChange",
    "FieldDifference",
    "LogEntry",
    "LogTable",
    "QueryCache",
    "RecordVersion",
    "Strategy",
    "TableSpec",
    "TemporalRepository",
    "changed_columns",
]
