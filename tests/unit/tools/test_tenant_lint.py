"""The tenant lint catches the statement that forgets its tenant, and lets the others be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.tenant_lint import SOURCES, findings, tenant_tables

TABLES = frozenset({"scenario", "scenario_run"})
REPOSITORY = Path("sextant/scenarios/repository.py")


def faults(source: str, path: Path = REPOSITORY) -> list[int]:
    return [fault.line for fault in findings(path, source, TABLES)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT name FROM scenario WHERE id = %s",
        "SELECT tenant_id, name FROM scenario",
        "UPDATE scenario SET name = %s WHERE id = %s",
        "DELETE FROM ONLY public.scenario",
        "INSERT INTO scenario (id, name) VALUES (%s, %s)",
        "SELECT 1 FROM output_batch b JOIN scenario_run r ON r.id = b.id",
        "WITH x AS (SELECT 1 FROM scenario) SELECT * FROM x",
        "  select name\n  from scenario",
    ],
)
def test_a_statement_without_its_tenant_is_found(statement: str) -> None:
    assert faults(f'A = """{statement}"""') == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT name FROM scenario WHERE tenant_id = %s",
        "SELECT name FROM scenario s JOIN scenario_run r ON r.tenant_id = s.tenant_id",
        "SELECT 1 FROM scenario JOIN scenario_run USING (tenant_id, id)",
        "UPDATE scenario SET name = %s WHERE (tenant_id, id) = (%s, %s)",
        "INSERT INTO scenario (tenant_id, id) VALUES (%s, %s)",
        "SELECT 1 FROM scenario WHERE tenant_id = ANY (%s)",
        "SELECT 1 FROM output_batch",
        "not SQL, though it says FROM scenario",
    ],
)
def test_other_statements_are_left_alone(statement: str) -> None:
    assert faults(f'A = """{statement}"""') == []


def test_a_platform_statement_is_declared_where_it_stands() -> None:
    in_a_docstring = '''
def every() -> None:
    """All of them; a platform
    statement."""
    run("SELECT 1 FROM scenario")
'''
    in_a_comment = '# Over all tenants: a platform statement.\nEVERY = "SELECT 1 FROM scenario"'
    elsewhere = '# a platform statement\n\nEVERY = "SELECT 1 FROM scenario"'

    assert faults(in_a_docstring) == []
    assert faults(in_a_comment) == []
    assert faults(elsewhere) == [3]


def test_composed_and_concatenated_statements_are_read_whole() -> None:
    assert faults('f("SELECT 1 "\n  "FROM scenario WHERE tenant_id = %s")') == []
    assert faults('f("SELECT 1 "\n  "FROM scenario")') == [1]
    assert faults('x = f"SELECT {columns} FROM scenario WHERE {condition}"') == [1]


def test_sql_on_a_tenant_table_belongs_in_a_repository() -> None:
    statement = 'A = "SELECT 1 FROM scenario WHERE tenant_id = %s"'
    assert faults(statement, Path("sextant/scenarios/service.py")) == [1]
    assert faults(statement, Path("sextant/operations/repository/events.py")) == []


def test_the_tables_come_from_the_migrations() -> None:
    text = """SELECT protect_tenant_table('a');
    SELECT protect_tenant_table(t), protect_append_only(t) FROM unnest(ARRAY['b_audit', 'c_audit']::regclass[]) AS t;"""
    assert tenant_tables([text]) == {"a", "b_audit", "c_audit"}


def test_it_finds_what_is_taken_out_of_a_real_repository() -> None:
    path = SOURCES[0] / "runs" / "repository.py"
    source = path.read_text()
    broken = source.replace("tenant_id =", "created_by =").replace("(tenant_id,", "(created_by,")

    assert list(findings(path, source, TABLES)) == []
    assert list(findings(path, broken, TABLES))
