"""How numbers and flags are written in a URL: pydantic would also take `1_000`, `10.0`, ` 10 ` and `yes`."""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple, get_args, get_origin


class Spelling(NamedTuple):
    """A pattern, and the rule's name and words for whoever breaks it."""

    pattern: re.Pattern[str]
    rule: str
    message: str


NUMBER = Spelling(
    re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"),
    "number",
    "must be a number such as 1000, 0.5 or 1e6",
)
_OF: dict[Any, Spelling] = {
    int: Spelling(re.compile(r"-?[0-9]+"), "whole_number", "must be a whole number, in the digits 0 to 9"),
    float: NUMBER,
    bool: Spelling(re.compile("true|false"), "boolean", "must be true or false"),
}


def spelling_of(hint: Any) -> Spelling | None:
    """How a value of the annotation `hint` is written; None where its validator says all."""
    if get_origin(hint) is Annotated:
        return spelling_of(get_args(hint)[0])
    for kind in get_args(hint) or (hint,):
        if kind in _OF:
            return _OF[kind]
    return None
