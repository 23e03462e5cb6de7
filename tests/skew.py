"""A machine whose clock of the day is wrong, as far as this process can be one: its monotonic clock goes on as it is."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from sextant import ids

_OURS = ("sextant", "functions")


@contextmanager
def skewed(by: timedelta) -> Iterator[None]:
    """Within it every module of ours reads the time of day `by` later (earlier where it is negative)."""

    class Skewed(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return dt.datetime.now(tz) + by

    read, read_ns = time.time, time.time_ns
    seconds, nanoseconds = by.total_seconds(), int(by.total_seconds()) * 10**9
    modules = [
        module
        for name, module in list(sys.modules.items())
        # A repository, and who asks for the database's time, hand the class itself to psycopg, and read no clock.
        if name.split(".")[0] in _OURS and not name.endswith((".repository", ".storage.clock"))
        if getattr(module, "datetime", None) is dt.datetime
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "time", lambda: read() + seconds)
        patched.setattr(time, "time_ns", lambda: read_ns() + nanoseconds)
        for module in modules:
            patched.setattr(module, "datetime", Skewed)
        # A clock of its own for ids: the process's would stay `by` ahead of the time after this.
        patched.setattr(ids, "_clock", ids._Clock())
        yield
