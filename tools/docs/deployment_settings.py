"""The table of settings in docs/deploy.md: each with its default and its meaning, read from `infra.config`."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from infra.config import GivenDatabase, StageConfig
from infra.stages import load
from tools.docs.marks import fill

PAGE = Path(__file__).resolve().parents[2] / "docs" / "deploy.md"
_STAGES = ("dev", "prod")
# Chosen by the context value `stage`, and only for an emulator.
_LEFT_OUT = {"stage"}


def files() -> Mapping[Path, str]:
    return {PAGE: fill(PAGE.read_text(), lambda name: settings_table() if name == "settings" else None)}


def settings_table() -> str:
    """A row for each setting: its path, what it is in each stage unless it is set, and what it means."""
    lines = ["| setting | unless set | what |", "|---|---|---|"]
    return "\n".join([*lines, *_rows(StageConfig, "", {stage: load(stage) for stage in _STAGES})])


def _rows(model: type[BaseModel], path: str, stages: dict[str, Any]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name in _LEFT_OUT:
            continue
        here = f"{path}{name}"
        groups = [one for one in _models(field.annotation) if one is not GivenDatabase]
        values = {stage: getattr(at, name, PydanticUndefined) for stage, at in stages.items()}
        if not groups:
            yield f"| `{here}` | {_unless_set(field, values)} | {_what(field)} |"
            continue
        for group in groups:
            kind = group.model_fields.get("kind")
            title = f"`{here}`, kind `{kind.default}`" if kind else f"`{here}`"
            chosen = [stage for stage, value in values.items() if isinstance(value, group)]
            mark = " and ".join(chosen) if chosen else "–"
            yield f"| **{title}** | {mark} | {_line(group.__doc__)} |"
            of_group = {stage: value for stage, value in values.items() if isinstance(value, group)}
            yield from (row for row in _rows(group, f"{here}.", of_group) if f"`{here}.kind`" not in row)


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The groups of settings an annotation allows."""
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        return [one for part in get_args(annotation) for one in _models(part)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []


def _unless_set(field: FieldInfo, values: dict[str, Any]) -> str:
    known = {stage: _in_words(value) for stage, value in values.items() if value is not PydanticUndefined}
    if len(set(known.values())) > 1:
        return ", ".join(f"{stage} {value}" for stage, value in known.items())
    if known:
        return next(iter(known.values()))
    return "must be set" if field.is_required() else _in_words(field.get_default(call_default_factory=True))


def _in_words(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case frozenset() | tuple() | dict() if not value:
            return "none"
        case frozenset() | tuple():
            return ", ".join(f"`{one}`" for one in sorted(value))
        case str() | int() | float():
            return f"`{value}`"
    return f"`{json.dumps(value)}`"


def _what(field: FieldInfo) -> str:
    sentences = [_line(field.description)] if field.description else []
    if get_origin(field.annotation) is Literal:
        sentences.append("One of " + ", ".join(f"`{one}`" for one in get_args(field.annotation)) + ".")
    sentences.append(_bounds(field))
    return " ".join(filter(None, sentences)) or "–"


def _bounds(field: FieldInfo) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most"}
    bounds = [
        f"{word} {getattr(one, name)}"
        for one in field.metadata
        for name, word in words.items()
        if hasattr(one, name)
    ]
    text = ", ".join(bounds)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")
