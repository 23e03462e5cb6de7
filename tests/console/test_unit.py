"""The console's own unit tests, which run without a browser."""

from __future__ import annotations

from tools import console


def test_the_units_of_the_console_pass() -> None:
    console.test()
