"""The names and words of the rules that a validator finds broken: ours, whatever library checked them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sextant.drivers.errors import field_path

# By pydantic's name: ours, and what the field must be. The braces are filled from the error's context.
_RULES: dict[str, tuple[str, str]] = {
    "missing": ("required", "must be given"),
    "extra_forbidden": ("unknown_field", "there is no field {name!r} here"),
    "string_type": ("text", "must be a text"),
    "string_too_short": ("too_short", "must have at least {min_length} characters"),
    "string_too_long": ("too_long", "must have at most {max_length} characters"),
    "string_pattern_mismatch": ("pattern", "must match the pattern {pattern}"),
    "too_short": ("too_short", "must have at least {min_length} items"),
    "too_long": ("too_long", "must have at most {max_length} items"),
    "int_type": ("whole_number", "must be a whole number"),
    "int_parsing": ("whole_number", "must be a whole number"),
    "int_parsing_size": ("whole_number", "must be a whole number of fewer digits"),
    "int_from_float": ("whole_number", "must be a whole number"),
    "float_type": ("number", "must be a number"),
    "float_parsing": ("number", "must be a number"),
    "finite_number": ("finite_number", "must be a finite number"),
    "bool_type": ("boolean", "must be true or false"),
    "bool_parsing": ("boolean", "must be true or false"),
    "greater_than": ("greater_than", "must be greater than {gt}"),
    "greater_than_equal": ("minimum", "must be at least {ge}"),
    "less_than": ("less_than", "must be less than {lt}"),
    "less_than_equal": ("maximum", "must be at most {le}"),
    "dict_type": ("object", "must be a JSON object"),
    "model_type": ("object", "must be a JSON object"),
    "model_attributes_type": ("object", "must be a JSON object"),
    "list_type": ("list", "must be a list"),
    "tuple_type": ("list", "must be a list"),
    "literal_error": ("enum", "must be {expected}"),
    "enum": ("enum", "must be {expected}"),
    "uuid_type": ("uuid", "must be a UUID"),
    "uuid_parsing": ("uuid", "must be a UUID"),
    "union_tag_invalid": ("enum", "{discriminator} must be one of {expected_tags}, not {tag!r}"),
    "union_tag_not_found": ("required", "{discriminator} must be given"),
}
_SHARE = "; it is a share, 60 % is 0.6"


def fault_of(error: Mapping[str, Any], *under: str) -> tuple[str, str, str]:
    """The path, with `under` before it, the rule's name and its words, from one of pydantic's `errors()`."""
    return field_path((*under, *error["loc"]), error.get("ctx")), *rule_of(error)


def rule_of(error: Mapping[str, Any]) -> tuple[str, str]:
    """The rule's name and its words, from one of pydantic's `errors()`; a rule of our own keeps its words."""
    kind, message = str(error["type"]), str(error["msg"])
    rule, words = _RULES.get(kind, (kind, ""))
    context = error.get("ctx") or {}
    location = error.get("loc") or ("",)
    if not words or "field" in context:
        return rule, message.removeprefix("Value error, ")
    try:
        shown = {key: _number(value) for key, value in context.items()}
        text = words.format(**{"name": str(location[-1])[:64], **shown})
    except (KeyError, ValueError):  # a rule of ours that has the library's name
        return rule, message
    if context.get("min_length") == 1:
        text = "must not be empty"
    if context.get("le") == 1 and isinstance(context["le"], float):
        text += _SHARE
    if context.get("max_length") == 1:
        text = text.removesuffix("s")
    return rule, text.replace("'", "") if kind in ("literal_error", "enum") else text


def _number(value: object) -> object:
    """A bound as people write it: without the fraction that a float adds to a whole number."""
    if not isinstance(value, float):
        return value
    return int(value) if value.is_integer() and abs(value) < 1e15 else f"{value:g}"
