"""A MATPOWER case (`.m`, case format 2) as a baseline: its generators with their cost curves, all buses as one zone.

The format is that of MATPOWER's manual, appendix B ("Data File Format").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sextant_client.importers.baseline import ImportedBaseline
from sextant_client.importers.report import ImportRefusedError, Report

# Columns of the matrices, from 0.
_BUS, _PD = 0, 2
_GEN_BUS, _STATUS, _PMAX, _PMIN = 0, 7, 8, 9
_MODEL, _STARTUP, _COUNT, _CURVE = 0, 1, 3, 4
_LINEAR, _POLYNOMIAL = 1, 2
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|Inf|NaN)", re.IGNORECASE)


def from_matpower(
    path: str | Path,
    *,
    name: str | None = None,
    year: int = 2030,
    load_factors: Sequence[float] | None = None,
    currency: str = "USD",
    value_of_lost_load: float = 10_000.0,
    blocks: int = 5,
) -> ImportedBaseline:
    """A case file as a baseline of one year.

    path: the `.m` file, with `mpc.bus`, `mpc.gen` and `mpc.gencost`; `mpc.genfuel` where it names technologies
    name: the baseline's; the file's without it
    year: which year the baseline's only one is called
    load_factors: the load of each hour as a share of the case's; without it one hour stands for the whole year
    currency: of the costs (the format has none)
    value_of_lost_load: in that currency per MWh
    blocks: into how many blocks a polynomial of second degree or more is cut

    Raises `ImportRefusedError`, with matrix and row, for what is no case or has no cost curve.
    """
    file = Path(path)
    case = _Case.read(file)
    report = Report(f"MATPOWER case {file.name}")
    units = _units(case, blocks, currency, report)
    demand = sum(row[_PD] for row in case.bus)
    if demand <= 0:
        raise ImportRefusedError(
            f"{file.name}: mpc.bus has a load (PD) of {demand:g} MW together; it must be above 0"
        )
    factors = list(load_factors) if load_factors is not None else [1.0]
    report.convert("mpc.bus: PD", f"one zone: the buses' loads are summed to {demand:,.1f} MW", len(case.bus))
    if load_factors is None:
        report.assume("hours", "one, which stands for the whole year: the case is one moment")
    else:
        report.map("load_factors", "load: load_mw by hour", len(factors))
    report.assume("value of lost load", f"{value_of_lost_load:,.0f} {currency}/MWh")
    report.assume(
        "fuels, emissions", "none: the format has costs only, so fuel prices and carbon prices move nothing"
    )
    report.leave_out("mpc.branch: the network", "one zone has none; congestion and losses are not seen")
    tables = {
        "units": units,
        "load": [
            {"year": year, "hour": h + 1, "load_mw": demand * factor} for h, factor in enumerate(factors)
        ],
        "prices": [{"year": year, "carbon": 0.0}],
    }
    options = {"currency": currency, "price_year": year, "value_of_lost_load": value_of_lost_load}
    return ImportedBaseline(name or file.stem, tables, options, report)


@dataclass(frozen=True)
class _Case:
    """The matrices of a case that a baseline needs."""

    file: str
    bus: list[list[float]]
    gen: list[list[float]]
    costs: list[list[float]]
    fuels: list[str]

    @classmethod
    def read(cls, file: Path) -> _Case:
        text = re.sub(r"%[^\n]*", "", file.read_text(encoding="utf-8", errors="replace")).replace("...", " ")
        bus, gen, costs = (_matrix(text, part, file) for part in ("bus", "gen", "gencost"))
        if len(costs) < len(gen):
            raise ImportRefusedError(
                f"{file.name}: mpc.gencost has {len(costs)} rows, mpc.gen {len(gen)}: each generator needs one"
            )
        return cls(file.name, bus, gen, costs, _texts(text, "genfuel"))

    def in_service(self) -> list[int]:
        """The rows of the generators that run and give power."""
        return [row for row, each in enumerate(self.gen) if each[_STATUS] > 0 and each[_PMAX] > 0]


def _units(case: _Case, blocks: int, currency: str, report: Report) -> list[dict[str, Any]]:
    units: list[dict[str, Any]] = []
    falling: list[str] = []
    rows = case.in_service()
    if not rows:
        raise ImportRefusedError(f"{case.file}: mpc.gen has no generator that is in service and gives power")
    fixed: dict[int, float] = {}
    for row in rows:
        name = f"gen {row + 1} (bus {case.gen[row][_GEN_BUS]:.0f})"
        place = f"{case.file}: mpc.gencost, row {row + 1}"
        pieces, fixed[row] = _pieces(case.costs[row], case.gen[row][_PMAX], blocks, place)
        if any(later < earlier - 1e-9 for (_, earlier), (_, later) in pairwise(pieces)):
            falling.append(name)
            total = sum(mw for mw, _ in pieces)
            pieces = [(total, sum(mw * price for mw, price in pieces) / total)]
        several = len(pieces) > 1
        units += [
            {
                "name": f"{name} {number + 1}" if several else name,
                "technology": case.fuels[row] if row < len(case.fuels) else "generator",
                "capacity_mw": mw,
                "variable_cost": price,
                "block_of": name if several else "",
            }
            for number, (mw, price) in enumerate(pieces)
        ]
    report.map("mpc.gen: PMAX", "units: capacity_mw", len(rows))
    curves = f"{len(units)} blocks of variable_cost in {currency}/MWh: the slopes of the cost curves"
    report.convert("mpc.gencost", curves, len(rows))
    if case.fuels:
        report.map("mpc.genfuel", "units: technology", len(set(case.fuels)))
    else:
        report.assume("technology", "`generator` for all: the case has no mpc.genfuel")
    commitment = "the dispatch is a merit order without commitment"
    for source, reason, count in (
        ("generators out of service", "GEN_STATUS is 0", sum(each[_STATUS] <= 0 for each in case.gen)),
        (
            "generators without positive PMAX (dispatchable loads)",
            "the load is fixed",
            sum(each[_STATUS] > 0 >= each[_PMAX] for each in case.gen),
        ),
        ("PMIN", commitment, sum(case.gen[row][_PMIN] > 0 for row in rows)),
        ("cost at no load", "it does not depend on the energy", sum(cost != 0 for cost in fixed.values())),
        ("start and stop costs", commitment, sum(any(case.costs[row][_STARTUP:_COUNT]) for row in rows)),
    ):
        if count:
            report.leave_out(source, reason, int(count))
    if falling:
        means = f"one block at the mean cost: {', '.join(falling)}"
        report.convert("cost curves whose slope falls", means, len(falling))
    return units


def _pieces(
    cost: Sequence[float], top: float, blocks: int, place: str
) -> tuple[list[tuple[float, float]], float]:
    """(MW, cost of a MWh) of each block up to `top` MW, and the cost of an hour at no load."""
    model, count = cost[_MODEL], int(cost[_COUNT])
    curve = cost[_CURVE:]
    if model == _POLYNOMIAL:
        coefficients = curve[:count]
        if len(coefficients) < count or count < 1:
            raise ImportRefusedError(f"{place}: NCOST is {count}, and there are {len(curve)} coefficients")

        def at(mw: float) -> float:
            value = 0.0
            for coefficient in coefficients:
                value = value * mw + coefficient
            return value

        parts = blocks if count > 2 and any(coefficients[:-2]) else 1
        edges = [top * k / parts for k in range(parts + 1)]
        return _slopes([(mw, at(mw)) for mw in edges]), coefficients[-1]
    if model == _LINEAR:
        points = list(zip(curve[0 : 2 * count : 2], curve[1 : 2 * count : 2], strict=False))
        if len(points) < 2:
            raise ImportRefusedError(
                f"{place}: a piecewise linear curve needs two points or more, and has {len(points)}"
            )
        fixed = points[0][1] if points[0][0] == 0 else 0.0
        if points[0][0] > 0:
            points.insert(0, (0.0, 0.0))
        inside = [point for point in points if point[0] < top]
        after = next((point for point in points if point[0] >= top), None)
        last = inside[-1]
        if after is None:
            # Beyond its last point a curve goes on as its last piece does.
            (x0, y0), (x1, y1) = points[-2:]
            after = (top, y1 + (y1 - y0) / (x1 - x0) * (top - x1))
        share = (top - last[0]) / (after[0] - last[0])
        return _slopes([*inside, (top, last[1] + share * (after[1] - last[1]))]), fixed
    raise ImportRefusedError(
        f"{place}: MODEL is {model:g}; it must be 1 (piecewise linear) or 2 (polynomial)"
    )


def _slopes(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x1 - x0, (y1 - y0) / (x1 - x0)) for (x0, y0), (x1, y1) in pairwise(points) if x1 > x0]


def _matrix(text: str, part: str, file: Path) -> list[list[float]]:
    match = re.search(rf"mpc\.{part}\s*=\s*\[(.*?)\]", text, re.DOTALL)
    if match is None:
        raise ImportRefusedError(
            f"{file.name}: there is no matrix mpc.{part}; a case of format 2 has bus, gen and gencost"
        )
    rows = [[float(number) for number in _NUMBER.findall(row)] for row in re.split(r"[;\n]", match[1])]
    rows = [row for row in rows if row]
    needed = {"bus": _PD, "gen": _PMIN, "gencost": _CURVE}[part] + 1
    for number, row in enumerate(rows):
        if len(row) < needed:
            raise ImportRefusedError(
                f"{file.name}: mpc.{part}, row {number + 1} has {len(row)} columns, at least {needed} are needed"
            )
    return rows


def _texts(text: str, part: str) -> list[str]:
    match = re.search(rf"mpc\.{part}\s*=\s*\{{(.*?)\}}", text, re.DOTALL)
    return list(_quoted(match[1])) if match else []


def _quoted(text: str) -> Iterator[str]:
    for single, double in re.findall(r"'([^']*)'|\"([^\"]*)\"", text):
        yield single or double
