"""A client that a program made of the OpenAPI document does what the guide tells, unedited."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from local.running import RunningSystem
from tools import clients

STORY = Path(__file__).with_name("generated_client.py")


def test_the_generated_python_client_tells_the_guides_story(system: RunningSystem, tmp_path: Path) -> None:
    # Given the package that openapi-python-client makes of the document, without a warning
    clients.make_python_client(tmp_path)
    # When the guide's story is told with it
    told = subprocess.run(
        [clients.python(), STORY],
        env={
            **os.environ,
            "PYTHONPATH": str(tmp_path),
            "SEXTANT_URL": system.url,
            "SEXTANT_TOKEN": system.token("generated", "analyst"),
            "NO_PROXY": "127.0.0.1",
        },
        check=False,
        capture_output=True,
        text=True,
    )
    # Then it comes to its end
    assert told.returncode == 0, told.stderr
