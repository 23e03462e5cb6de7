"""The built-in model: single-zone merit order, with RPS builds, random drivers, bands and attribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sextant.engine.checks import check_references
from sextant.engine.drivers import Assumption, ConditionMetric
from sextant.engine.inputs import Fleet, Inputs, build_fleet, initial_inputs
from sextant.engine.market import Cleared, Terms, clear, conditions
from sextant.engine.model import MetricValue, OutputRows, SimulationRequest, SimulationResult
from sextant.engine.parameters import RunParameters, read_parameters
from sextant.engine.payloads import read_assumptions
from sextant.engine.results import Column, Measured, measure
from sextant.engine.sampling import Sampler
from sextant.engine.system import FloatArray, SystemData
from sextant.engine.transform import Setting, apply_all

VERSION = "1.0.0"
LIMITS = (
    "Single zone: no network, no imports or exports beyond the units listed.",
    "No unit commitment: no start-up costs, minimum load, ramps or minimum times.",
    "No storage and no demand response; load does not react to price.",
    "Outages take the same share off every hour; no forced-outage sampling.",
    "Representative hours keep no chronology and smooth out extremes of weather and load.",
    "Perfect competition: units bid their marginal cost; no reserve or capacity market.",
    "The fleet is given; only a renewable portfolio standard builds, one year after another without foresight.",
)
BLOCK_CELLS = 1_000_000
"""Draws are computed in blocks of about this many year-hours, which bounds memory whatever the number of draws."""
SIGNIFICANT = 12
"""Results are rounded to this many significant digits: below it, processors differ in the last bits."""


@dataclass(frozen=True)
class Scenario:
    """A request made ready to compute."""

    system: SystemData
    assumptions: tuple[Assumption, ...]
    parameters: RunParameters
    fleet: Fleet
    terms: Terms
    sampler: Sampler

    def reference(self, shock_bp: float) -> Inputs:
        return initial_inputs(self.system, self.fleet, self.parameters.years, shock_bp)

    def clear(
        self, assumptions: Sequence[Assumption], shock_bp: float, random: Mapping[str, FloatArray]
    ) -> Cleared:
        """The market under some of the assumptions."""
        offset = self.system.years.index(self.parameters.years[0])
        span = slice(offset, offset + len(self.parameters.years))

        def evaluate(inputs: Inputs) -> Mapping[ConditionMetric, FloatArray]:
            return conditions(clear(inputs, self.fleet, self.terms), self.fleet, self.terms)

        setting = Setting(
            fleet=self.fleet,
            years=self.terms.years,
            month=self.terms.month,
            weights=self.terms.weights,
            random={path: values[:, span] for path, values in random.items()},
            evaluate=evaluate,
        )
        return clear(apply_all(assumptions, self.reference(shock_bp), setting), self.fleet, self.terms)


def prepare(request: SimulationRequest) -> Scenario:
    """Read and check everything before computing anything."""
    system = request.baseline
    parameters = read_parameters(request.parameters, system)
    assumptions = read_assumptions(request.assumptions)
    fleet = build_fleet(system, assumptions, parameters.years)
    check_references(assumptions, fleet)
    terms = Terms(
        years=np.array(parameters.years, dtype=np.int64),
        weights=system.weights,
        month=system.month,
        value_of_lost_load=parameters.value_of_lost_load,
        spill_cost=system.spill_cost,
        discount_rate=parameters.discount_rate,
        base_year=parameters.base_year,
    )
    sampler = Sampler(assumptions, request.seed, len(system.years))
    return Scenario(system, assumptions, parameters, fleet, terms, sampler)


class MeritOrderModel:
    """See docs/model.md."""

    name = "merit_order"
    version = VERSION
    limits: Sequence[str] = LIMITS

    def run(self, request: SimulationRequest) -> SimulationResult:
        request.progress(0, "reading the scenario")
        scenario = prepare(request)
        random = scenario.sampler.random
        if random:
            measured = self._draws(scenario, request)
        else:
            cleared = scenario.clear(scenario.assumptions, scenario.parameters.shock_bp, {})
            measured = measure(cleared, scenario.fleet, scenario.terms)
        request.progress(80, "dispatch done")
        rows, metrics = tabulate(measured, scenario.parameters, random=random)
        request.progress(100, "done")
        return SimulationResult(rows, metrics, self._metadata(scenario, request, random=random))

    def _draws(self, scenario: Scenario, request: SimulationRequest) -> Measured:
        """All draws, block by block; values end up as [draws, Y]."""
        draws = scenario.parameters.draws
        cells = len(scenario.terms.years) * len(scenario.terms.weights)
        block = max(1, BLOCK_CELLS // cells)
        columns: tuple[Column, ...] = ()
        parts: list[list[FloatArray]] = []
        for first in range(0, draws, block):
            last = min(first + block, draws)
            random = scenario.sampler.draws(first, last)
            cleared = scenario.clear(scenario.assumptions, scenario.parameters.shock_bp, random)
            measured = measure(cleared, scenario.fleet, scenario.terms)
            columns = measured.columns
            size = last - first
            parts.append([np.broadcast_to(v, (size, v.shape[1])) for v in measured.values])
            request.progress(80 * last // draws, f"{last} of {draws} draws")
        return Measured(columns, tuple(np.concatenate(values) for values in zip(*parts, strict=True)))

    def _metadata(self, scenario: Scenario, request: SimulationRequest, *, random: bool) -> dict[str, Any]:
        return {
            "model": self.name,
            "model_version": self.version,
            "limits": list(self.limits),
            "baseline": {
                "name": scenario.system.name,
                "version": scenario.system.version,
                "digest": scenario.system.digest(),
                "illustrative": scenario.system.illustrative,
            },
            "currency": "EUR",
            "price_year": scenario.system.price_year,
            "seed": request.seed,
            "draws": scenario.parameters.draws if random else 0,
            "bands": {"lower": "P5", "value": "P50", "upper": "P95"} if random else None,
            "parameters": asdict(scenario.parameters) | {"years": list(scenario.parameters.years)},
            "hours": len(scenario.terms.weights),
            "units": len(scenario.fleet.units),
        }


def rounded(values: FloatArray) -> FloatArray:
    """Values at SIGNIFICANT significant digits, with one zero."""
    magnitude = np.where(values == 0.0, 1.0, np.abs(values))
    exponent = np.array([int(f"{value:e}"[-4:].lstrip("e")) for value in magnitude.ravel()])
    out = [
        round(v, SIGNIFICANT - 1 - e) + 0.0 for v, e in zip(values.ravel().tolist(), exponent, strict=True)
    ]
    return np.array(out).reshape(values.shape)


def tabulate(
    measured: Measured, parameters: RunParameters, *, random: bool
) -> tuple[OutputRows, tuple[MetricValue, ...]]:
    """Series to rows sorted by metric, tags and date, and to newest values."""
    years = [np.datetime64(f"{year:04d}-01-01", "D") for year in parameters.years]
    base = [np.datetime64(f"{parameters.base_year:04d}-01-01", "D")]
    tag_sets = list(dict.fromkeys(column.tags for column in measured.columns))
    names: list[str] = []
    units: list[str] = []
    dates: list[np.datetime64] = []
    tag_index: list[int] = []
    series: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    metrics: list[MetricValue] = []
    pairs = sorted(zip(measured.columns, measured.values, strict=True), key=lambda p: p[0].metric)
    for column, values in pairs:
        if random:
            low, mid, high = np.quantile(values, (0.05, 0.5, 0.95), axis=0)
        else:
            mid = values[0]
            low = high = np.full_like(mid, np.nan)
        low, mid, high = (part if np.all(np.isnan(part)) else rounded(part) for part in (low, mid, high))
        when = years if column.yearly else base
        names += [column.metric] * len(when)
        units += [column.unit] * len(when)
        dates += when
        tag_index += [tag_sets.index(column.tags)] * len(when)
        series.append((mid, low, high))
        metrics.append(
            MetricValue(
                metric=column.metric,
                asof_date=when[-1],
                value=float(mid[-1]),
                unit=column.unit,
                band_lower=float(low[-1]) if random else None,
                band_upper=float(high[-1]) if random else None,
                tags=column.tag_map,
            )
        )
    mids, lows, highs = (np.concatenate([s[k] for s in series]) for k in range(3))
    rows = OutputRows(
        metric=np.array(names),
        asof_date=np.array(dates, dtype="datetime64[D]"),
        value=mids,
        unit=np.array(units),
        band_lower=lows,
        band_upper=highs,
        tag_index=np.array(tag_index, dtype=np.int64),
        tag_sets=tuple(dict(tags) for tags in tag_sets),
    )
    return rows, tuple(metrics)
