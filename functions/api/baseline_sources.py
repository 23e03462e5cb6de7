"""What a baseline's tables are sent as: in the body, or by upload before it."""

from __future__ import annotations

import base64
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from functions.api.http.envelopes import RequestBody
from functions.api.http.parameters import broken
from functions.api.warehouse import warehouse
from sextant.identity import Caller


class TableSource(RequestBody):
    """A table's content: CSV text, Parquet in base64, or the id of an upload."""

    csv: Annotated[str, Field(strict=True, max_length=900_000)] | None = None
    """The table as CSV, in UTF-8."""
    parquet_base64: Annotated[str, Field(strict=True, max_length=900_000)] | None = None
    """The table as Parquet, in base64."""
    upload_id: UUID | None = None
    """What was sent to the URL of an upload."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(value is not None for value in (self.csv, self.parquet_base64, self.upload_id)) != 1:
            raise PydanticCustomError("one_of", "give exactly one of csv, parquet_base64 and upload_id")
        return self


class Tables(RequestBody):
    units: TableSource
    """Generating units."""
    load: TableSource
    """Load by hour, in MW."""
    profiles: TableSource | None = None
    """Capacity factors by hour, of wind and sun."""
    prices: TableSource | None = None
    """Prices of fuels and carbon."""
    storage: TableSource | None = None
    """Storages."""


def contents_of(tables: Tables, caller: Caller) -> dict[str, bytes]:
    """The bytes of each table that is given, by its name. Raises a validation error that names the table."""
    return {
        name: _content_of(name, source, caller)
        for name in Tables.model_fields
        if (source := getattr(tables, name)) is not None
    }


def _content_of(name: str, source: TableSource, caller: Caller) -> bytes:
    if source.csv is not None:
        return source.csv.encode()
    if source.parquet_base64 is not None:
        try:
            return base64.b64decode(source.parquet_base64, validate=True)
        except ValueError as error:
            raise broken(f"tables.{name}.parquet_base64", "base64", "must be base64") from error
    assert source.upload_id is not None
    place = place_of(caller, source.upload_id)
    from sextant.baselines.tables import MAX_TABLE_BYTES

    try:
        # Whoever has the URL may have put anything there, of any size: a byte too many is enough to tell.
        return warehouse().objects.get_range(place, 0, MAX_TABLE_BYTES + 1)
    except FileNotFoundError as error:
        raise broken(f"tables.{name}.upload_id", "exists", "must be an upload that was completed") from error


def place_of(caller: Caller, upload: UUID) -> str:
    """Where an upload lies: under the caller's own tenant, whatever id is given."""
    return f"{warehouse().settings.warehouse.rstrip('/')}/uploads/{caller.tenant}/{upload}"
