"""Finds what the code has, so that a test of all of it needs no list: repositories, their functions, their SQL."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from psycopg import sql

import sextant
from sextant.storage import Session
from sextant.storage.temporal import TemporalRepository

_HELPERS = {"sextant.storage.keyset.fetch_page"}
_STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")


def repository_modules() -> list[ModuleType]:
    """Every module named `repository`, or inside a package of that name, outside storage."""
    return [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(sextant.__path__, "sextant.")
        if "repository" in module.name.split(".") and "storage" not in module.name.split(".")
    ]


def temporal_repositories() -> dict[str, TemporalRepository[Any]]:
    """Every temporal repository that a module keeps, by where it is kept."""
    return {
        f"{module.__name__}.{name}": value
        for module in repository_modules()
        for name, value in vars(module).items()
        if isinstance(value, TemporalRepository)
    }


def functions() -> dict[str, Callable[..., Any]]:
    """Every public function of a repository that asks the database something of its own, by its full name."""
    found = {
        f"{module.__name__}.{name}": value
        for module in repository_modules()
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and next(iter(inspect.signature(value, eval_str=True).parameters.values())).annotation is Session
    }
    # What serves other functions has nothing to ask for by itself.
    return {name: one for name, one in found.items() if name not in _HELPERS}


def statements() -> Iterator[tuple[str, str]]:
    """Every whole SQL statement in a repository, with where it stands: constants, composed or written in place."""
    for module in repository_modules():
        for name, value in vars(module).items():
            text = value.as_string() if isinstance(value, sql.Composable) else value
            if isinstance(text, str) and _STATEMENT.match(text) and "{" not in text:
                yield f"{module.__name__}.{name}", text
        assert module.__file__
        tree = ast.parse(Path(module.__file__).read_text())
        # What is put together from parts is checked where the whole is.
        parts = {
            id(part)
            for whole in ast.walk(tree)
            if isinstance(whole, ast.JoinedStr | ast.BinOp)
            for part in ast.walk(whole)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in parts
                and _STATEMENT.match(node.value)
                and "{" not in node.value
            ):
                yield f"{module.__name__}:{node.lineno}", node.value
