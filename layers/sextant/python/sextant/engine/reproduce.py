"""Agreement with HiGHS on RTS-GMLC, from the system's public files: `python -m sextant.engine.reproduce --rts <folder>`.

The folder is a checkout's `RTS_Data`, with `SourceData/gen.csv` and the day-ahead series (github.com/GridMod/RTS-GMLC). Each of seven
cases (`sextant.engine.rts`) is run by the engine, and stated anew as a linear program from the files' own numbers, which knows nothing of the engine;
HiGHS solves it (scipy must be installed). The table tells both costs of the year's 8,784 hours, how they differ, what the engine's
own certificate says, and how long each took. It exits with 1 where one differs by more than 1e-9 of the cost.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from sextant.engine import SimulationRequest, SystemData, simulate
from sextant.engine.rts import CASES, PARAMETERS, Case, Rts, read, system_of
from sextant.engine.rts_program import least_cost

AGREED = 1e-9


def _say(line: str, to: TextIO | None = None) -> None:
    (to or sys.stdout).write(f"{line}\n")
    (to or sys.stdout).flush()


def compared(rts: Rts, system: SystemData, cases: Sequence[Case] = CASES) -> float:
    """Print a row for each case; the largest relative difference."""
    _say(
        f"{'case':10}{'Sextant, USD':>20}{'HiGHS, USD':>20}{'difference':>12}{'own gap':>10}{'s':>8}{'HiGHS, s':>10}"
    )
    worst = 0.0
    for case in cases:
        began = time.perf_counter()
        request = SimulationRequest(case.assumptions, system, PARAMETERS)
        result = simulate(request)
        middle = time.perf_counter()
        theirs = least_cost(rts, case)
        took = time.perf_counter() - middle
        at = {str(name): row for row, name in enumerate(result.rows.metric)}
        ours = float(result.rows.value[at["dispatch_cost"]])
        gap = float(result.rows.value[at["optimality_gap"]])
        difference = abs(ours - theirs) / abs(theirs)
        worst = max(worst, difference)
        _say(
            f"{case.name:10}{ours:20,.4f}{theirs:20,.4f}{difference:12.1e}{gap:10.0e}{middle - began:8.2f}{took:10.1f}",
        )
    return worst


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare all cases; 1 where one differs, 2 where files or scipy are missing."""
    parser = argparse.ArgumentParser(prog="python -m sextant.engine.reproduce", description=__doc__)
    parser.add_argument(
        "--rts", type=Path, required=True, help="folder with SourceData and timeseries_data_files"
    )
    try:
        rts = read(parser.parse_args(arguments).rts)
        import scipy
    except FileNotFoundError as error:
        _say(f"missing: {error.filename}", sys.stderr)
        return 2
    except ImportError:
        _say("scipy is missing: HiGHS comes with it (pip install scipy)", sys.stderr)
        return 2
    system = system_of(rts)
    units = len({plant.unit for plant in rts.plants})
    _say(
        f"RTS-GMLC: {len(rts.load):,} hours, {units} units in {len(rts.plants)} blocks; HiGHS of scipy {scipy.__version__}"
    )
    worst = compared(rts, system)
    _say(f"largest difference {worst:.1e}, allowed {AGREED:.0e}")
    return 0 if worst <= AGREED else 1


if __name__ == "__main__":
    raise SystemExit(main())
