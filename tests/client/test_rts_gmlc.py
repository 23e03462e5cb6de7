"""`examples/rts_gmlc.py`, from files to compared scenarios, against the running system: on the public files where they are at hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.running import RunningSystem
from local.runtime_api import ROOT
from tests.client.test_importers import rts

PUBLIC = Path(os.environ.get("SEXTANT_RTS_GMLC", "not at hand"))
"""Where RTS-GMLC's files lie: they are no part of this checkout."""


def story(system: RunningSystem, folder: Path) -> dict[str, tuple[float, float]]:
    """What the example prints of the comparison: before and after."""
    environment = {**os.environ, "SEXTANT_URL": system.url, "SEXTANT_TOKEN": system.token("rts-gmlc")}
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "rts_gmlc.py", folder],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if "→" in line]
    return {words[0]: (float(words[1].replace(",", "")), float(words[3].replace(",", ""))) for words in lines}


def test_files_become_compared_scenarios(system: RunningSystem, tmp_path: Path) -> None:
    compared = story(system, rts(tmp_path))
    # Coal burns at 9 and 10 MMBTU/MWh, gas at 10: dearer carbon makes the price rise
    assert compared["price"][1] > compared["price"][0]
    assert compared["emissions"][1] <= compared["emissions"][0]


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="RTS-GMLC's files are not at hand")
def test_the_public_files_do_too(system: RunningSystem) -> None:
    compared = story(system, PUBLIC)
    assert compared["price"][1] > compared["price"][0] > 0
    assert compared["emissions"][1] < compared["emissions"][0]
