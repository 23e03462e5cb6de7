"""Canonical JSON (RFC 8785): equal values have equal text, so that texts can be compared and hashed."""

from __future__ import annotations

import json
from typing import Any

import rfc8785


def canonical(value: Any) -> str:
    """`value` as canonical JSON."""
    return rfc8785.dumps(value).decode()


def decode(text: str) -> Any:
    """The value of a canonical JSON text from the database."""
    return json.loads(text)
