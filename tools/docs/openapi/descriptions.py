"""What operations, fields and parameters mean, from where the code says it: docstrings.

A field's is the text under it, in the class that declares it or in the model that the body `shows`. No process that serves
requests reads them: pydantic could (`use_attribute_docstrings`), at the price of parsing each module as it is loaded.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from functions.api.http.envelopes import Documented

_OURS = ("functions.", "sextant.")


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


def _of_field(model: type[BaseModel], name: str) -> str | None:
    """The text under the field, the nearest class first; None where nobody says what it is."""
    for base in model.__mro__:
        for source in (base, *getattr(base.__dict__.get("_shown"), "__mro__", ())):
            text = _texts(source.__module__).get((source.__qualname__, name))
            if text is not None:
                return text
    return None


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
