"""The built-in model: single-zone merit order, with RPS builds, random drivers, bands and attribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from sextant.drivers.assumptions import PlacedDriver, read_assumptions
from sextant.drivers.conditions import ConditionMetric
from sextant.drivers.errors import ModelInputError
from sextant.drivers.parameters import read_parameters
from sextant.drivers.references import Remark
from sextant.drivers.workload import affordable_coalitions, seconds_of_evaluation
from sextant.engine.attribution import Coalition, Plan, divide, in_cents, plan
from sextant.engine.capital import paid_off
from sextant.engine.checks import check_references, stored
from sextant.engine.hourly import hourly
from sextant.engine.inputs import Fleet, Inputs, build_fleet, initial_inputs, stacked
from sextant.engine.market import Terms, clear, conditions
from sextant.engine.model import (
    Attribution,
    Hourly,
    Progress,
    SimulationRequest,
    SimulationResult,
)
from sextant.engine.parameters import RunParameters, complete
from sextant.engine.results import Measured, measure, together
from sextant.engine.sampling import Sampler
from sextant.engine.system import FloatArray, IntArray, SystemData
from sextant.engine.tabulate import headline, tabulate
from sextant.engine.transform import Setting, apply_all
from sextant.engine.weather import in_weather
from sextant.engine.workload import Workload

VERSION = "1.3.0"
LIMITS = (
    "Single zone: no network, no imports or exports beyond the units listed.",
    "No unit commitment: no start-up costs, minimum load, ramps or minimum times.",
    "Storages know the whole period beforehand and have no outages of their own; no demand response.",
    "Outages take the same share off every hour; no forced-outage sampling.",
    "Representative hours keep no chronology and smooth out extremes of weather and load.",
    "Perfect competition: units bid their marginal cost; no reserve or capacity market.",
    "The fleet is given; only a renewable portfolio standard builds, one year after another without foresight, and for each weather year on its own.",
)
BLOCK_CELLS = 360_000
"""Draws are computed in blocks of about this many year-hours: memory is bounded whatever their number, and caches are kept."""


@dataclass(frozen=True)
class Scenario:
    """A request made ready to compute; of several weather years `members` has each one's."""

    system: SystemData
    assumptions: tuple[PlacedDriver, ...]
    parameters: RunParameters
    fleet: Fleet
    terms: Terms
    sampler: Sampler
    warnings: tuple[Remark, ...]
    members: tuple[Scenario, ...] = ()

    @property
    def weathers(self) -> tuple[Scenario, ...]:
        """This scenario in each of its weather years, which take turns over the draws."""
        return self.members or (self,)

    @property
    def evaluated(self) -> int:
        """How many draws a run evaluates, 0 where nothing differs: those that are asked for, or one in each weather year."""
        return self.parameters.draws if self.sampler.random else len(self.members)

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
        """Draws computed at once; blocks begin at its multiples and end with the run's draws, so a draw has the same bytes wherever it is computed."""
        return max(1, BLOCK_CELLS // (len(self.terms.years) * len(self.terms.weights)))

    def central(self) -> Measured:
        """The case without chance: every random driver at its mean, no noise."""
        return self.measure(self.inputs(self.assumptions, self.parameters.shock_bp, self.sampler.central()))

    @property
    def hourly(self) -> Hourly | None:
        """The hours of the central case; None where none are asked for."""
        if not (metrics := self.parameters.hourly):
            return None
        inputs = self.inputs(self.assumptions, self.parameters.shock_bp, self.sampler.central())
        return hourly(
            clear(inputs, self.fleet, self.terms), self.fleet, self.terms, metrics, self.system.currency
        )

    def draws(self, first: int, last: int, progress: Progress) -> Measured:
        """The draws first … last − 1, values [last − first, Y]."""
        places: list[IntArray] = []
        parts: list[Measured] = []
        for start in range(first - first % self.block, last, self.block):
            end = min(start + self.block, self.evaluated)
            measured = self._block(start, end)
            keep = np.arange(max(first, start), min(last, end))
            whole = (np.broadcast_to(v, (end - start, v.shape[1])) for v in measured.values)
            parts.append(Measured(measured.columns, tuple(v[keep - start] for v in whole)))
            places.append(keep - first)
            done = min(end, last)
            progress(80 * (done - first) // (last - first), f"{done - first} of {last - first} draws")
        return together(places, parts, last - first)

    def _block(self, start: int, end: int) -> Measured:
        """The draws start … end − 1, those of each weather year at once."""
        random = self.sampler.draws(start, end)
        weathers, draws = self.weathers, np.arange(start, end)
        places = [np.flatnonzero(draws % len(weathers) == at) for at in range(len(weathers))]
        parts = [
            weather.measure(
                weather.inputs(
                    self.assumptions,
                    self.parameters.shock_bp,
                    {path: values[at] for path, values in random.items()},
                )
            )
            for weather, at in zip(weathers, places, strict=True)
            if at.size
        ]
        return together([at for at in places if at.size], parts, end - start) if self.members else parts[0]

    def worth(self, coalitions: Sequence[Coalition], progress: Progress) -> list[float]:
        """NPV of the central case under each subset of the assumptions, many of them at a time; of weather years their mean."""
        if self.members:
            each = [member.worth(coalitions, progress) for member in self.members]
            return [sum(worths) / len(each) for worths in zip(*each, strict=True)]
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
        affordable = affordable_coalitions(
            self.parameters.attribution_evaluations,
            self.seconds * len(self.weathers),
            (self.evaluated or 1) / len(self.weathers),
        )
        return plan(len(self.assumptions) + (self.parameters.shock_bp != 0.0), affordable)

    @cached_property
    def seconds(self) -> float:
        """About how long one evaluation takes, by size alone."""
        return seconds_of_evaluation(
            stored(self.assumptions),
            len(self.terms.years),
            len(self.terms.weights),
            len(self.fleet.units),
            int(self.fleet.is_storage.sum()),
        )

    @property
    def workload(self) -> Workload:
        attribution = self.attribution
        coalitions = 0 if attribution is None else len(attribution.coalitions)
        return Workload(self.evaluated, coalitions, self.seconds, self.block, len(self.weathers))


def prepare(request: SimulationRequest) -> Scenario:
    """Read and check everything before computing anything."""
    system = request.baseline
    parameters = complete(read_parameters(request.parameters), system)
    assumptions = read_assumptions(request.assumptions)
    warnings = check_references(assumptions, system, parameters.years, request.parameters)
    fleet = build_fleet(system, assumptions, parameters.years)
    terms = Terms(
        years=np.array(parameters.years, dtype=np.int64),
        weights=system.weights,
        month=system.month,
        value_of_lost_load=parameters.value_of_lost_load,
        spill_cost=system.spill_cost,
        discount_rate=parameters.discount_rate,
        base_year=parameters.base_year,
        as_listed=parameters.equal_bids == "LISTED",
    )
    sampler = Sampler(assumptions, request.seed, len(system.years))
    weathers = [in_weather(system, year) for year in parameters.weather_years]
    members = [
        Scenario(one, assumptions, parameters, fleet, terms, sampler, warnings)
        for one in weathers
        for fleet in [build_fleet(one, assumptions, parameters.years)]
    ]
    if len(members) == 1:
        return members[0]
    return Scenario(system, assumptions, parameters, fleet, terms, sampler, warnings, members=tuple(members))


class MeritOrderModel:
    """See docs/model.md."""

    name = "merit_order"
    version = VERSION
    limits: Sequence[str] = LIMITS

    def run(self, request: SimulationRequest) -> SimulationResult:
        request.progress(0, "reading the scenario")
        scenario = prepare(request)
        if scenario.evaluated:
            measured = scenario.draws(0, scenario.evaluated, request.progress)
        else:
            measured = scenario.central()
        return self._finish(scenario, request, measured)

    def block(self, request: SimulationRequest, first: int, last: int) -> Measured:
        """Some of a run's draws, to be merged with the others; the same bytes on whichever worker."""
        scenario = prepare(request)
        if not scenario.evaluated:
            raise ModelInputError("assumptions", "hold a random driver, or there are no draws to split")
        if not 0 <= first < last <= scenario.evaluated:
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
        if not scenario.evaluated:
            return self._finish(scenario, request, scenario.central(), worths)
        ends = np.cumsum([len(block.values[0]) for block in blocks]).tolist()
        if ends[-1] != scenario.evaluated:
            raise ModelInputError(
                "blocks", f"hold all {scenario.evaluated} draws of one scenario, not {ends[-1]}"
            )
        places = [np.arange(start, end) for start, end in pairwise([0, *ends])]
        measured = together(places, blocks, scenario.evaluated)
        return self._finish(scenario, request, measured, worths)

    def _finish(
        self,
        scenario: Scenario,
        request: SimulationRequest,
        measured: Measured,
        worths: Sequence[float] | None = None,
    ) -> SimulationResult:
        random = scenario.evaluated > 0
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
        metadata = self._metadata(scenario, request, measured, random=random)
        return SimulationResult(rows, metrics, metadata, attribution, scenario.hourly)

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
                "digest": request.baseline.digest(),
                "illustrative": scenario.system.illustrative,
            },
            "currency": scenario.system.currency,
            "price_year": scenario.system.price_year,
            "seed": request.seed,
            "draws": scenario.evaluated,
            "bands": {"lower": "P5", "value": "P50", "upper": "P95"} if random else None,
            **self._statistics(scenario, measured, random=random),
            "parameters": asdict(scenario.parameters) | {"years": list(scenario.parameters.years)},
            "warnings": [
                *({**asdict(note), "path": f"baseline.{note.path}"} for note in scenario.system.notes),
                *(warning._asdict() for warning in scenario.warnings),
            ],
            "hours": len(scenario.terms.weights),
            "units": len(scenario.fleet.units),
            "certificate": {"largest_gap": float(measured.of("optimality_gap").max())},
            "hourly": {"metrics": list(scenario.parameters.hourly), "case": "central" if random else "only"}
            if scenario.parameters.hourly
            else None,
            "paid_off": paid_off(scenario.fleet, scenario.parameters.years[-1]),
        }

    @staticmethod
    def _statistics(scenario: Scenario, measured: Measured, *, random: bool) -> dict[str, Any]:
        if not random:
            return {}
        percents = scenario.parameters.percentiles
        return {"statistics": headline(measured, percents, scenario.system.currency)}


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
    if scenario.evaluated:
        shares.append(("uncertainty", "chance", npv - division.whole, None))
    return in_cents("npv", division.nothing, npv, shares, chosen.method)
