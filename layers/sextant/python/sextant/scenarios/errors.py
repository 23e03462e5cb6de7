"""What can be wrong about a scenario."""

from __future__ import annotations

from sextant.errors import ConflictError, NotFoundError


class ScenarioNotFoundError(NotFoundError):
    """There is no such scenario."""

    code, title = "scenario_not_found", "Scenario not found"


class VersionNotFoundError(NotFoundError):
    """The scenario has no such version."""

    code, title = "scenario_version_not_found", "Scenario version not found"


class ScenarioExistsError(ConflictError):
    """There is already a scenario of this name."""

    code, title = "scenario_already_exists", "Scenario already exists"


class ScenarioNotDeletedError(ConflictError):
    """The scenario is not deleted, so it is not restored under another name; change its name instead."""

    code, title = "scenario_not_deleted", "Scenario not deleted"


class ScenarioPublishingError(ConflictError):
    """A run of the scenario is being published at this moment; try again in a few seconds."""

    code, title = "scenario_publishing", "A run is being published"
