"""A PostgreSQL that lets people in as RDS does, and the Data API before it.

A member of `rds_iam`, directly or through another role, signs in with a token and never with a password. Here that other door
is the Unix socket, where nobody but members of `rds_iam` is let in; over TCP they are refused.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from local.postgres import Postgres

OWNER = "postgres"
CLUSTER = "arn:aws:rds:eu-central-1:123456789012:cluster:sextant-dev"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-owner"

_DOORS = """
local all +rds_iam scram-sha-256
local all all reject
host all +rds_iam all reject
host all all 127.0.0.1/32 scram-sha-256
"""

# What RDS lets its owner do, who is no superuser, and PostgreSQL by itself does not; the extension this server has not.
_RIGHTS_OF_RDS = ("GRANT rds_iam TO ",)
_OF_RDS = ("CREATE EXTENSION IF NOT EXISTS pg_stat_statements",)


class RdsPostgres(Postgres):
    """One cluster with the database `sextant` and its owner, who is no superuser."""

    def start(self) -> None:
        super().start()
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE rds_iam")
            connection.execute(
                sql.SQL(
                    "CREATE ROLE {} LOGIN CREATEROLE CREATEDB IN ROLE pg_monitor, pg_signal_backend"
                ).format(sql.Identifier(OWNER))
            )
        self.give_password(OWNER)
        (self.data / "pg_hba.conf").write_text(_DOORS)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")

    def _write_settings(self) -> None:
        super()._write_settings()
        with (self.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"unix_socket_directories = '{self.data}'\n")

    def url_by_token(self, database: str, role: str) -> str:
        """Where a member of `rds_iam` signs in."""
        self.give_password(role)
        return f"postgresql://{role}:{quote(self.password)}@/{database}?host={quote(str(self.data), safe='')}&port={self.port}"


class DataApi:
    """`rds-data` over HTTP: each transaction, and each statement outside one, is a new sign-in with the owner's password."""

    def __init__(self, postgres: RdsPostgres) -> None:
        self._postgres = postgres
        self._transactions: dict[str, psycopg.Connection] = {}
        self.failures: deque[tuple[str, str]] = deque()
        """Errors to come: the operation it is of, and its code."""
        self.operations: list[str] = []

    def answer(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the client asks; raises DataApiError with the code that the service answers."""
        self.operations.append(operation)
        if self.failures and self.failures[0][0] == operation:
            raise DataApiError(self.failures.popleft()[1], "for the moment")
        assert (request["resourceArn"], request["secretArn"]) == (CLUSTER, SECRET)
        match operation:
            case "BeginTransaction":
                name = uuid.uuid4().hex
                self._transactions[name] = self._sign_in(request["database"])
                return {"transactionId": name}
            case "CommitTransaction" | "RollbackTransaction":
                connection = self._transaction(request)
                del self._transactions[request["transactionId"]]
                connection.commit() if operation == "CommitTransaction" else connection.rollback()
                connection.close()
                return {"transactionStatus": "Transaction Ended"}
            case "Execute" if "transactionId" in request:
                return self._execute(self._transaction(request), request)
            case "Execute":
                with self._sign_in(request["database"]) as connection:
                    return self._execute(connection, request)
        raise DataApiError("BadRequestException", operation)

    def _sign_in(self, database: str) -> psycopg.Connection:
        """A session of the owner: the password is asked for first, then a superuser speaks for them, to give RDS's rights."""
        try:
            psycopg.connect(self._postgres.url(database, role=OWNER)).close()
        except psycopg.OperationalError as error:
            raise DataApiError("DatabaseErrorException", str(error)) from error
        connection = psycopg.connect(self._postgres.url(database))
        connection.execute(_as(OWNER))
        connection.commit()
        return connection

    def _transaction(self, request: Mapping[str, Any]) -> psycopg.Connection:
        found = self._transactions.get(request["transactionId"])
        if found is None:
            raise DataApiError("TransactionNotFoundException", request["transactionId"])
        return found

    def _execute(self, connection: psycopg.Connection, request: Mapping[str, Any]) -> dict[str, Any]:
        statement = str(request["sql"])
        if statement.startswith(_OF_RDS):
            return {"numberOfRecordsUpdated": 0}
        try:
            if statement.startswith(_RIGHTS_OF_RDS):
                connection.execute("RESET SESSION AUTHORIZATION")
                connection.execute(statement.encode())
                connection.execute(_as(OWNER))
                return {"numberOfRecordsUpdated": 0}
            cursor = connection.execute(statement.encode())
        except psycopg.Error as error:
            raise DataApiError("DatabaseErrorException", str(error)) from error
        rows = cursor.fetchall() if cursor.description else []
        if request.get("formatRecordsAs") == "JSON":
            columns = [column.name for column in cursor.description or ()]
            records = [dict(zip(columns, row, strict=True)) for row in rows]
            return {"formattedRecords": json.dumps(records, default=str)}
        return {"records": [[_field(value) for value in row] for row in rows]}


class DataApiError(Exception):
    """What the service answers instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _as(role: str) -> sql.Composed:
    return sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(role))


def _field(value: object) -> dict[str, Any]:
    match value:
        case None:
            return {"isNull": True}
        case bool():
            return {"booleanValue": value}
        case int():
            return {"longValue": value}
        case _:
            return {"stringValue": str(value)}


@contextmanager
def served(api: DataApi) -> Iterator[str]:
    """The address of `api`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, answer, code = 200, api.answer(self.path.strip("/"), request), ""
            except DataApiError as error:
                status, answer, code = 400, {"message": str(error)}, error.code
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if code:
                self.send_header("x-amzn-ErrorType", code)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
