"""Any assumption that the contract accepts, drawn from the contract itself: a new field or driver is drawn too."""

from __future__ import annotations

import re
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from hypothesis import reject
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from sextant.drivers.assumptions import PAYLOADS, Assumption

NAMES = ("gas", "coal", "wind", "Gas", "Coal", "a", "b")
"""Fuels, technologies and units of the small system, and names that it doesn't know."""
FIRST_YEAR = 1900


@st.composite
def assumptions(draw: st.DrawFn, depth: int = 1, *, of_composite: bool = False) -> dict[str, Any]:
    """One assumption as JSON; it nests at most three deep."""
    plain = [kind for kind in PAYLOADS if kind not in ("composite", "conditional")]
    kind = draw(st.sampled_from(plain if depth == 3 else list(PAYLOADS)))
    payload = draw(objects(PAYLOADS[kind], depth))
    weights: list[dict[str, Any]] = [{}, {"weight": -10}, {"weight": 0.5}]
    weight = draw(st.sampled_from(weights)) if of_composite else {}
    return {"driver_type": kind, "payload": payload, **weight}


@st.composite
def objects(draw: st.DrawFn, model: type[BaseModel], depth: int) -> dict[str, Any]:
    """A JSON object that the model accepts: any fields at first, then mended where the model says what is wrong."""
    model.model_rebuild()
    fields = model.model_fields
    value = {
        name: draw(values(field, depth))
        for name, field in fields.items()
        if field.is_required() or draw(st.integers(0, 2)) == 0
    }
    for _ in range(20):
        try:
            model.model_validate(value)
        except ValidationError as error:
            _mend(draw, value, fields, error.errors()[0], depth)
        else:
            return value
    return reject()


def _mend(
    draw: st.DrawFn, value: dict[str, Any], fields: dict[str, FieldInfo], error: Any, depth: int
) -> None:
    named = str(error.get("ctx", {}).get("field", ""))
    inner = re.fullmatch(r"components\[(\d+)\]\.when", named)
    if error["loc"] or not named:
        reject()
    if inner:
        component = value["components"][int(inner[1])]
        if component.pop("when", None) is None:
            component["when"] = {"logic": "ANY", "conditions": [draw(_conditions(depth))]}
    elif error["type"] == "missing" or named not in value:
        value[named] = draw(values(fields[named], depth))
    elif fields[named].is_required():
        reject()
    else:
        del value[named]


def _conditions(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    from sextant.drivers.conditions import Condition

    return objects(Condition, depth)


def values(field: FieldInfo, depth: int) -> st.SearchStrategy[Any]:
    return _of(field.annotation, list(field.metadata), depth)


def _of(kind: Any, limits: list[Any], depth: int) -> st.SearchStrategy[Any]:
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        unpacked = [
            one for item in more for one in (item.metadata if isinstance(item, FieldInfo) else [item])
        ]
        return _of(inner, [*limits, *unpacked], depth)
    arguments = get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        return _of(next(one for one in arguments if one is not type(None)), limits, depth)
    if get_origin(kind) is Literal:
        return st.sampled_from(arguments)
    if get_origin(kind) in (list, dict):
        least, most = _limit(limits, MinLen, "min_length", 0), _limit(limits, MaxLen, "max_length", 20)
        sizes = {"min_size": least, "max_size": min(most, max(least, 2))}
        if get_origin(kind) is list:
            return st.lists(_of(arguments[0], [], depth), **sizes)
        return st.dictionaries(st.sampled_from(NAMES), _of(arguments[1], [], depth), **sizes)
    return _single(kind, limits, depth)


def _single(kind: type, limits: list[Any], depth: int) -> st.SearchStrategy[Any]:
    if kind in (int, float):
        return _numbers(kind, limits)
    if kind in (str, bool):
        return st.sampled_from(NAMES if kind is str else (True, False))
    if issubclass(kind, Assumption):
        return assumptions(depth + 1, of_composite=kind is not Assumption)
    assert issubclass(kind, BaseModel), f"teach this strategy to draw {kind}"
    return objects(kind, depth)


def _limit(limits: list[Any], kind: type, name: str, default: Any) -> Any:
    return next((getattr(one, name) for one in limits if isinstance(one, kind)), default)


def _numbers(kind: type, limits: list[Any]) -> st.SearchStrategy[Any]:
    """Numbers of the range, its ends and the smallest numbers above all."""
    least, above = _limit(limits, Ge, "ge", None), _limit(limits, Gt, "gt", None)
    most, below = _limit(limits, Le, "le", None), _limit(limits, Lt, "lt", None)
    low, high = (least if above is None else above), (most if below is None else below)
    assert low is not None, "a number of the contract without a range"
    assert high is not None, "a number of the contract without a range"
    if kind is int:
        usual = st.integers(2028, 2035) if low == FIRST_YEAR else st.integers(low, min(high, low + 20))
        return st.one_of(usual, st.integers(low, high))
    edges = [edge for edge in (low, high, 0.0, 1.0, 1.5, 1e-300, -1e-300) if low <= edge <= high]
    return st.one_of(st.sampled_from(edges), st.floats(low, high)).filter(
        lambda number: (above is None or number > above) and (below is None or number < below)
    )
