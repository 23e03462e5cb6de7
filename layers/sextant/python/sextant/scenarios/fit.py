"""Whether a scenario fits the baseline that it names: refused where it cannot run, warned where a driver never acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

from sextant.baselines import service as baselines
from sextant.canonical import decode
from sextant.drivers.hourly import hourly_faults
from sextant.drivers.parameters import BUILT_IN
from sextant.drivers.references import Remark, faults, horizon_of, warnings, year_faults
from sextant.drivers.vocabulary import reference_vocabulary
from sextant.drivers.workload import seconds_of_run
from sextant.errors import FieldError, refuse
from sextant.scenarios.model import Scenario, WrittenScenario
from sextant.storage import Session


@dataclass(frozen=True)
class Fit:
    """What is said of a scenario that fits its baseline."""

    warnings: tuple[Remark, ...] = ()
    estimate: Callable[[], float | None] | None = None
    """None where a plug-in computes."""

    @property
    def work_seconds(self) -> float | None:
        """About how long one worker would take for a run of it; None where the baseline does not say, or a plug-in computes."""
        return self.estimate() if self.estimate else None


def check(session: Session, assumptions: str, parameters: str) -> Fit:
    """How a scenario's `assumptions` and `parameters`, canonical JSON, fit the baseline that they name.

    Raises `ValidationError` where the baseline has not what they name, or there is no such baseline. A plug-in's
    assumptions are its own matter.
    """
    given, drivers = decode(parameters), decode(assumptions)
    reference = given.get("baseline")
    vocabulary = reference_vocabulary() if reference is None else baselines.vocabulary(session, reference)
    if given.get("model", BUILT_IN) != BUILT_IN:
        return Fit()
    wrong = [*faults(drivers, vocabulary), *year_faults(given, vocabulary)]
    refuse([FieldError(*fault) for fault in wrong or hourly_faults(drivers, [given], vocabulary)])
    return Fit(
        tuple(warnings(drivers, horizon_of(given, vocabulary), vocabulary)),
        partial(seconds_of_run, drivers, given, vocabulary),
    )


def checked(session: Session, scenario: Scenario) -> WrittenScenario:
    """The scenario that was just stored, with the warnings about it; where `check` raises, storing must be undone."""
    values = {field.name: getattr(scenario, field.name) for field in fields(Scenario)}
    return WrittenScenario(
        **values, warnings=check(session, scenario.assumptions, scenario.parameters).warnings
    )
