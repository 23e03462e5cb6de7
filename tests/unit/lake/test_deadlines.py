"""A reading ends when its time is over, and one that ended in time is left alone."""

from __future__ import annotations

import threading

import pytest
from pyiceberg.io.pyarrow import PyArrowFileIO

from sextant.lake.errors import ReadingTooLongError
from sextant.lake.read.deadlines import Deadlines
from sextant.lake.read.engine import Engine, EngineSettings


def test_what_takes_too_long_is_stopped_once_and_nothing_else() -> None:
    before = set(threading.enumerate())
    deadlines = Deadlines()
    stopped, others = threading.Event(), list[str]()
    with deadlines.within(60, lambda: others.append("slow")):
        with deadlines.within(0.01, stopped.set):
            assert stopped.wait(10)
        stopped.clear()
        with deadlines.within(0.5, lambda: others.append("quick")):
            pass
        # Its thread goes on watching, and has slept in between
        with deadlines.within(0.6, stopped.set):
            assert stopped.wait(10)
    assert others == []
    deadlines.close()
    assert set(threading.enumerate()) <= before


def test_a_reading_that_takes_too_long_is_told_so_and_the_next_is_not() -> None:
    engine = Engine(EngineSettings(memory_mb=256, seconds=1))
    try:
        with pytest.raises(ReadingTooLongError):
            engine.rows(
                PyArrowFileIO(),
                [],
                "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b",
                {},
            )
        assert engine.rows(PyArrowFileIO(), [], "SELECT 42", {}) == [(42,)]
    finally:
        engine.close()
