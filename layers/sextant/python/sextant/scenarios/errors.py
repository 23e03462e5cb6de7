"""What can be wrong about a scenario."""

from __future__ import annotations

from typing import ClassVar

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
    members: ClassVar = {"existing_id": "The scenario that has the name."}
    remedy = "Take another name, or change the scenario that has it: existing_id says which that is."


class ScenarioNotDeletedError(ConflictError):
    """The scenario is not deleted, so it is not restored under another name; change its name instead."""

    code, title = "scenario_not_deleted", "Scenario not deleted"
    remedy = "Change its name with PATCH /v1/scenarios/{id}."


class ScenarioPublishingError(ConflictError):
    """A run of the scenario is being published at this moment; try again in a few seconds."""

    code, title = "scenario_publishing", "A run is being published"
    remedy = "Send the same request again in a few seconds."
