"""No statement is put together from values: what is sent is written in the source, and values are bound.

Row-level security is no wall against SQL that an attacker wrote, as that may enter any tenant. This is the wall.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = (ROOT / "functions", ROOT / "layers/sextant/python/sextant")

_SENDS = {"execute", "fetch_one", "fetch_all"}
# A parameter or a function of this type promises the same of what it holds; the checks are made where that is made.
_PROMISES = {"LiteralString", "Query", "sql.SQL", "sql.Composed", "sql.Composable", "Statement"}


class Module:
    """One file's tree, with what its names stand for."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self._resolving: set[str] = set()
        self.constants = _assigned(tree.body)

    def wrong(self) -> Iterator[tuple[int, str]]:
        """Where a statement is sent, or SQL made, of something that is not written in the source."""
        for function, call in _calls(self.tree):
            if not isinstance(call.func, ast.Attribute) or not call.args:
                continue
            sends = call.func.attr in _SENDS and ast.unparse(call.func.value) in {"session", "self._session"}
            if (sends or ast.unparse(call.func) == "sql.SQL") and not self.written(call.args[0], function):
                yield call.lineno, ast.unparse(call.args[0])

    def written(self, node: ast.expr, function: ast.FunctionDef | None) -> bool:  # noqa: PLR0911 - one for each shape
        match node:
            case ast.Constant(value=str()):
                return True
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.written(left, function) and self.written(right, function)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return all(self.written(part, function) for part in parts)
            case ast.IfExp(body=body, orelse=other):
                return self.written(body, function) and self.written(other, function)
            case ast.JoinedStr(values=values):
                return all(
                    isinstance(one, ast.Constant)
                    or (isinstance(one, ast.FormattedValue) and self.written(one.value, function))
                    for one in values
                )
            case ast.Name(id=name):
                return self._is_promised(name, function) or self._is_written(name, function)
            case ast.Attribute():
                # A field of a class of ours that holds a statement.
                return node.attr in {"write", "explain"}
            case ast.Call(func=ast.Attribute(value=of, attr="format" | "join")):
                return ast.unparse(of).startswith("sql.SQL(") or (
                    isinstance(of, ast.Name) and self._is_sql(of.id, function)
                )
            case ast.Call(func=made):
                return ast.unparse(made) == "sql.SQL" or ast.unparse(made).split(".")[-1] in COMPOSERS
        return False

    def _is_promised(self, name: str, function: ast.FunctionDef | None) -> bool:
        if function is None:
            return False
        given = [*function.args.args, *function.args.kwonlyargs]
        return any(
            one.arg == name and one.annotation is not None and ast.unparse(one.annotation) in _PROMISES
            for one in given
        )

    def _is_written(self, name: str, function: ast.FunctionDef | None) -> bool:
        if name in self._resolving:
            return True  # it grows by itself; what it grows by is looked at where this began
        self._resolving.add(name)
        try:
            values = self._values(name, function)
            return bool(values) and all(self.written(value, function) for value in values)
        finally:
            self._resolving.remove(name)

    def _is_sql(self, name: str, function: ast.FunctionDef | None) -> bool:
        values = self._values(name, function)
        return bool(values) and all(ast.unparse(value).startswith("sql.SQL(") for value in values)

    def _values(self, name: str, function: ast.FunctionDef | None) -> list[ast.expr]:
        local = _assigned(list(ast.walk(function))) if function else {}
        return local.get(name) or self.constants.get(name, [])


def _assigned(nodes: list[ast.AST] | list[ast.stmt]) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.setdefault(name, []).append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found.setdefault(name, []).append(value)
            case (
                ast.For(target=ast.Name(id=name), iter=value)
                | ast.comprehension(target=ast.Name(id=name), iter=value)
            ):
                found.setdefault(name, []).append(value)
    return found


def _calls(
    tree: ast.AST, function: ast.FunctionDef | None = None
) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call):
            yield function, node
        yield from _calls(node, node if isinstance(node, ast.FunctionDef) else function)


def _modules() -> dict[str, ast.Module]:
    return {
        file.relative_to(ROOT).as_posix(): ast.parse(file.read_text())
        for package in PACKAGES
        for file in sorted(package.rglob("*.py"))
    }


MODULES = _modules()
COMPOSERS = {
    node.name
    for tree in MODULES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.FunctionDef)
    and node.returns is not None
    and ast.unparse(node.returns) in _PROMISES
}


def test_every_statement_is_written_in_the_source() -> None:
    wrong = {
        f"{file}:{line}: {what}" for file, tree in MODULES.items() for line, what in Module(tree).wrong()
    }
    assert wrong == set()


@pytest.mark.parametrize(
    "body",
    [
        "session.execute('SELECT ' + name)",
        "session.execute(f'SELECT {name}')",
        "session.execute('SELECT {}'.format(name))",
        "session.execute('SELECT %s' % name)",
        "session.fetch_one(' '.join(['SELECT', name]))",
        "query = 'SELECT '\n    query = query + name\n    session.fetch_all(query)",
        "session.execute(sql.SQL(name))",
        "session.execute(sql.SQL('SELECT {}').format(sql.SQL(name)))",
    ],
)
def test_one_that_is_put_together_is_found(body: str) -> None:
    tree = ast.parse(f"def work(session: Session, name: str) -> None:\n    {body}\n")
    assert list(Module(tree).wrong())


@pytest.mark.parametrize(
    "body",
    [
        "session.execute('SELECT %s', (name,))",
        "session.execute('SELECT ' + _COLUMNS)",
        "session.execute(sql.SQL('SELECT {}').format(identifier(name)))",
    ],
)
def test_one_that_binds_its_values_is_not(body: str) -> None:
    source = f"_COLUMNS = 'a, b'\ndef work(session: Session, name: str) -> None:\n    {body}\n"
    assert list(Module(ast.parse(source)).wrong()) == []
