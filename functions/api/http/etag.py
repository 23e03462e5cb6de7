"""ETags: what an answer says of the state it shows, and what a request demands of it."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Header

from sextant.errors import VersionConflictError

_VERSION = re.compile(r"[0-9]{1,9}")  # what the database's integers hold

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag that the entity must still have")
]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="The ETag that you have: 304 while it holds")
]


def etag(entity: UUID | str, *state: object) -> str:
    """The tag of an entity in a state: its version, or whatever else changes when it does."""
    return f'"{".".join(map(str, (entity, *state)))}"'


def expected_version(if_match: str | None, entity: UUID | str) -> int | None:
    """The version that `If-Match` demands; None where any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    name, _, version = if_match.strip().strip('"').rpartition(".")
    if name != str(entity) or not _VERSION.fullmatch(version):
        raise VersionConflictError("If-Match names another entity.")
    return int(version)
