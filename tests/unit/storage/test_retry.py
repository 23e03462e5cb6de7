"""Which errors are tried again, how often, and after what pause."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sextant.storage.errors import (
    CircuitOpen,
    CommitOutcomeUnknown,
    ConnectionLost,
    LockTimeout,
    PoolExhausted,
    QueryTimeout,
    StorageError,
    TransactionConflict,
    UniqueViolation,
)
from sextant.storage.retry import RetryPolicy


class Attempts:
    """Fails with the errors given, one after the other, then answers."""

    def __init__(self, *errors: StorageError) -> None:
        self.errors = list(errors)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def policy(pauses: list[float] | None = None, draw: Callable[[], float] = lambda: 1.0) -> RetryPolicy:
    return RetryPolicy(4, 0.05, 0.15, pause=(pauses if pauses is not None else []).append, draw=draw)


@pytest.mark.parametrize("error", [ConnectionLost(), TransactionConflict()])
def test_transient_errors_are_tried_again(error: StorageError) -> None:
    attempts = Attempts(error, error)
    assert policy().run(attempts) == "done"
    assert attempts.made == 3


@pytest.mark.parametrize(
    "error",
    [
        UniqueViolation("x"),
        QueryTimeout(),
        LockTimeout(),
        PoolExhausted(),
        CircuitOpen(5.0),
        CommitOutcomeUnknown(),
        StorageError(),
    ],
)
def test_others_are_not(error: StorageError) -> None:
    attempts = Attempts(error)
    with pytest.raises(type(error)):
        policy().run(attempts)
    assert attempts.made == 1


def test_a_commit_of_unknown_outcome_is_repeated_for_idempotent_work_only() -> None:
    attempts = Attempts(CommitOutcomeUnknown())
    assert policy().run(attempts, idempotent=True) == "done"
    assert attempts.made == 2


def test_the_last_attempts_error_is_the_callers() -> None:
    attempts = Attempts(*[ConnectionLost(f"{n}") for n in range(9)])
    with pytest.raises(ConnectionLost, match="3"):
        policy().run(attempts)
    assert attempts.made == 4


def test_errors_of_the_work_itself_pass() -> None:
    def work() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        policy().run(work)


def test_pauses_double_up_to_the_cap_and_are_drawn_from_their_whole_range() -> None:
    pauses: list[float] = []
    policy(pauses).run(Attempts(*[ConnectionLost()] * 3))
    assert pauses == [0.05, 0.1, 0.15]
    pauses.clear()
    policy(pauses, draw=lambda: 0.0).run(Attempts(*[ConnectionLost()] * 3))
    assert pauses == [0.0, 0.0, 0.0]
