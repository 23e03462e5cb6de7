"""The one error that the engine raises about what it was given."""

from __future__ import annotations


class ModelInputError(ValueError):
    """The model's input breaks a rule.

    `path` names the field the way a JSON reader would write it (`assumptions[0].payload.target`), or the
    row and column of a table (`units[12].capacity_mw`); `rule` says what must hold.
    """

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(f"{path}: {rule}")
        self.path = path
        self.rule = rule


class UnknownModelError(ModelInputError):
    """No model of that name is built in or installed."""
