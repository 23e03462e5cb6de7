"""The generated layer: every operation of the document is there, in both faces."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

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


def test_importing_it_is_quick(tmp_path: Path) -> None:
    # httpx2, pydantic and the models are loaded by the first request.
    program = (
        "import resource, sys; began = resource.getrusage(resource.RUSAGE_SELF);"
        "from sextant_client import Sextant; ended = resource.getrusage(resource.RUSAGE_SELF);"
        "print(ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime,"
        " *{'httpx2', 'pydantic', 'pandas', 'rich'} & sys.modules.keys())"
    )
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    told = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
        ).stdout.split()
        for _ in range(4)
    ]
    assert {len(each) for each in told} == {1}, f"loaded: {told[0][1:]}"
    # The first one compiles; of the others the quickest says what it costs where nothing else is going on.
    assert min(float(seconds) for (seconds,) in told[1:]) < 0.12
