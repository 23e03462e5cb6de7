"""Changes of a thing with versions: those a client asks for, and those that were made, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from functions.api.http.envelopes import AnswerBody, Envelope, RequestBody, answers


class Changes(RequestBody):
    """Some fields of something: what is left out stays. null only where a field can be without a value."""

    _clearable: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*")
    @classmethod
    def _not_null(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.field_name not in cls._clearable:
            raise PydanticCustomError("null", "must not be null; leave it out to keep it")
        return value


class ChangeBody(AnswerBody):
    version: int
    field: str
    old_value: Any
    new_value: Any
    changed_at: datetime
    changed_by: str
    transaction_id: int


class ChangeList(Envelope[list[ChangeBody]]): ...


CHANGES = answers("Changes of single fields", ChangeList)
