"""Which runs can be compared, and what differs in what they were computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sextant.canonical import decode
from sextant.errors import FieldError
from sextant.outputs import repository
from sextant.outputs.model import ComputedRun
from sextant.outputs.service import RunWithoutResultError
from sextant.runs.errors import RunNotFoundError
from sextant.scenarios.differences import Difference, differences
from sextant.storage import Session


def runs_to_compare(session: Session, runs: Mapping[str, UUID]) -> list[ComputedRun]:
    """The runs, in the order given; `runs` says by which path of the request each was named.

    Raises `RunNotFoundError` where the tenant has not one of them, `RunWithoutResultError` where one has no result to
    read; both name every such run.
    """
    known: dict[UUID, ComputedRun] = {
        run.id: run for run in repository.computed_runs(session, set(runs.values()))
    }
    missing = [
        FieldError(path, "exists", f"names {run}, which is no run of the tenant")
        for path, run in runs.items()
        if run not in known
    ]
    if missing:
        raise RunNotFoundError(f"{missing[0].path} {missing[0].message}.", errors=missing)
    unreadable = [
        FieldError(path, "has_result", f"names {run}, which has no result to read: {why}")
        for path, run in runs.items()
        if (why := known[run].why_without_result)
    ]
    if unreadable:
        raise RunWithoutResultError(f"{unreadable[0].path} {unreadable[0].message}.", errors=unreadable)
    return [known[run] for run in runs.values()]


def inputs_that_differ(baseline: ComputedRun, run: ComputedRun) -> list[Difference]:
    """What differs in all that decided the two results: assumptions, parameters, model, baseline, seed."""
    resolved = all(one.metadata.get("parameters") for one in (baseline, run))
    return list(differences(_inputs(baseline, resolved=resolved), _inputs(run, resolved=resolved)))


def _inputs(run: ComputedRun, *, resolved: bool) -> dict[str, Any]:
    """All that decided the result; its parameters as the model completed them where it says so of both results."""
    metadata, given = run.metadata, decode(run.parameters)
    own_baseline, model = given.pop("baseline", None), given.pop("model", None)
    return {
        "assumptions": decode(run.assumptions),
        "parameters": _horizon(metadata["parameters"]) if resolved else given,
        "model": metadata.get("model", model),
        "model_version": metadata.get("model_version"),
        "baseline": metadata.get("baseline", own_baseline),
        "seed": run.seed,
        "environment": run.environment,
        "code_version": run.code_version,
    }


def _horizon(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with the first and last year for all the years between."""
    years: Sequence[int] | None = parameters.get("years")
    if not years:
        return dict(parameters)
    rest = {name: value for name, value in parameters.items() if name != "years"}
    return {**rest, "start_year": years[0], "end_year": years[-1]}
