"""The build for a renewable target beside storages: both at once where the target binds, by turns where it does not."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from sextant.engine import renewables
from sextant.engine.dispatch import DispatchProblem
from sextant.engine.renewables import Build
from sextant.engine.stack import Problem
from sextant.engine.storage.several import Operation, Storages, operate, operate_and_build
from sextant.engine.system import FloatArray

TURNS, STILL_MW = 12, 1e-6
"""How often a build and the storages take turns; storages that move less stand still."""
SAME_BUILD = 1e-5
"""Builds that differ by this share are the same."""


def build_with_storages(
    standard: Problem, storages: Storages, guess: FloatArray | None
) -> tuple[Build, Operation]:
    """The build of one year, and what the storages of its rows do.

    Both at once, the storages may have more built than the target needs, where that pays: then its credit is nothing. The rule forbids
    it, and they take turns until neither moves, or for TURNS; the certificate tells what is missing.
    """
    worked, built, credit = operate_and_build(standard, storages)
    served = np.maximum(standard.load + worked.position, 0.0)
    solved = renewables.solve(replace(standard, load=served), guess=guess)
    # Where there is a credit, the least build with what the storages do costs no more than theirs, though several may cost the same.
    same = (credit > 0.0) | (np.abs(solved.mw - built) <= SAME_BUILD * (1.0 + solved.mw))
    others = np.flatnonzero(~same)
    # With what the storages do given, other credits would do too; this one does for both.
    solved = replace(solved, credit=np.where(np.isnan(credit), solved.credit, np.maximum(credit, 0.0)))
    if others.size:
        start = None if guess is None else guess[others]
        turned, moved = _by_turns(standard.rows(others), storages.rows(others), start)
        worked.put(others, moved)
        for field in fields(Build):
            getattr(solved, field.name)[others] = getattr(turned, field.name)
    return solved, worked


def _by_turns(standard: Problem, storages: Storages, guess: FloatArray | None) -> tuple[Build, Operation]:
    solved = renewables.solve(standard, guess=guess)
    worked = Operation.idle(storages, standard.load.shape[1])
    for _ in range(TURNS):
        before = worked.position
        bids = standard.bids - solved.credit[:, None, None] * standard.renewable
        worked = operate(
            DispatchProblem(
                load=standard.load,
                capacity=standard.capacity + solved.mw[:, None] * standard.mix,
                bids=bids,
                ranking=bids,
                profiles=standard.profiles,
                profile_of=standard.profile_of,
                must_take=standard.must_take,
                weights=standard.weights,
                season=standard.season,
                value_of_lost_load=standard.value_of_lost_load,
            ),
            storages,
        )
        if float(np.abs(worked.position - before).max()) <= STILL_MW:
            break
        served = np.maximum(standard.load + worked.position, 0.0)
        solved = renewables.solve(replace(standard, load=served), guess=solved.credit)
    return solved, worked
