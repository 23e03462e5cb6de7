"""The one error base of Sextant.

Every error a caller may see derives from `SextantError` and says how HTTP shows it: a stable `code`,
a `status`, a `title`, and a `detail` that is safe to show. `functions.api.http.problems` is the one place
that turns them into problem+json (RFC 9457).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FieldError:
    """One broken rule: the `path` of the field (`assumptions[0].payload.target`) and what it must be."""

    path: str
    rule: str
    message: str


class SextantError(Exception):
    """Something went wrong that the caller can be told about."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    remedy: ClassVar[str | None] = None
    """What the caller can do; without it, what one can do about any error of this status."""
    members: ClassVar[Mapping[str, str]] = {}
    """What its problem may have beside what every problem has (`extra`), and what that means."""
    retry_after: float | None = None

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, object] | None = None,
    ) -> None:
        told = "; ".join(f"{error.path or 'body'}: {error.message}" for error in errors[:3])
        self.detail = detail or told or (type(self).__doc__ or self.title).strip().splitlines()[0]
        self.errors = tuple(errors)
        self.extra = dict(extra or {})
        super().__init__(self.detail)


class BadRequestError(SextantError):
    """The request cannot be understood."""

    code, status, title = "bad_request", 400, "Bad request"


class UnauthorizedError(SextantError):
    """The request carries no valid credentials."""

    code, status, title = "unauthorized", 401, "Unauthorized"


class ForbiddenError(SextantError):
    """The caller lacks a permission."""

    code, status, title = "forbidden", 403, "Forbidden"
    members: ClassVar = {"required_permission": "The permission that is missing."}


class NotFoundError(SextantError):
    """There is no such thing for this tenant."""

    code, status, title = "not_found", 404, "Not found"


class ConflictError(SextantError):
    """The request conflicts with the present state."""

    code, status, title = "conflict", 409, "Conflict"


class VersionConflictError(ConflictError):
    """Somebody else changed it since it was read."""

    code, status, title = "version_conflict", 412, "Precondition failed"
    members: ClassVar = {"version": "The version that it is at."}


class PayloadTooLargeError(SextantError):
    """The request body is larger than allowed."""

    code, status, title = "payload_too_large", 413, "Payload too large"


class ValidationError(SextantError):
    """A field breaks a rule."""

    code, status, title = "validation_failed", 422, "Validation failed"


class TooManyRequestsError(SextantError):
    """A limit was reached; try again later."""

    code, status, title = "too_many_requests", 429, "Too many requests"


class UnavailableError(SextantError):
    """The service cannot answer just now; try again later."""

    code, status, title = "unavailable", 503, "Service unavailable"


def refuse(errors: Sequence[FieldError]) -> None:
    """Raise a `ValidationError` of the broken rules, if there are any."""
    if errors:
        raise ValidationError(errors=errors)
