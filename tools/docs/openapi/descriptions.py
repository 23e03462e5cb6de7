"""What operations, fields and parameters mean, from where the code says it: docstrings.

A field's is the text under it, in the class that declares it or in the model that the body is about. No process that serves
requests reads them: pydantic could (`use_attribute_docstrings`), at the price of parsing each module as it is loaded.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from functions.api.http.envelopes import Documented

_OURS = ("functions.", "sextant.")
# What means the same of everything.
_COMMON = {
    "id": "Its id.",
    "version": "Counts its changes, from 1.",
    "created_at": "When it was created.",
    "created_by": "Who created it.",
    "updated_at": "When it was changed last.",
    "updated_by": "Who changed it last.",
    "occurred_at": "When it happened.",
    "actor": "Who did it.",
    "reason": "Why; it is kept beside what is done.",
    "correlation_id": "Of the request that it goes back to.",
    "tenant_id": "Where it is given it must be the token's.",
    "data": "What was asked for.",
    "meta": "What goes with it.",
}


def describe() -> None:
    """Give every field of every model that is loaded its description, where it has none of its own."""
    models = list(_models(BaseModel))
    for model in models:
        for name, field in model.model_fields.items():
            _show_documented(field)
            field.description = field.description or _of_field(model, name)
    built: set[type[BaseModel]] = set()
    for model in models:
        _rebuild(model, built)


def check(document: dict[str, Any]) -> None:
    """Raise ValueError naming every operation, parameter and property of the document that nobody describes."""
    bare = [
        f"{name}.{field}: write what it is under the field, or in the model that the body shows"
        for name, schema in document["components"]["schemas"].items()
        for field, item in schema.get("properties", {}).items()
        if not item.get("description")
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not operation.get("description"):
                bare.append(f"{method.upper()} {path}: give {operation['operationId']} a docstring")
            bare += [
                f"{operation['operationId']}, parameter {parameter['name']}: give its Query a description"
                for parameter in operation.get("parameters", ())
                if not parameter.get("description")
            ]
    if bare:
        raise ValueError("The document does not say what these are.\n" + "\n".join(bare))


def _show_documented(field: FieldInfo) -> None:
    """Have the field be of the type as which its `Documented` shows it, where it has one."""
    for item in field.metadata:
        if isinstance(item, Documented):
            shown = FieldInfo.from_annotation(item.kind)
            field.annotation, field.metadata = shown.annotation, shown.metadata


def _models(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        if model.__module__.startswith(_OURS):
            yield model
        yield from _models(model)


def _rebuild(model: type[BaseModel], built: set[type[BaseModel]]) -> None:
    """Build `model` anew after all that it is made of: a model takes its parts' schemas as they are."""
    if model in built:
        return
    built.add(model)
    for field in model.model_fields.values():
        for part in _models_in(field.annotation):
            _rebuild(part, built)
    model.model_rebuild(force=True)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def complete(components: dict[str, Any]) -> None:
    """Say of the components that are dataclasses of ours what their fields mean, in place."""
    for model in _models(BaseModel):
        for field in model.model_fields.values():
            for part in _dataclasses_in(field.annotation):
                for name, schema in components[part.__name__]["properties"].items():
                    schema.setdefault("description", _texts(part.__module__).get((part.__name__, name)))


def _dataclasses_in(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and is_dataclass(annotation):
        yield annotation
    for argument in get_args(annotation):
        yield from _dataclasses_in(argument)


def _of_field(model: type[BaseModel], name: str) -> str | None:
    """The text under the field, the nearest class first; None where nobody says what it is."""
    for base in model.__mro__:
        for source in (base, *getattr(base.__dict__.get("_about"), "__mro__", ())):
            text = _texts(source.__module__).get((source.__qualname__, name))
            if text is not None:
                return text
    return _COMMON.get(name) or of_id(name)


def of_id(name: str) -> str | None:
    """What `scenario_id` is; None of what is no id."""
    noun = name.removesuffix("_id").replace("_", " ")
    return f"The {noun}'s id." if name.endswith("_id") else None


@cache
def _texts(module: str) -> dict[tuple[str, str], str]:
    """The texts under the fields of the module's classes, by class and field."""
    if not module.startswith(_OURS):
        return {}
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    texts = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for field, text in zip(node.body, node.body[1:], strict=False):
                if (
                    isinstance(field, ast.AnnAssign)
                    and isinstance(field.target, ast.Name)
                    and isinstance(text, ast.Expr)
                    and isinstance(text.value, ast.Constant)
                    and isinstance(text.value.value, str)
                ):
                    texts[node.name, field.target.id] = " ".join(inspect.cleandoc(text.value.value).split())
    return texts
