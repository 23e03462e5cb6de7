"""The one error about what a model was given, and the path by which every error names a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PARAMETER_TAGS = ("built-in", "plug-in")
"""How the kinds of a run's parameters are told apart; no parameter can have such a name."""

# Lists whose items are drivers: behind an index pydantic names the driver's type, which is no field.
_DRIVER_LISTS = frozenset({"assumptions", "components", "then", "otherwise"})


class ModelInputError(ValueError):
    """The model's input breaks a rule.

    `path` names the field the way a JSON reader would write it (`assumptions[0].payload.target`), or the
    row and column of a table (`units[12].capacity_mw`); `rule` says what must hold.
    """

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(f"{path}: {rule}")
        self.path = path
        self.rule = rule


def field_path(location: Sequence[str | int], context: Mapping[str, Any] | None = None) -> str:
    """`assumptions[0].payload.target` from pydantic's location and, for a rule of ours, the field it names."""
    path = ""
    for position, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part}]"
        elif not _is_tag(location, position):
            path += f".{part}" if path else part
    field = (context or {}).get("field")
    if isinstance(field, str):
        path += field if field.startswith("[") or not path else f".{field}"
    return path


def _is_tag(location: Sequence[str | int], position: int) -> bool:
    """Whether pydantic names a kind here, of drivers or of parameters, or says that a key is wrong: no field."""
    if location[position] in (*PARAMETER_TAGS, "[key]"):
        return True
    return (
        position >= 2 and isinstance(location[position - 1], int) and location[position - 2] in _DRIVER_LISTS
    )
