"""The tables of docs/model.md: the fields of every driver and of a run's parameters, as the contract defines them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sextant.drivers.assumptions import PAYLOADS, Assumption, Component
from sextant.drivers.conditions import Condition
from sextant.drivers.parameters import BuiltInParameters
from tools.docs.marks import fill

PAGE = Path(__file__).resolve().parents[2] / "docs" / "model.md"
_FIRST_YEAR = 1900


def files() -> Mapping[Path, str]:
    models: dict[str, type[BaseModel]] = {name.replace("_", " "): model for name, model in PAYLOADS.items()}
    models |= {"condition": Condition, "component": Component, "parameters": BuiltInParameters}
    return {PAGE: fill(PAGE.read_text(), lambda place: _table(models[place]) if place in models else None)}


def _table(model: type[BaseModel]) -> str:
    lines = ["| field | type | unit | range, default | meaning |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(cells) + " |" for cells in _rows(model, "")]
    return re.sub(r"\|  (?=\|)", "| ", "\n".join(lines))


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, ...]]:
    """A row for each field; an object's own fields follow it, with its name before theirs."""
    model.model_rebuild()
    for name, field in model.model_fields.items():
        if model is Component and name in Assumption.model_fields:
            continue
        kind, limits = _unwrapped(field.annotation, list(field.metadata))
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        yield (
            f"`{prefix}{name}`" + (" *" if field.is_required() else ""),
            _type(kind, limits),
            str(extra.get("x-unit", "")),
            _range(kind, limits, field, extra),
            field.description or "",
        )
        inner = get_args(kind)[0] if get_origin(kind) is list else kind
        inner = _unwrapped(inner, [])[0]
        if (
            isinstance(inner, type)
            and issubclass(inner, BaseModel)
            and not issubclass(inner, Assumption | Condition)
        ):
            mark = "[]" if get_origin(kind) is list else ""
            yield from _rows(inner, f"{prefix}{name}{mark}.")


def _unwrapped(kind: Any, limits: list[Any]) -> tuple[Any, list[Any]]:
    """The type without `None` and annotations, and everything that limits it."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        flat = [one for item in more for one in (item.metadata if isinstance(item, FieldInfo) else [item])]
        return _unwrapped(inner, [*limits, *flat])
    if get_origin(kind) in (Union, UnionType):
        choices = [one for one in get_args(kind) if one is not type(None)]
        return _unwrapped(choices[0], limits) if len(choices) == 1 else (kind, limits)
    return kind, limits


def _type(kind: Any, limits: list[Any]) -> str:
    origin = get_origin(kind)
    if origin is Literal:
        return "enum"
    if origin in (Union, UnionType):
        return " or ".join(_type(*_unwrapped(one, [])) for one in get_args(kind))
    if origin is list:
        inner = _unwrapped(get_args(kind)[0], [])[0]
        plain = {float: "numbers", int: "integers", Condition: "conditions", Component: "components"}
        return "list of " + plain.get(inner, "drivers" if issubclass(inner, Assumption) else "objects")
    if origin is dict:
        return "object name → number"
    if kind is int and _limit(limits, "ge") == _FIRST_YEAR:
        return "year"
    return {float: "number", int: "integer", str: "string", bool: "boolean"}.get(kind, "object")


def _limit(limits: list[Any], name: str) -> Any:
    return next((value for one in limits if (value := getattr(one, name, None)) is not None), None)


def _range(kind: Any, limits: list[Any], field: FieldInfo, extra: Mapping[str, Any]) -> str:
    if get_origin(kind) is Literal:
        parts = [", ".join(f"`{value}`" for value in get_args(kind))]
    else:
        parts = [_span(kind, limits)]
    assumed = extra.get("x-default", None if field.is_required() else field.default)
    if isinstance(assumed, bool):
        parts.append(f"default {str(assumed).lower()}")
    elif isinstance(assumed, int | float):
        parts.append(f"default {_number(assumed)}")
    elif isinstance(assumed, str) and assumed in get_args(kind):
        parts.append(f"default `{assumed}`")
    elif assumed:
        parts.append(f"default: {assumed}")
    return "; ".join(part for part in parts if part)


def _span(kind: Any, limits: list[Any]) -> str:
    shortest, longest = _limit(limits, "min_length"), _limit(limits, "max_length")
    if longest is not None:
        unit = "characters" if kind is str else "entries"
        size = f"{longest} {unit}" if shortest == longest else f"{shortest or 0}–{longest} {unit}"
        entries = _span(*_unwrapped(get_args(kind)[-1], [])) if get_args(kind) else ""
        return f"{size}, each {entries}" if entries else size
    above, least = _limit(limits, "gt"), _limit(limits, "ge")
    most = _limit(limits, "le")
    if least == _FIRST_YEAR or most is None:
        return ""
    return (
        f"> {_number(above)}, ≤ {_number(most)}" if above is not None else f"{_number(least)}–{_number(most)}"
    )


def _number(value: float) -> str:
    """`−10 000`, `1e6`, `0.5`: as a reader of tables writes numbers."""
    text = f"{value:,.0f}".replace(",", " ") if abs(value) < 1e6 and value == int(value) else f"{value:g}"
    return re.sub(r"e\+0?", "e", text).replace("-", "−")
