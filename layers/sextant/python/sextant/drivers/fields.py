"""The field types that the schemas of scenarios and runs share; none of the schemas itself."""

from __future__ import annotations

from typing import Annotated, NoReturn

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

DRIVER_TYPES = (
    "policy",
    "load_growth",
    "fuel_curve",
    "fleet_change",
    "composite",
    "stochastic",
    "conditional",
    "time_series",
)

# How the kinds of a run's parameters are told apart; no parameter can have such a name.
PARAMETER_TAGS = ("built-in", "plug-in")

# The largest integer that JSON keeps exactly everywhere (RFC 8785 section 3.2.2.3).
MAX_SAFE_INTEGER = 2**53 - 1


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def broken(field: str, rule: str, message: str) -> NoReturn:
    """Refuse the value of `field`; `functions.api.http.problems` puts the name behind the model's path."""
    raise PydanticCustomError(rule, message, {"field": field})


UPPER = BeforeValidator(_upper)
LOWER = BeforeValidator(_lower)

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Bounded = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e12, le=1e12)]
Integer = Annotated[int, Field(strict=True)]
Year = Annotated[int, Field(strict=True, ge=1900, le=2200)]
ShortName = Annotated[str, Field(strict=True, min_length=1, max_length=64)]
