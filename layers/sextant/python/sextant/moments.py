"""How a moment and a day are written, wherever somebody outside gives one.

pydantic and `datetime.fromisoformat` also take digits for Unix time, a day for its midnight, and a moment without a zone.
A filter of `20271201` would then mean August 1970, and fit everything.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII | re.IGNORECASE,
)

MOMENT_RULE = (
    "must be a moment of RFC 3339 with its zone, such as 2027-12-01T00:00:00Z or 2027-12-01T01:00:00+01:00"
    " (in a URL + is written %2B)"
)
DAY_RULE = "must be a day of the calendar, such as 2027-12-01"


def moment(text: str) -> datetime:
    """The moment that `text` spells by RFC 3339; raises ValueError with the rule."""
    if _MOMENT.fullmatch(text) is None:
        raise ValueError(MOMENT_RULE)
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueError(MOMENT_RULE) from error


def _as_moment(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _MOMENT.fullmatch(value)):
        try:
            return parse(value)
        except ValidationError as error:
            raise PydanticCustomError("moment", MOMENT_RULE) from error
    raise PydanticCustomError("moment", MOMENT_RULE)


def _as_day(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return parse(value)
        except ValidationError as error:
            raise PydanticCustomError("day", DAY_RULE) from error
    raise PydanticCustomError("day", DAY_RULE)


Moment = Annotated[AwareDatetime, WrapValidator(_as_moment)]
Day = Annotated[date, WrapValidator(_as_day)]
