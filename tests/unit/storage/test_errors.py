"""PostgreSQL's errors as this layer's."""

from __future__ import annotations

import psycopg
import pytest

from sextant.errors import SextantError
from sextant.storage import errors


def raised(state: str) -> psycopg.Error:
    return psycopg.errors.lookup(state)("message")


@pytest.mark.parametrize(
    ("state", "expected", "status"),
    [
        ("40001", errors.TransactionConflict, 503),
        ("40P01", errors.TransactionConflict, 503),
        ("57014", errors.QueryTimeout, 503),
        ("55P03", errors.LockTimeout, 503),
        ("25P02", errors.TransactionAborted, 500),
        ("57P01", errors.ConnectionLost, 503),
        ("57P02", errors.ConnectionLost, 503),
        ("57P03", errors.ConnectionLost, 503),
        ("08006", errors.ConnectionLost, 503),
        ("53300", errors.ConnectionLost, 503),
        ("25006", errors.ConnectionLost, 503),
        ("25P03", errors.ConnectionLost, 503),
        ("23505", errors.UniqueViolation, 409),
        ("23503", errors.ForeignKeyViolation, 409),
        ("23P01", errors.ExclusionViolation, 409),
        ("23514", errors.CheckViolation, 422),
        ("23502", errors.NotNullViolation, 422),
        ("23000", errors.ConstraintViolation, 409),
        ("22001", errors.InvalidValue, 422),
        ("22003", errors.InvalidValue, 422),
        ("22P02", errors.InvalidValue, 422),
        ("22012", errors.StorageError, 500),
        ("42601", errors.StorageError, 500),
        ("42501", errors.AccessDenied, 500),
    ],
)
def test_each_state_means_what_it_should(state: str, expected: type[SextantError], status: int) -> None:
    translated = errors.translate(raised(state), connection_broken=False)
    assert type(translated) is expected
    assert translated.status == status


def test_a_broken_connection_is_a_lost_one_whatever_was_said() -> None:
    assert (
        type(errors.translate(psycopg.OperationalError("eof"), connection_broken=True))
        is errors.ConnectionLost
    )


def test_only_the_databases_own_trouble_counts_for_the_breaker() -> None:
    counting = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.StorageError) and kind.counts_as_failure
    }
    assert counting == {
        "DatabaseUnavailable",
        "DatabaseOverloaded",
        "ConnectionLost",
        "CommitOutcomeUnknown",
    }


def test_every_error_has_a_code_and_a_sentence_that_is_safe_to_show() -> None:
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.StorageError):
            assert kind.code
            assert kind.status in {404, 409, 412, 422, 500, 503}
            assert kind.__doc__
    shown = errors.UniqueViolation("scenario_tenant_name_unique", "scenario").detail
    assert "scenario" not in shown
