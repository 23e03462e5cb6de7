"""An operation of the API: what the generated methods hand to the transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import quote

# They change nothing, or the same again, so they may be sent twice.
_HARMLESS_POSTS = frozenset(
    (
        "cancel_run",
        "cancel_scenario_run",
        "cancel_any_run",
        "create_baseline",
        "create_upload",
        "validate_scenario",
    )
)


@dataclass(frozen=True)
class Operation:
    """One operation: its id, its request line and the models of its answers."""

    id: str
    method: str
    path: str
    answers: tuple[str, ...] = ()
    has_idempotency_key: bool = False

    @property
    def may_be_repeated(self) -> bool:
        """Whether it is safe to send again what may have been carried out: with an idempotency key, or without harm."""
        return self.method != "POST" or self.has_idempotency_key or self.id in _HARMLESS_POSTS

    def url(self, values: Mapping[str, Any]) -> str:
        """The path with its parameters filled in."""
        path = self.path
        for name, value in values.items():
            if not str(value):
                raise ValueError(f"{name} must not be empty")
            path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
        return path

    def parse(self, content: bytes, headers: Mapping[str, str]) -> Any:
        """The answer as its model; None where the operation answers with nothing."""
        if not self.answers or not content:
            return None
        answer = _adapter(self.answers).validate_json(content)
        answer._headers.update({name.lower(): value for name, value in headers.items()})  # noqa: SLF001
        return answer


@cache
def _adapter(names: tuple[str, ...]) -> Any:
    from typing import Union

    from pydantic import TypeAdapter

    from sextant_client._generated import models

    kind: Any = Union[tuple(getattr(models, name) for name in names)]  # noqa: UP007 - made at run time
    return TypeAdapter(kind)


def in_query(values: Mapping[str, Any]) -> dict[str, str]:
    """Query or header parameters as they are sent; what is None is left out."""
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            return ",".join(_text(each) for each in value)
        case _:
            return str(value)


def in_body(body: Any) -> Any:
    """A body as JSON has it: a model by the fields that were set, a mapping as it is."""
    from pydantic import BaseModel

    if isinstance(body, BaseModel):
        return body.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(body, Mapping):
        return {name: in_body(value) for name, value in body.items()}
    if isinstance(body, list | tuple):
        return [in_body(value) for value in body]
    return body
