"""Changes of a thing with versions: those a client asks for, and those that were made, field by field."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from functions.api.http.envelopes import AnswerBody, Envelope, RequestBody, answers
from sextant.storage.temporal import FieldChange

BeforeVersion = Annotated[
    int | None,
    Query(
        ge=1, description="Only changes of versions before this one: the last one of a page gives the next"
    ),
]


class Changes(RequestBody):
    """Some fields of something: what is left out stays. null only where a field can be without a value."""

    _clearable: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*")
    @classmethod
    def _not_null(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.field_name not in cls._clearable:
            raise PydanticCustomError("null", "must not be null; leave it out to keep it")
        return value


class ChangeBody(AnswerBody, shows=FieldChange, hides=("tenant_id", "record_id")): ...


class ChangeList(Envelope[list[ChangeBody]]): ...


CHANGES = answers("Changes of single fields", ChangeList)
