"""What a role set for itself and an upgrade takes back.

PostgreSQL lets each role set its own defaults, and nothing forbids it: SQL that got in with the application's sign-in could
leave some behind that stop every later session or change how it reads. Others (`work_mem`) are left: an operator may want them.
"""

from __future__ import annotations

from psycopg import sql

from migrations.sql_functions import Connection

ROLES = ("sextant_app", "sextant_platform")
STOPPING = (
    "bytea_output",
    "client_encoding",
    "datestyle",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "idle_session_timeout",
    "intervalstyle",
    "local_preload_libraries",
    "role",
    "row_security",
    "search_path",
    "standard_conforming_strings",
)
TIMEOUTS = ("idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout")
"""Taken back for this database alone: for all databases they are the first migration's."""

_SET = """
SELECT r.rolname::text, CASE WHEN s.setdatabase <> 0 THEN current_database()::text END, split_part(c, '=', 1)
FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) AS c
WHERE r.rolname = ANY (%(roles)s) AND (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND (lower(split_part(c, '=', 1)) = ANY (%(stopping)s)
       OR (s.setdatabase <> 0 AND lower(split_part(c, '=', 1)) = ANY (%(timeouts)s)))
"""


def take_back(connection: Connection) -> None:
    """Reset what the roles must not have set, in this database and for all; by whoever made the roles."""
    names = {"roles": list(ROLES), "stopping": list(STOPPING), "timeouts": list(TIMEOUTS)}
    for role, database, name in connection.execute(_SET, names).fetchall():
        here = sql.SQL("IN DATABASE {} ").format(sql.Identifier(database)) if database else sql.SQL("")
        connection.execute(
            sql.SQL("ALTER ROLE {} {}RESET {}").format(sql.Identifier(role), here, sql.Identifier(name))
        )
