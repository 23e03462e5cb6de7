"""Whether what a run is asked for fits its baseline, by what the database answered with the request."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sextant.drivers.hourly import hourly_faults
from sextant.drivers.parameters import BUILT_IN, RESERVED, points_of
from sextant.drivers.references import Remark, faults, horizon_of, warnings, year_faults
from sextant.drivers.vocabulary import Vocabulary
from sextant.drivers.workload import seconds_of_run

Context = Mapping[str, Any]
SURELY = 2.0
"""An estimate by size alone may be wrong by so much: machines differ."""


def run_faults(context: Context) -> list[Remark]:
    """What the baseline cannot answer. Of a sweep, points of another model are that model's matter."""
    vocabulary = Vocabulary.of(context["vocabulary"])
    computed = [point for point in _points(context) if _is_built_in(point)]
    wrong = faults(context["assumptions"], vocabulary) if computed else []
    for point in computed:
        wrong += year_faults(point, vocabulary)
    if not wrong:
        wrong = hourly_faults(context["assumptions"], _hourly_points(context), vocabulary)
    return list(dict.fromkeys(wrong))


def time_faults(context: Context, timeout_minutes: int, at_once: Callable[[], int]) -> Iterator[Remark]:
    """What is said of a run whose work is far more than fits its timeout on all workers at once; what is nearer a worker measures first."""
    seconds, most = seconds_of_work(context), SURELY * 60.0 * timeout_minutes
    if seconds <= most:
        return
    workers = at_once()
    if (needed := seconds / max(1, workers)) > most:
        yield Remark(
            "timeout_minutes",
            "too_short",
            f"must be at least {math.ceil(needed / 60.0):,}: the run is about {seconds:,.0f} s of work, of which {workers} parts may be "
            "computed at once; fewer draws, years, hours or attribution_evaluations take less",
        )


def seconds_of_work(context: Context) -> float:
    """About how long a single worker would take for all points; 0 where the baseline does not say, or a plug-in computes."""
    vocabulary = Vocabulary.of({**context["vocabulary"], "units": context["vocabulary"]["units"] or {}})
    parameters = dict(context["parameters"])
    sweep = parameters.pop(RESERVED, None) or {}
    alone = {"attribution": False} if sweep else {}
    by_size: dict[Any, float] = {}
    total = 0.0
    for point in points_of(sweep):
        whole = {**parameters, **point, **alone}
        if not _is_built_in(whole):
            continue
        size = tuple(point.get(name) for name in ("start_year", "end_year", "weather_year", "draws"))
        if size not in by_size:
            by_size[size] = seconds_of_run(context["assumptions"], whole, vocabulary) or 0.0
        total += by_size[size]
    return total


def run_warnings(context: Context) -> list[Remark]:
    """What the run will do, but perhaps not as it was meant: drivers that never act, a baseline that has changed."""
    remarks = []
    if (since := context["baseline_since"]) is not None:
        name, version = context["vocabulary"]["name"], context["vocabulary"]["version"]
        remarks.append(
            Remark(
                "parameters.baseline",
                "baseline_changed",
                f"the baseline {name} has changed since the scenario did: the run takes its version {version} "
                f"of {since[:16]}Z",
            )
        )
    points = [point for point in _points(context) if _is_built_in(point)]
    if points and context["vocabulary"] is not None:
        vocabulary = Vocabulary.of({**context["vocabulary"], "units": context["vocabulary"]["units"] or {}})
        horizons = [horizon_of(point, vocabulary) for point in points]
        whole = (min(first for first, _ in horizons), max(last for _, last in horizons))
        remarks += warnings(context["assumptions"], whole, vocabulary)
    return remarks


def _hourly_points(context: Context) -> list[Mapping[str, Any]]:
    """The parameters of every point that has hourly results."""
    parameters = context["parameters"]
    points = ({**parameters, **point} for point in points_of(parameters.get(RESERVED) or {}))
    return [point for point in points if point.get("hourly") and _is_built_in(point)]


def _points(context: Context) -> Iterator[Mapping[str, Any]]:
    """The parameters of each point of a sweep, or of the run; a sweep that moves no year, weather or model counts as one."""
    parameters = context["parameters"]
    sweep = {
        name: values
        for name, values in (parameters.get(RESERVED) or {}).items()
        if name in ("model", "start_year", "end_year", "weather_year")
    }
    for point in points_of(sweep):
        yield {**parameters, **point}


def _is_built_in(parameters: Mapping[str, Any]) -> bool:
    return bool(parameters.get("model", BUILT_IN) == BUILT_IN)
