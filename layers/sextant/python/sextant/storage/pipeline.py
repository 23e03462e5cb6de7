"""Statements sent together, answered in one round trip.

psycopg's own pipeline flushes and polls for each statement, so the server is woken for each: two statements
took 150 µs where this takes 60. Parameters and rows are adapted by psycopg; only the conversation with libpq
is ours. https://www.postgresql.org/docs/16/libpq-pipeline-mode.html
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import adapt, generators
from psycopg.abc import PQGen, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, PipelineStatus
from psycopg.pq.abc import PGconn, PGresult

from sextant.storage.statements import Params, Statement

T = TypeVar("T")

Connection = psycopg.Connection[Any]

_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)


@dataclass(frozen=True)
class Answer:
    """What the server answered to the last statement."""

    result: PGresult
    adapter: Transformer

    @property
    def touched(self) -> int:
        """The number of rows returned or changed."""
        return self.result.command_tuples or 0

    @property
    def columns(self) -> list[str]:
        return [(self.result.fname(number) or b"").decode() for number in range(self.result.nfields)]

    def rows(self, make: Callable[[Sequence[Any]], T], limit: int | None = None) -> list[T]:
        """The rows, at most `limit`, each made by `make` from its values."""
        count = self.result.ntuples
        return self.adapter.load_rows(0, count if limit is None else min(limit, count), make)


def run_pipeline(connection: Connection, statements: Sequence[tuple[Statement, Params]]) -> Answer:
    """Send `statements` and wait for all answers; the last one's is returned, the others' rows dropped.

    Outside a transaction they are one: all take effect or none. Raises the first statement's `psycopg.Error`
    that failed; nothing was sent when a parameter cannot be adapted.
    """
    adapted = [_adapted(connection, statement, params) for statement, params in statements]
    pgconn = connection.pgconn
    together = len(adapted) > 1
    try:
        if together:
            pgconn.enter_pipeline_mode()
        for (statement, _), (adapter, values) in zip(statements, adapted, strict=True):
            pgconn.send_query_params(statement.text, values, adapter.types, adapter.formats)
        if together:
            pgconn.pipeline_sync()
        results = connection.wait(_answers(pgconn, together=together))
        if together:
            pgconn.exit_pipeline_mode()
    except BaseException:
        # Interrupted half-way: answers are still to come that nobody would know what they are for.
        if pgconn.pipeline_status != PipelineStatus.OFF:
            connection.close()
        raise
    for result in results:
        if result.status not in _GOOD:
            raise error_from_result(result, adapted[-1][0].encoding)
    adapter = adapted[-1][0]
    adapter.set_pgresult(results[-1])
    return Answer(results[-1], adapter)


def has_news(connection: Connection) -> bool:
    """Whether the server has sent something by itself, such as that it ended the session; no round trip."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def is_gone(connection: Connection) -> bool:
    """Whether the server has already closed the connection; no round trip."""
    try:
        while has_news(connection):
            connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return False


def _adapted(
    connection: Connection, statement: Statement, params: Params
) -> tuple[Transformer, Sequence[Any]]:
    adapter: Transformer = adapt.Transformer.from_context(connection)
    return adapter, adapter.dump_sequence(statement.arrange(params), statement.formats)


def _answers(pgconn: PGconn, *, together: bool) -> PQGen[list[PGresult]]:
    """Each statement's result; in a pipeline every one ends with None and all of them with the sync."""
    yield from generators.send(pgconn)
    results: list[PGresult] = []
    while True:
        result = yield from generators.fetch(pgconn)
        if result is None:
            if not together:
                return results
        elif result.status == ExecStatus.PIPELINE_SYNC:
            return results
        else:
            results.append(result)
