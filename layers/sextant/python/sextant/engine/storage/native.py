"""The compiled path of `exact.solve`, where its library is there; the same bits either way.

The library is built from `native.c` by `python -m tools.native`, and by the deployment for Lambda's own processor. It
is bound to the source it was built from: one of another source is not used.
"""

from __future__ import annotations

import ctypes
import hashlib
import platform
import sys
from functools import cache
from pathlib import Path

import numpy as np

from sextant.engine.storage import exact
from sextant.engine.storage.curves import SupplyCurves
from sextant.engine.storage.exact import Reservoir, Schedule
from sextant.engine.system import FloatArray

SOURCE = Path(__file__).with_name("native.c")


def library_path(machine: str = "", folder: Path = SOURCE.parent, system: str = sys.platform) -> Path:
    """Where the library for a machine (this one's, unless named) lies, whose name tells its source."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    # No name that Python would take for a module of its own.
    return folder / f"libstorage-{system}-{machine or platform.machine()}-{digest}.so.1"


@cache
def _library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(str(library_path()))
    except OSError:
        return None


def available() -> bool:
    """Whether storages are solved by the library rather than in plain Python."""
    return _library() is not None


def solve(curves: SupplyCurves, load: FloatArray, storage: Reservoir, period: int, step: float) -> Schedule:
    """What `exact.solve` gives, by the library where there is one. Raises MemoryError."""
    library = _library()
    if library is None:
        return exact.solve(curves, load, storage, period, step)
    hours, blocks = len(load), curves.values.shape[1]
    levels = (
        (-1.0, -1.0) if storage.initial is None or storage.final is None else (storage.initial, storage.final)
    )
    numbers = [
        *(storage.discharge, storage.charge, storage.energy),
        *(storage.charge_efficiency, storage.discharge_efficiency, *levels, step),
    ]
    shed = np.full((len(curves.values), 1), curves.value_of_lost_load)
    plan = Schedule(
        charge=np.empty(hours),
        discharge=np.empty(hours),
        level=np.empty(hours),
        start=np.empty(hours // period),
        value=np.empty(hours),
    )
    arrays = [
        np.ascontiguousarray(array, dtype=kind)
        for array, kind in (
            (curves.flat, np.float64),
            (curves.series_of, np.int64),
            (curves.series, np.float64),
            (curves.season, np.int64),
            (np.concatenate([curves.values, shed], axis=1), np.float64),
            (load, np.float64),
            (storage.inflow, np.float64),
            (np.array(numbers), np.float64),
        )
    ]
    written = (plan.charge, plan.discharge, plan.level, plan.start, plan.value)
    failed = library.sextant_storage(
        ctypes.c_int(hours),
        ctypes.c_int(period),
        ctypes.c_int(blocks),
        *(ctypes.c_void_p(array.ctypes.data) for array in (*arrays, *written)),
    )
    if failed:
        raise MemoryError("no memory for the lists of a storage")
    return plan
