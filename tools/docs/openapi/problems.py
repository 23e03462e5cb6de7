"""The problem types of the whole system, from the error classes themselves."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from functions.api.http.problem_pages import remedy_of
from sextant.errors import SextantError


def problems() -> dict[str, dict[str, str | int]]:
    """Every problem type, by code: its title, its status and what it means."""
    for package in ("sextant", "functions.api"):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    return {
        kind.code: {
            "title": kind.title,
            "status": kind.status,
            "meaning": " ".join((kind.__doc__ or kind.title).split()),
            "remedy": kind.remedy or remedy_of(kind.status),
        }
        for kind in sorted(_kinds(), key=lambda kind: (kind.code, -len(kind.__mro__)))
    }


def _kinds(base: type[SextantError] = SextantError) -> Iterator[type[SextantError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)
