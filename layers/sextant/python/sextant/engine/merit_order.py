"""The built-in model: single-zone merit order, with RPS builds, random drivers, bands and attribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sextant.drivers.assumptions import PlacedDriver, read_assumptions
from sextant.drivers.conditions import ConditionMetric
from sextant.drivers.errors import ModelInputError
from sextant.drivers.parameters import read_parameters
from sextant.drivers.references import Remark
from sextant.engine.attribution import Coalition, Plan, divide, in_cents, plan
from sextant.engine.capital import paid_off
from sextant.engine.checks import check_references
from sextant.engine.inputs import Fleet, Inputs, build_fleet, initial_inputs, stacked
from sextant.engine.market import Terms, clear, conditions
from sextant.engine.model import (
    Attribution,
    MetricValue,
    OutputRows,
    Progress,
    SimulationRequest,
    SimulationResult,
)
from sextant.engine.parameters import RunParameters, complete
from sextant.engine.results import Column, Measured, measure
from sextant.engine.sampling import Sampler
from sextant.engine.system import EUR, FloatArray, SystemData
from sextant.engine.transform import Setting, apply_all
from sextant.engine.workload import Workload, seconds_of_evaluation

VERSION = "1.1.0"
LIMITS = (
    "Single zone: no network, no imports or exports beyond the units listed.",
    "No unit commitment: no start-up costs, minimum load, ramps or minimum times.",
    "Storages know the whole period beforehand and have no outages of their own; no demand response.",
    "Outages take the same share off every hour; no forced-outage sampling.",
    "Representative hours keep no chronology and smooth out extremes of weather and load.",
    "Perfect competition: units bid their marginal cost; no reserve or capacity market.",
    "The fleet is given; only a renewable portfolio standard builds, one year after another without foresight.",
)
BLOCK_CELLS = 360_000
"""Draws are computed in blocks of about this many year-hours: memory is bounded whatever their number, and caches are kept."""
ATTRIBUTION_SECONDS = 10.0
"""So long the attribution may take at least, by the estimate, unless the run says how many coalitions to evaluate."""
MOST_EVALUATIONS = 256
"""Coalitions beyond which an attribution that was not asked to be surer evaluates no more."""
SIGNIFICANT = 13
"""Results are rounded to this many significant digits: below it, processors differ in the last bits."""


@dataclass(frozen=True)
class Scenario:
    """A request made ready to compute."""

    system: SystemData
    assumptions: tuple[PlacedDriver, ...]
    parameters: RunParameters
    fleet: Fleet
    terms: Terms
    sampler: Sampler
    warnings: tuple[Remark, ...]

    def inputs(
        self, assumptions: Sequence[PlacedDriver], shock_bp: float, random: Mapping[str, FloatArray]
    ) -> Inputs:
        """The model's inputs under some of the assumptions."""
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
        start = initial_inputs(self.system, self.fleet, self.parameters.years, shock_bp)
        return apply_all(assumptions, start, setting)

    def measure(self, inputs: Inputs, *, detail: bool = True) -> Measured:
        """The results of a state of the inputs."""
        return measure(clear(inputs, self.fleet, self.terms), self.fleet, self.terms, detail=detail)

    @property
    def block(self) -> int:
        """Draws computed at once; blocks begin at its multiples, so a draw has the same bytes wherever it is computed."""
        return max(1, BLOCK_CELLS // (len(self.terms.years) * len(self.terms.weights)))

    def central(self) -> Measured:
        """The case without chance: every random driver at its mean, no noise."""
        return self.measure(self.inputs(self.assumptions, self.parameters.shock_bp, self.sampler.central()))

    def draws(self, first: int, last: int, progress: Progress) -> Measured:
        """The draws first … last − 1, values [last − first, Y]."""
        columns: tuple[Column, ...] = ()
        parts: list[list[FloatArray]] = []
        for start in range(first - first % self.block, last, self.block):
            end = start + self.block
            random = self.sampler.draws(start, end)
            measured = self.measure(self.inputs(self.assumptions, self.parameters.shock_bp, random))
            columns = measured.columns
            keep = slice(max(first - start, 0), min(last, end) - start)
            parts.append([np.broadcast_to(v, (self.block, v.shape[1]))[keep] for v in measured.values])
            done = min(end, last)
            progress(80 * (done - first) // (last - first), f"{done - first} of {last - first} draws")
        return Measured(columns, tuple(np.concatenate(values) for values in zip(*parts, strict=True)))

    def worth(self, coalitions: Sequence[Coalition], progress: Progress) -> list[float]:
        """NPV of the central case under each subset of the assumptions, many of them at a time."""
        random = self.sampler.central()
        npvs: list[float] = []
        for start in range(0, len(coalitions), self.block):
            states = [
                self.inputs(
                    [a for index, a in enumerate(self.assumptions) if index in coalition],
                    self.parameters.shock_bp if len(self.assumptions) in coalition else 0.0,
                    random,
                )
                for coalition in coalitions[start : start + self.block]
            ]
            npvs += self.measure(stacked(states), detail=False).of("npv")[:, 0].tolist()
            progress(
                80 + 19 * len(npvs) // len(coalitions),
                f"{len(npvs)} of {len(coalitions)} coalitions of the attribution",
            )
        return npvs

    @property
    def attribution(self) -> Plan | None:
        """The coalitions that divide the change in NPV; None where that is not asked for.

        Unless the run says how many, no more are evaluated than take as long as the run itself, or a few seconds.
        """
        if not self.parameters.attribution:
            return None
        affordable = self.parameters.attribution_evaluations
        if affordable is None:
            own = self.seconds * (self.parameters.draws if self.sampler.random else 1)
            affordable = min(MOST_EVALUATIONS, int(max(own, ATTRIBUTION_SECONDS) / self.seconds))
        return plan(len(self.assumptions) + (self.parameters.shock_bp != 0.0), affordable)

    @property
    def seconds(self) -> float:
        """About how long one evaluation takes, by size alone."""
        return seconds_of_evaluation(
            self.assumptions,
            len(self.terms.years),
            len(self.terms.weights),
            len(self.fleet.units),
            int(self.fleet.is_storage.sum()),
        )

    @property
    def workload(self) -> Workload:
        draws = self.parameters.draws if self.sampler.random else 0
        attribution = self.attribution
        coalitions = 0 if attribution is None else len(attribution.coalitions)
        return Workload(draws, coalitions, self.seconds, self.block)


def prepare(request: SimulationRequest) -> Scenario:
    """Read and check everything before computing anything."""
    system = request.baseline
    parameters = complete(read_parameters(request.parameters), system)
    assumptions = read_assumptions(request.assumptions)
    warnings = check_references(assumptions, system, parameters.years)
    fleet = build_fleet(system, assumptions, parameters.years)
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
    return Scenario(system, assumptions, parameters, fleet, terms, sampler, warnings)


class MeritOrderModel:
    """See docs/model.md."""

    name = "merit_order"
    version = VERSION
    limits: Sequence[str] = LIMITS

    def run(self, request: SimulationRequest) -> SimulationResult:
        request.progress(0, "reading the scenario")
        scenario = prepare(request)
        if scenario.sampler.random:
            measured = scenario.draws(0, scenario.parameters.draws, request.progress)
        else:
            measured = scenario.central()
        return self._finish(scenario, request, measured)

    def block(self, request: SimulationRequest, first: int, last: int) -> Measured:
        """Some of a run's draws, to be merged with the others; the same bytes on whichever worker."""
        scenario = prepare(request)
        if not scenario.sampler.random:
            raise ModelInputError("assumptions", "hold a random driver, or there are no draws to split")
        if not 0 <= first < last <= scenario.parameters.draws:
            raise ModelInputError("parameters.draws", f"cover the draws {first}–{last}")
        return scenario.draws(first, last, request.progress)

    def worths(self, request: SimulationRequest, first: int, last: int) -> FloatArray:
        """NPVs of some of the attribution's coalitions, in the plan's order."""
        scenario = prepare(request)
        attribution = scenario.attribution
        if attribution is None or not 0 <= first < last <= len(attribution.coalitions):
            raise ModelInputError("parameters.attribution", f"evaluate the coalitions {first}–{last}")
        return np.array(scenario.worth(attribution.coalitions[first:last], request.progress))

    def merge(
        self, request: SimulationRequest, blocks: Sequence[Measured], worths: Sequence[float] | None = None
    ) -> SimulationResult:
        """The result of blocks that together, in order, hold every draw, and of the worths of every coalition, if given."""
        scenario = prepare(request)
        if not scenario.sampler.random:
            return self._finish(scenario, request, scenario.central(), worths)
        held = sum(len(block.values[0]) for block in blocks)
        if held != scenario.parameters.draws or len({block.columns for block in blocks}) != 1:
            raise ModelInputError(
                "blocks", f"hold all {scenario.parameters.draws} draws of one scenario, not {held}"
            )
        values = zip(*(block.values for block in blocks), strict=True)
        measured = Measured(blocks[0].columns, tuple(np.concatenate(v) for v in values))
        return self._finish(scenario, request, measured, worths)

    def _finish(
        self,
        scenario: Scenario,
        request: SimulationRequest,
        measured: Measured,
        worths: Sequence[float] | None = None,
    ) -> SimulationResult:
        random = scenario.sampler.random
        request.progress(80, "dispatch done")
        rows, metrics = tabulate(
            measured, scenario.parameters, random=random, currency=scenario.system.currency
        )
        attribution = None
        if (chosen := scenario.attribution) is not None:
            npv = next(metric.value for metric in metrics if metric.metric == "npv")
            if worths is None:
                worths = scenario.worth(chosen.coalitions, request.progress)
            attribution = attribute_npv(scenario, npv, chosen, worths)
        request.progress(100, "done")
        return SimulationResult(
            rows, metrics, self._metadata(scenario, request, measured, random=random), attribution
        )

    def _metadata(
        self, scenario: Scenario, request: SimulationRequest, measured: Measured, *, random: bool
    ) -> dict[str, Any]:
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
            "currency": scenario.system.currency,
            "price_year": scenario.system.price_year,
            "seed": request.seed,
            "draws": scenario.parameters.draws if random else 0,
            "bands": {"lower": "P5", "value": "P50", "upper": "P95"} if random else None,
            "parameters": asdict(scenario.parameters) | {"years": list(scenario.parameters.years)},
            "warnings": [
                *({**asdict(note), "path": f"baseline.{note.path}"} for note in scenario.system.notes),
                *(warning._asdict() for warning in scenario.warnings),
            ],
            "hours": len(scenario.terms.weights),
            "units": len(scenario.fleet.units),
            "certificate": {"largest_gap": float(measured.of("optimality_gap").max())},
            "paid_off": paid_off(scenario.fleet, scenario.parameters.years[-1]),
        }


def attribute_npv(scenario: Scenario, npv: float, chosen: Plan, worths: Sequence[float]) -> Attribution:
    """Divide the change in NPV against the untouched baseline among the assumptions, the shock and chance."""
    labels = [(a.path, a.driver_type) for a in scenario.assumptions]
    if scenario.parameters.shock_bp != 0.0:
        labels.append(("parameters.shock_bp", "shock"))
    division = divide(chosen, worths)
    shares: list[tuple[str, str, float, float | None]] = [
        (label, kind, eur, error)
        for (label, kind), eur, error in zip(labels, division.shares, division.errors, strict=True)
    ]
    if scenario.sampler.random:
        shares.append(("uncertainty", "chance", npv - division.whole, None))
    return in_cents("npv", division.nothing, npv, shares, chosen.method)


def rounded(values: FloatArray) -> FloatArray:
    """Values at SIGNIFICANT significant digits, with one zero."""
    nearest = [float(f"{value:.{SIGNIFICANT - 1}e}") + 0.0 for value in values.ravel().tolist()]
    return np.array(nearest).reshape(values.shape)


def tabulate(
    measured: Measured, parameters: RunParameters, *, random: bool, currency: str
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
        unit = column.unit.replace(EUR, currency)
        if random:
            low, mid, high = np.quantile(values, (0.05, 0.5, 0.95), axis=0)
        else:
            mid = values[0]
            low = high = np.full_like(mid, np.nan)
        low, mid, high = (part if np.all(np.isnan(part)) else rounded(part) for part in (low, mid, high))
        when = years if column.yearly else base
        names += [column.metric] * len(when)
        units += [unit] * len(when)
        dates += when
        tag_index += [tag_sets.index(column.tags)] * len(when)
        series.append((mid, low, high))
        metrics.append(
            MetricValue(
                metric=column.metric,
                asof_date=when[-1],
                value=float(mid[-1]),
                unit=unit,
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
