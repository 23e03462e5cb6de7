"""Layers with models of one's own: a folder as `pip install --target <folder>/python` leaves it.

The local system puts them on the path of the functions that run models, a deployment makes layers of them.
"""

from __future__ import annotations

import configparser
import os
from pathlib import Path

from sextant.drivers.parameters import PLUG_INS


def checked(folder: Path) -> Path:
    """The folder, absolute. Raises ValueError where no package in it announces a model: a run could not name one."""
    packages = sorted((folder / "python").glob("*.dist-info/entry_points.txt"))
    if not any(PLUG_INS in _groups(file) for file in packages):
        raise ValueError(
            f"{folder} is no layer of models: it must hold python/, and in it an installed package with an entry point in the "
            f"group {PLUG_INS} (pip install --target {folder}/python <package>); it has {len(packages)} packages with entry points"
        )
    return folder.resolve()


def given() -> list[Path]:
    """Those of `SEXTANT_LOCAL_MODELS`, parted as a path is. Raises ValueError as `checked` does."""
    folders = os.environ.get("SEXTANT_LOCAL_MODELS") or ""
    return [checked(Path(folder)) for folder in folders.split(os.pathsep) if folder]


def _groups(file: Path) -> list[str]:
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.read_string(file.read_text())
    return parser.sections()
