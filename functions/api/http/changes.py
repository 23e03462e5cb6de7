"""What was changed of a thing with versions, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from functions.api.http.envelopes import AnswerBody, Envelope, answers


class ChangeBody(AnswerBody):
    version: int
    field: str
    old_value: Any
    new_value: Any
    changed_at: datetime
    changed_by: str
    transaction_id: int


class ChangeList(Envelope[list[ChangeBody]]): ...


CHANGES = answers("Changes of single fields", ChangeList)
