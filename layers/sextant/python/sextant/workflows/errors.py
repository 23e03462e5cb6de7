"""What can be wrong with a request about a workflow."""

from __future__ import annotations

from sextant.errors import ConflictError, NotFoundError


class WorkflowNotFoundError(NotFoundError):
    """There is no such workflow."""

    code, title = "workflow_not_found", "Workflow not found"


class BuiltInWorkflowError(ConflictError):
    """The built-in workflow scenario-runs keeps its name: what holds the tenant's runs is found by it."""

    code, title = "built_in_workflow", "Built-in workflow"
    remedy = "Make a workflow of your own under the name you want."
