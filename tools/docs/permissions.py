"""The two tables of rights in docs/security.md: what each function may do, and what each database role may do.

The first is read from the templates, the second from a migrated database. tests/infra/test_security.py compares
the page with both, so neither a policy nor a grant changes without the page.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from infra.synth import synthesize
from local import database as databases
from local.postgres import Postgres
from tools.docs.marks import fill

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"

Templates = Mapping[str, Mapping[str, Any]]

_ROLES = ("sextant_app", "sextant_platform")
_LETTERS = {"SELECT": "S", "INSERT": "I", "UPDATE": "U", "DELETE": "D"}
# What every function has and no reader learns from: its own log, traces, and Lambda's hold on its interfaces.
_USUAL = ("logs:", "xray:", "ec2:")


def function_table(templates: Templates) -> str:
    """A row for each function: the database users it may sign in as, and the actions its role allows on what."""
    resources = {
        logical_id: body
        for template in templates.values()
        for logical_id, body in template["Resources"].items()
    }
    statements: dict[str, list[Mapping[str, Any]]] = {}
    for body in resources.values():
        if body["Type"] == "AWS::IAM::Policy":
            for role in body["Properties"]["Roles"]:
                statements.setdefault(role["Ref"], []).extend(
                    body["Properties"]["PolicyDocument"]["Statement"]
                )
    lines = ["| function | database user | and may |", "|---|---|---|"]
    for body in resources.values():
        name = str(body.get("Properties", {}).get("FunctionName", ""))
        if body["Type"] == "AWS::Lambda::Function" and name:
            role = body["Properties"]["Role"]["Fn::GetAtt"][0]
            lines.append(_row(name.split("-", 2)[2], statements.get(role, []), resources))
    return "\n".join([*lines[:2], *sorted(lines[2:])])


def _row(name: str, statements: Iterable[Mapping[str, Any]], resources: Mapping[str, Any]) -> str:
    users: set[str] = set()
    allowed: set[str] = set()
    for statement in statements:
        if statement["Effect"] != "Allow":
            continue
        targets = [_name_in_words(one, resources) for one in _listed(statement["Resource"])]
        actions = [one for one in _listed(statement["Action"]) if not one.startswith(_USUAL)]
        if actions == ["rds-db:connect"]:
            users |= {target.rpartition("/")[2] for target in targets}
            continue
        for service, of_service in _by_service(actions).items():
            conditions = statement.get("Condition", {}).get("StringEquals", {})
            via = _listed(conditions.get("kms:ViaService", []))
            purpose = conditions.get("kms:EncryptionContext:purpose")
            through = ", ".join(sorted(_name_in_words(one, resources).split(".")[0] for one in via))
            on = ", ".join(f"`{one}`" for one in sorted(targets))
            if through:
                on = f"the key, through {through}"
            elif purpose:
                on = f"the key, of what is sealed as {purpose}"
            allowed.add(f"{service} {', '.join(sorted(of_service))} on {on}")
    return f"| {name} | {', '.join(sorted(users)) or '–'} | {'; '.join(sorted(allowed)) or '–'} |"


def _by_service(actions: Iterable[str]) -> Mapping[str, list[str]]:
    verbs: dict[str, list[str]] = {}
    for action in actions:
        service, _, verb = action.partition(":")
        verbs.setdefault(service, []).append(verb)
    return verbs


def _name_in_words(value: object, resources: Mapping[str, Any]) -> str:
    """A resource as a person calls it: its name where it has one, else what its construct is called."""
    match value:
        case str():
            # What a release brings is named by its contents, which are of no interest here.
            named = re.sub(r"[0-9a-f]{64}", "<digest>", value)
            return named.rpartition(":")[2] if named.startswith("arn:") else named
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{.*?\}", "…", text)
        case {"Ref": str(name)} if name.startswith("AWS::"):
            return ""
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return _name_of(name, resources)
        case {"Fn::ImportValue": str(export)}:
            logical_id = re.sub(r"^.*:ExportsOutput(Ref|FnGetAtt)", "", export)
            owner = max((one for one in resources if logical_id.startswith(one)), key=len, default=logical_id)
            return _name_of(owner, resources)
        case {"Fn::Join": [str(separator), list(parts)]}:
            joined = separator.join(_name_in_words(part, resources) for part in parts)
            # `arn:…:sqs:::sextant-dev-runs`: only the end tells; of a function its alias too.
            tail = joined.split(":function:")[-1]
            return tail if ":function:" in joined else tail.rpartition(":")[2]
        case {"Fn::Select": [_, inner]} | {"Fn::Split": [_, inner]}:
            return _name_in_words(inner, resources)
    return json.dumps(value)


def _name_of(logical_id: str, resources: Mapping[str, Any]) -> str:
    properties = resources.get(logical_id, {}).get("Properties", {})
    for name in ("FunctionName", "QueueName", "TopicName", "DBClusterIdentifier"):
        if isinstance(properties.get(name), str):
            return str(properties[name])
    return re.sub(r"[0-9A-F]{8}$", "", logical_id)


def _listed(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def grant_table(database_url: str) -> str:
    """A row for each table: what the two application roles may do with it, and what row-level security shows them."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            """
            SELECT c.relname, c.relforcerowsecurity,
                   has_table_privilege('sextant_app', c.oid, 'SELECT'),
                   coalesce((SELECT string_agg(p.polname, ',' ORDER BY p.polname) FROM pg_policy p
                             WHERE p.polrelid = c.oid
                               AND 'sextant_app'::regrole::oid = ANY (p.polroles)), '')
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND c.relname <> 'alembic_version'
            ORDER BY c.relname
            """
        ).fetchall()
        grants = connection.execute(
            """
            SELECT table_name, grantee, string_agg(DISTINCT privilege_type, ',') FROM (
                SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants
                UNION ALL
                SELECT table_name, grantee, privilege_type || ' of columns'
                FROM information_schema.role_column_grants g
                WHERE NOT EXISTS (SELECT FROM information_schema.role_table_grants t
                                  WHERE (t.table_name, t.grantee, t.privilege_type)
                                        = (g.table_name, g.grantee, g.privilege_type))
            ) granted WHERE grantee = ANY (%s) GROUP BY 1, 2
            """,
            [list(_ROLES)],
        ).fetchall()
    given = {(table, role): set(privileges.split(",")) for table, role, privileges in grants}
    lines = ["| table | sextant_app | sextant_platform | sextant_app sees |", "|---|---|---|---|"]
    for table, forced, readable, policies in tables:
        app, platform = (_privileges(given.get((table, role), set())) for role in _ROLES)
        lines.append(
            f"| {table} | {app} | {platform} | {_seen(policies, forced=forced, readable=readable)} |"
        )
    return "\n".join(lines)


def _privileges(given: set[str]) -> str:
    letters = "".join(letter for privilege, letter in _LETTERS.items() if privilege in given)
    columns = [one.split()[0].lower() for one in sorted(given) if one.endswith("of columns")]
    return " ".join(filter(None, [letters, *(f"({verb} some columns)" for verb in columns)])) or "–"


def _seen(policies: str, *, forced: bool, readable: bool) -> str:
    if not readable:
        return "nothing"
    if not forced:
        return "all: it belongs to no tenant"
    also = set(policies.split(",")) - {"tenant_isolation"}
    return "its tenant's rows" + (", and the platform's" if also else "")


def files() -> Mapping[Path, str]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        synthesize("dev", home / "cdk.out")
        templates = {p.name: json.loads(p.read_text()) for p in (home / "cdk.out").glob("*.template.json")}
        server = Postgres(home, durable=False)
        try:
            server.start()
            grants = grant_table(databases.prepare(server, "sextant_permissions").admin)
        finally:
            server.forget()
    tables = {"functions": function_table(templates), "grants": grants}
    return {PAGE: fill(PAGE.read_text(), tables.get)}
