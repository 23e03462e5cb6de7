"""Finds statements on tenant tables that forget the tenant.

Row-level security stands behind the repositories; this lint stands before them. In every repository (a
module or package named `repository`) each SQL text that touches a tenant table must either compare the
tenant (`tenant_id = …`, `tenant_id = ANY (…)`, `(tenant_id, id) IN …`, `USING (tenant_id, …)`), or insert
it, or be declared a platform statement: by these two words in the docstring of the function around it, or in
a comment right above the constant. Elsewhere no SQL may touch a tenant table at all.

Which tables belong to tenants is read from the migrations: those given to `protect_tenant_table`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (ROOT / "layers" / "sextant" / "python" / "sextant", ROOT / "functions")
MIGRATIONS = ROOT / "migrations" / "sql"
# Its statements name no table of ours.
EXEMPT = (SOURCES[0] / "storage",)
DECLARATION = "platform statement"

_PROTECTED = re.compile(r"protect_tenant_table\('(\w+)'\)")
_PROTECTED_EACH = re.compile(r"protect_tenant_table\(\w+\).*?ARRAY\[([^\]]*)\]", re.DOTALL)
_QUOTED = re.compile(r"'(\w+)'")
_STATEMENT = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*(?:SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH|MERGE\s+INTO)\b", re.I
)
_TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(?:ONLY\s+)?(?:public\.)?(\w+)", re.I)
_COMPARED = re.compile(
    r"""\btenant_id\s*(?:=|IN\b)                                # tenant_id = …
      | =\s*(?:\w+\.)?tenant_id\b                               # … = tenant_id
      | \(\s*(?:\w+\.)?tenant_id\s*,[^()]*\)\s*(?:=|IN\b|>|<)   # (tenant_id, id) = …
      | (?:=|\bIN)\s*\(\s*(?:SELECT\s+)?(?:\w+\.)?tenant_id\b   # … IN (SELECT tenant_id, …)
      | \bUSING\s*\([^)]*\btenant_id\b                          # JOIN … USING (tenant_id, …)
    """,
    re.I | re.X,
)
_INSERTED = re.compile(r"\bINSERT\s+INTO\s+\w+(?:\s+AS\s+\w+)?\s*\([^)]*\btenant_id\b", re.I)


@dataclass(frozen=True)
class Finding:
    """A statement at fault."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        path = self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path
        return f"{path}:{self.line}: {self.message}"


def tenant_tables(migrations: Iterable[str]) -> frozenset[str]:
    """The tables that the migrations' SQL gives to `protect_tenant_table`."""
    found: set[str] = set()
    for text in migrations:
        found.update(_PROTECTED.findall(text))
        for listed in _PROTECTED_EACH.findall(text):
            found.update(_QUOTED.findall(listed))
    return frozenset(found)


def findings(path: Path, source: str, tables: frozenset[str]) -> Iterator[Finding]:
    """Every fault in one module."""
    lines = source.splitlines()
    for text, line, declared in _statements(ast.parse(source), lines):
        touched = sorted({name.lower() for name in _TABLE.findall(text)} & tables)
        if not touched:
            continue
        if not _is_repository(path):
            yield Finding(path, line, f"SQL on {', '.join(touched)} outside a repository")
        elif not (_COMPARED.search(text) or _INSERTED.search(text) or declared):
            yield Finding(
                path,
                line,
                f"SQL on {', '.join(touched)} names no tenant; compare tenant_id or call it a {DECLARATION}",
            )


def _is_repository(path: Path) -> bool:
    return path.stem == "repository" or "repository" in path.parent.parts


def _statements(tree: ast.Module, lines: list[str]) -> Iterator[tuple[str, int, bool]]:
    """Every SQL text with its line, and whether it is declared a platform statement."""

    def visit(node: ast.AST, declared: bool) -> Iterator[tuple[str, int, bool]]:  # noqa: FBT001
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            declared = declared or DECLARATION in " ".join((ast.get_docstring(node) or "").split())
        if isinstance(node, ast.Assign | ast.AnnAssign):
            declared = declared or DECLARATION in _comment_above(node.lineno, lines)
        text = _text(node)
        if text is not None:
            if _STATEMENT.match(text):
                yield text, getattr(node, "lineno", 0), declared or DECLARATION in text
            return
        for child in ast.iter_child_nodes(node):
            yield from visit(child, declared)

    yield from visit(tree, False)  # noqa: FBT003


def _text(node: ast.AST) -> str | None:
    """A string constant's text; of an f-string the fixed parts."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else " ? " for part in node.values)  # type: ignore[misc]
    return None


def _comment_above(line: int, lines: list[str]) -> str:
    comments: list[str] = []
    for above in reversed(lines[: line - 1]):
        if not above.strip().startswith("#"):
            break
        comments.insert(0, above.strip().lstrip("# "))
    return " ".join(comments)


def main() -> int:
    tables = tenant_tables(path.read_text() for path in sorted(MIGRATIONS.glob("*.up.sql")))
    if not tables:
        print("no tenant table found in the migrations: the lint would check nothing")
        return 1
    modules = [path for source in SOURCES for path in sorted(source.rglob("*.py"))]
    checked = [path for path in modules if not any(path.is_relative_to(exempt) for exempt in EXEMPT)]
    found = [fault for path in checked for fault in findings(path, path.read_text(), tables)]
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(checked)} modules, {len(tables)} tenant tables, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
