"""Rows as one JSON parameter, for statements that write many."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from sextant.storage.errors import InvalidValue


def json_rows(rows: Sequence[Mapping[str, object]]) -> str:
    """`rows` as a JSON array whose values PostgreSQL reads back as their column types."""
    try:
        return json.dumps(rows, default=_json_value, allow_nan=False)
    except ValueError:
        # JSON has no NaN and no infinity; PostgreSQL reads them from strings.
        return json.dumps(
            [{column: _finite(value) for column, value in row.items()} for row in rows], default=_json_value
        )


def _finite(value: object) -> object:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _json_value(value: object) -> object:
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise InvalidValue(f"A {type(value).__name__} cannot be stored.")
