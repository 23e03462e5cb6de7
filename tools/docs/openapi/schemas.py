"""Makes what pydantic and Powertools say of types plain enough for programs: nothing unused, no title that only repeats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_SCHEMAS = "#/components/schemas/"
_REFERENCE = re.compile(r"#/components/(schemas|responses|headers)/(.+)")


def tidy(document: dict[str, Any]) -> dict[str, Any]:
    """The document without titles of fields and without components that nothing refers to."""
    components = document["components"]
    whole: dict[str, Any] = _merged(_untitled(document))
    used = _reachable(whole)
    whole["components"] = {
        kind: {name: item for name, item in sorted(items.items()) if (kind, name) in used}
        if kind != "securitySchemes"
        else items
        for kind, items in whole["components"].items()
    }
    for name in components["schemas"].keys() & whole["components"]["schemas"].keys():
        whole["components"]["schemas"][name] = {"title": name, **whole["components"]["schemas"][name]}
    return whole


def _merged(document: dict[str, Any]) -> dict[str, Any]:
    """The document with one schema for what is the same when it is sent and when it is answered."""
    text = json.dumps(document)
    schemas = document["components"]["schemas"]
    twice = [name.removesuffix("-Input") for name in schemas if name.endswith("-Input")]
    for name in twice:
        text = text.replace(f'"{_SCHEMAS}{name}-Input"', f'"{_SCHEMAS}{name}"')
        text = text.replace(f'"{_SCHEMAS}{name}-Output"', f'"{_SCHEMAS}{name}"')
    whole: dict[str, Any] = json.loads(text)
    schemas = whole["components"]["schemas"]
    for name in twice:
        sent, answered = schemas.pop(f"{name}-Input"), schemas.pop(f"{name}-Output")
        if sent != answered:
            raise ValueError(f"{name} is one thing when it is sent and another when it is answered")
        schemas[name] = sent
    return whole


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What may be written of a parameter, which is left out where it has no value."""
    choices = [item for item in schema.get("anyOf", ()) if item != {"type": "null"}]
    if "anyOf" in schema and len(choices) == 1:
        schema = {**{key: value for key, value in schema.items() if key != "anyOf"}, **choices[0]}
    if schema.get("default", ...) is None:
        schema = {key: value for key, value in schema.items() if key != "default"}
    return schema


def _untitled(node: Any) -> Any:
    """The node without the titles of its schemas; a property that is called `title` stays."""
    if isinstance(node, list):
        return [_untitled(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: _untitled(item) for name, item in value.items()}
        if key == "properties"
        else value
        if key in ("example", "examples", "const", "enum", "default", "info")
        else _untitled(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
    }


def _reachable(document: dict[str, Any]) -> set[tuple[str, str]]:
    """The components that the paths refer to, directly or through others."""
    reached: set[tuple[str, str]] = set()
    waiting = list(_references(document["paths"]))
    while waiting:
        kind, name = waiting.pop()
        if (kind, name) not in reached:
            reached.add((kind, name))
            waiting += _references(document["components"][kind][name])
    return reached


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and (match := _REFERENCE.fullmatch(value)):
                yield match[1], match[2]
            elif key != "mapping":
                yield from _references(value)
