"""Parameters and checks that the routes of many nouns share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from aws_lambda_powertools.event_handler.openapi.params import Query

from sextant.errors import BadRequestError, FieldError, ForbiddenError
from sextant.identity import Caller
from sextant.moments import Moment
from sextant.paging import MAX_LIMIT

_MOST_NAMES = 50
Choice = TypeVar("Choice", bound=str)

States = Annotated[str | None, Query(description="One state, or several with commas")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items of a page")]
Cursor = Annotated[
    str | None,
    Query(max_length=2000, description="`next_cursor` or `prev_cursor` of a page of the same list"),
]
CreatedAfter = Annotated[Moment | None, Query(description="Created at this moment or later")]
CreatedBefore = Annotated[Moment | None, Query(description="Created before this moment")]


class InvalidParameterError(BadRequestError):
    """A parameter breaks a rule."""

    code, title = "invalid_parameter", "Invalid parameter"


def broken(field: str, rule: str, message: str) -> InvalidParameterError:
    """The error that says which rule `field` breaks; `message` goes on from the field's name."""
    return InvalidParameterError(f"{field} {message}.", errors=[FieldError(field, rule, message)])


def several(field: str, text: str | None, choices: Sequence[Choice]) -> tuple[Choice, ...] | None:
    """The choices in `QUEUED,running`, in their own order; None where the parameter was not given.

    Raises `InvalidParameterError` for one that does not exist.
    """
    if text is None:
        return None
    names = [name.strip().upper() for name in text.split(",")]
    if unknown := [name for name in names if name not in choices]:
        rule = f"must be of {', '.join(choices)}"
        raise InvalidParameterError(
            f"{field} {rule}, not {unknown[0]!r}.", errors=[FieldError(field, "enum", rule)]
        )
    return tuple(choice for choice in choices if choice in names)


def renamed(name: str, value: Choice | None, old_name: str, old_value: Choice | None) -> Choice | None:
    """The parameter `name`, which may still be sent by its old name but not by both."""
    if value is not None and old_value is not None:
        raise broken(old_name, "renamed", f"is the former name of {name}, which is given too")
    return value if value is not None else old_value


def one_key(header: str | None, body: str | None) -> str | None:
    """The idempotency key, which header and body may both give and must not contradict each other."""
    if header is not None and body not in (None, header):
        raise InvalidParameterError(
            "The Idempotency-Key header and idempotency_key in the body differ.",
            errors=[FieldError("Idempotency-Key", "equal", "must equal idempotency_key in the body")],
        )
    return header or body


def check_tenant(given: str | None, caller: Caller) -> None:
    """A body cannot choose its tenant: it may only repeat the token's."""
    if given is not None and given != caller.tenant:
        raise ForbiddenError(
            "tenant_id in the body is not the caller's tenant.",
            errors=[FieldError("tenant_id", "own_tenant", "must equal the tenant of the token")],
        )


def check_span(after: datetime | None, before: datetime | None, name: str = "created") -> None:
    """Refuse a window that can hold nothing; its ends are called `<name>_after` and `<name>_before`."""
    if after is not None and before is not None and after > before:
        raise broken(f"{name}_after", "order", f"must not lie after {name}_before")


def listed(names: Collection[str]) -> str:
    """The names with commas, where they are many the first of them."""
    shown = sorted(names)
    return ", ".join(shown[:_MOST_NAMES]) + (", …" if len(shown) > _MOST_NAMES else "")
