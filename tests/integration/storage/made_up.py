"""Arguments made up from annotations, so that a test can call functions it has never heard of."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

MOMENT = datetime(2030, 1, 1, tzinfo=UTC)

Known = Mapping[object, object]
"""Values for particular types (and NewTypes), which win over the made-up ones."""


def arguments(function: Callable[..., Any], known: Known, text: str) -> dict[str, Any]:
    """A value for each parameter after the first that has no default; every string is `text`."""
    parameters = list(inspect.signature(function, eval_str=True).parameters.values())
    # A bound method has no session to skip but its first parameter is one all the same.
    return {
        parameter.name: made_up(parameter.annotation, known, text)
        for parameter in parameters[1:]
        if parameter.default is parameter.empty
    }


def made_up(kind: Any, known: Known, text: str) -> Any:  # noqa: PLR0911  (a case for each kind)
    if kind in known:
        return known[kind]
    plain = _PLAIN.get(kind)
    if plain is not None:
        return plain
    if kind is str:
        return text
    if kind is Any or kind is object:
        return {}
    if isinstance(kind, typing.NewType):
        return made_up(kind.__supertype__, known, text)
    if isinstance(kind, typing.TypeVar):
        return {}
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return made_up(inner[0], known, text)
    if origin is typing.Literal:
        return inner[0]
    if origin in {typing.Union, types.UnionType}:
        return made_up(next(one for one in inner if one is not type(None)), known, text)
    if origin is tuple:
        return tuple(made_up(one, known, text) for one in inner if one is not Ellipsis)
    if origin in {list, Collection, Sequence} or kind in {list, Collection, Sequence}:
        return [made_up(inner[0], known, text)] if inner else []
    if origin in {set, frozenset, AbstractSet}:
        return frozenset({made_up(inner[0], known, text)})
    if typing.is_typeddict(kind):
        return {name: made_up(one, known, text) for name, one in typing.get_type_hints(kind).items()}
    if origin in {dict, Mapping} or kind in {dict, Mapping}:
        return {}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {
            name: made_up(field.annotation, known, text)
            for name, field in kind.model_fields.items()
            if field.is_required()
        }
        return kind.model_construct(**fields)
    if isinstance(kind, type) and issubclass(kind, tuple):
        return kind(**{name: made_up(one, known, text) for name, one in typing.get_type_hints(kind).items()})
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(
            **{
                field.name: made_up(hints[field.name], known, text)
                for field in dataclasses.fields(kind)
                if field.init
                and field.default is dataclasses.MISSING
                and field.default_factory is dataclasses.MISSING
            }
        )
    raise TypeError(f"nothing can be made up for {kind!r}")


_PLAIN: dict[Any, Any] = {
    int: 1,
    float: 1.0,
    bool: False,
    bytes: b"x",
    datetime: MOMENT,
    date: MOMENT.date(),
    timedelta: timedelta(hours=1),
    Decimal: Decimal(1),
    UUID: UUID(int=0),
    dict: {},
    type(None): None,
}
