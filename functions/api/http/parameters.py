"""Parameters and checks that the routes of many nouns share."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import AwareDatetime

from functions.api.http.app import InvalidParameterError
from sextant.errors import FieldError, ForbiddenError, VersionConflictError
from sextant.identity import Caller
from sextant.paging import MAX_LIMIT

_VERSION = re.compile(r"[0-9]{1,9}")  # what the database's integers hold

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Moment = AwareDatetime
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag that the entity must still have")
]


def check_tenant(given: str | None, caller: Caller) -> None:
    """A body cannot choose its tenant: it may only repeat the token's."""
    if given is not None and given != caller.tenant:
        raise ForbiddenError(
            "tenant_id in the body is not the caller's tenant.",
            errors=[FieldError("tenant_id", "own_tenant", "must equal the tenant of the token")],
        )


def check_span(after: datetime | None, before: datetime | None) -> None:
    if after is not None and before is not None and after > before:
        raise InvalidParameterError(
            "created_after must not lie after created_before.",
            errors=[FieldError("created_after", "order", "must not lie after created_before")],
        )


def expected_version(if_match: str | None, entity: UUID | str) -> int | None:
    """The version that `If-Match` demands; None where any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = if_match.strip().strip('"')
    name, _, version = tag.rpartition(".")
    if name != str(entity) or not _VERSION.fullmatch(version):
        raise VersionConflictError("If-Match names another entity.")
    return int(version)
