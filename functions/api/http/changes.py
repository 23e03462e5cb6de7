"""Changes of a thing with versions: those a client asks for, and those that were made, field by field."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from functions.api.http.envelopes import AnswerBody, ListEnvelope, RequestBody, answers
from sextant.paging import Key
from sextant.storage.temporal import FieldChange

BeforeVersion = Annotated[
    int | None,
    Query(
        ge=1,
        le=2**31 - 1,
        deprecated=True,
        description="Only changes of versions before this one; pages are asked for by `cursor`",
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


class ChangeList(ListEnvelope[ChangeBody]): ...


CHANGES = answers("Changes of single fields", ChangeList)


def change_key(value: Any) -> Key:
    """The key of a listing of changes: version and field; raises ValueError or TypeError for what is none."""
    version, field = value
    if type(version) is not int or not 0 < version < 2**31 or not isinstance(field, str) or "\0" in field:
        raise ValueError("no version and field")
    return (version, field)
