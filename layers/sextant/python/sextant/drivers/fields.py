"""The field types and the base that the contract is written with, and how a field is described."""

from __future__ import annotations

from typing import Annotated, Any, NoReturn, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that JSON keeps exactly everywhere (RFC 8785 section 3.2.2.3)."""
MOST = 1e12
"""No parameter of a distribution and no share is larger."""


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def broken(field: str, rule: str, message: str) -> NoReturn:
    """Refuse the value of `field`; `errors.field_path` puts the name behind the model's path."""
    raise PydanticCustomError(rule, message, {"field": field})


UPPER = BeforeValidator(_upper)
LOWER = BeforeValidator(_lower)

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Bounded = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-MOST, le=MOST)]
Integer = Annotated[int, Field(strict=True)]
Year = Annotated[int, Field(strict=True, ge=1900, le=2200)]
ShortName = Annotated[str, Field(strict=True, min_length=1, max_length=64)]


def required(meaning: str = "", unit: str = "") -> Any:
    """A field that must be given."""
    return Field(description=meaning or None, json_schema_extra=_extra(unit))


def optional(meaning: str = "", unit: str = "", *, default: Any = None, assumed: Any = None) -> Any:
    """A field that may be left out.

    `default` is kept with the scenario. `assumed` is what a model takes where nothing is kept: a value, or the words
    that say which. It is not kept, so that hashes of scenarios don't depend on it.
    """
    return Field(default=default, description=meaning or None, json_schema_extra=_extra(unit, assumed))


def _extra(unit: str, assumed: Any = None) -> JsonDict | None:
    extra: JsonDict = {"x-unit": unit} if unit else {}
    return extra if assumed is None else {**extra, "x-default": assumed}


class Contract(BaseModel):
    """An object of the contract: it takes the fields that it names and no other, and is built when first used."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    def effective(self, name: str) -> Any:
        """The field's value, or what a model assumes where none is given."""
        value = getattr(self, name)
        if value is not None:
            return value
        extra = type(self).model_fields[name].json_schema_extra
        return extra.get("x-default") if isinstance(extra, dict) else None


class Driver(Contract):
    """The payload of an assumption."""


class Span(Driver):
    """A driver in force from `start_year` to `end_year`, both inclusive."""

    start_year: Year | None = optional("first year in force", assumed="first year of the horizon")
    end_year: Year | None = optional("last year in force (inclusive)", assumed="end of the horizon")

    @model_validator(mode="after")
    def _years_in_order(self) -> Self:
        if self.start_year is not None and self.end_year is not None and self.end_year < self.start_year:
            broken("end_year", "year_order", "end_year must not lie before start_year")
        return self
