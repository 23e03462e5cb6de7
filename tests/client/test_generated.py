"""The generated layer: every operation of the document is there, in both faces."""

from __future__ import annotations

import inspect
import json

from sextant_client._async.api import AsyncApi
from sextant_client._sync.api import Api
from tools.clients import DOCUMENT


def test_every_operation_is_a_method_of_both_faces() -> None:
    document = json.loads(DOCUMENT.read_text())
    operations = [each["operationId"] for item in document["paths"].values() for each in item.values()]
    assert len(operations) > 90
    for face in (Api, AsyncApi):
        methods = {name for name, _ in inspect.getmembers(face, inspect.isfunction)}
        assert set(operations) <= methods
