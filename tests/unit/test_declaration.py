"""The declaration holds together: who nudges declares it, and who stands in a loop says why."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.declaration import FUNCTIONS, OUTBOX_RELAY, Function, QueueTrigger

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {function.name: function for function in FUNCTIONS}


def modules_of(function: Function) -> set[Path]:
    """The files of the function's edge: its handler's module and what that imports of `functions`."""
    waiting, reached = [function.handler.rpartition(".")[0]], set()
    while waiting:
        module = waiting.pop()
        path = ROOT / f"{module.replace('.', '/')}.py"
        if module.startswith("functions.") and path.exists() and path not in reached:
            reached.add(path)
            waiting += imported(ast.parse(path.read_text()))
    return reached


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.name)
def test_exactly_who_nudges_the_relay_declares_it(function: Function) -> None:
    """What does not declare it gets neither the relay's name nor the right to call it: its events wait for the clock.

    Each function with a pool of connections nudges once its database is back from an outage (sextant.bootstrap).
    """
    nudges = {path.name for path in modules_of(function) if "nudge_relay()" in path.read_text()}
    reports_outages = function.database in ("sextant_app", "sextant_platform")

    assert (OUTBOX_RELAY.name in function.calls) == (bool(nudges) or reports_outages), nudges


def led_to(function: Function) -> Iterator[Function]:
    """Which functions an invocation of this one leads to: by a call, or by a message in a queue."""
    for other in FUNCTIONS:
        queues = {trigger.queue for trigger in other.triggers if isinstance(trigger, QueueTrigger)}
        if other.name in function.calls or queues & {*function.sends_to}:
            yield other


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.name)
def test_exactly_the_functions_of_a_loop_say_why_it_is_one(function: Function) -> None:
    """Lambda stops the others where an accident makes a loop of them."""
    waiting, reached = [*led_to(function)], set()
    while waiting:
        other = waiting.pop()
        if other.name not in reached:
            reached.add(other.name)
            waiting += led_to(other)

    assert bool(function.loop) == (function.name in reached)
    assert not function.loop or len(function.loop) > 20
