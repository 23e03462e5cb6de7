"""What a language model may do with Sextant, as tools of the Model Context Protocol: `sextant mcp` serves them.

They are the API and nothing more: the same rights, the same refusals, in the API's own words. Each answers with a JSON object.
Source: https://modelcontextprotocol.io, by its own SDK (`sextant-client[mcp]`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import Field

from sextant_client import frames
from sextant_client._sync.pages import items
from sextant_client.problems import SextantError, StillRunningError

if TYPE_CHECKING:
    from sextant_client._sync.client import Sextant

INSTRUCTIONS = """What-if scenarios for power markets. A scenario is assumptions (drivers with a payload) and parameters on a baseline, a
power system. Running it computes prices, generation, costs and emissions; runs are compared with a baseline run. Check a scenario with
validate_scenario before it is stored, and give runs that are compared the same seed. Every value has a unit: say it. Limits and warnings of a
result are part of it."""
MOST_VALUES = 2_000
"""Values of one answer; who wants more filters, or reads a file by the API."""
LONGEST_WAIT = 600.0

Name: TypeAlias = Annotated[str, Field(description="A scenario's name or id.")]
RunId: TypeAlias = Annotated[str, Field(description="A run's id.")]
Limit: TypeAlias = Annotated[int, Field(description="At most so many, the newest first.", ge=1, le=200)]
Assumptions: TypeAlias = Annotated[
    list[dict[str, Any]] | None,
    Field(
        description='In the order in which they act, such as [{"driver_type": "policy", "payload": {"policy_name": "RPS", '
        '"start_year": 2030, "target": 0.6}}].'
    ),
]
Parameters: TypeAlias = Annotated[
    dict[str, Any] | None,
    Field(description='By name, such as {"start_year": 2028, "end_year": 2032, "discount_rate": 0.05}.'),
]
Metrics: TypeAlias = Annotated[
    str, Field(description="One or several with commas, such as price or npv,emissions.")
]
Years: TypeAlias = Annotated[
    str | None, Field(description="Such as 2030 or 2030-2032.", pattern=r"^\d{4}(-\d{4})?$")
]


class Tools:
    """The tools, each a method: its docstring and the texts of its parameters are what a model reads."""

    def __init__(self, client: Sextant) -> None:
        self._client = client

    def who_am_i(self) -> dict[str, Any]:
        """Say who is signed in: tenant, roles, permissions and limits."""
        return self._client.me().to_dict()

    def list_models(self) -> dict[str, Any]:
        """List the market models with their parameters: unit, range, default and meaning of each."""
        return _list(items(self._client.api.list_models), 100)

    def list_baselines(self) -> dict[str, Any]:
        """List the power systems that a scenario may be of (parameter `baseline`); `reference` is built in."""
        return _list(self._client.baselines.list(), 200)

    def show_baseline(
        self, baseline: Annotated[str, Field(description="An id, or reference.")]
    ) -> dict[str, Any]:
        """Show a baseline: currency, price year, and the units, technologies, fuels, zones and years that a scenario may name."""
        return self._client.baselines.get(baseline).to_dict()

    def list_scenarios(
        self,
        name: Annotated[str | None, Field(description="A part of the name.")] = None,
        tag: Annotated[str | None, Field(description="Only those with this tag.")] = None,
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """List scenarios."""
        return _list((each.body for each in self._client.scenarios.list(name=name, tag=tag)), limit)

    def show_scenario(self, scenario: Name) -> dict[str, Any]:
        """Show a scenario with its assumptions and parameters."""
        return self._client.scenarios.get(scenario).body.to_dict()

    def validate_scenario(
        self, name: str, assumptions: Assumptions = None, parameters: Parameters = None
    ) -> dict[str, Any]:
        """Check a scenario and store nothing. What breaks a rule is an error with field and rule; what may not be meant is a warning."""
        warnings = self._client.scenarios.validate(
            name, assumptions=assumptions or [], **_given(parameters=parameters)
        )
        return {"valid": True, "warnings": [each.to_dict() for each in warnings]}

    def create_scenario(
        self,
        name: str,
        assumptions: Assumptions = None,
        parameters: Parameters = None,
        description: str = "",
        tags: list[str] | None = None,
    ) -> dict[str, Any]:
        """Store a scenario; its name must be new."""
        stored = self._client.scenarios.create(
            name,
            assumptions=assumptions or [],
            parameters=parameters,
            description=description,
            tags=tags or [],
        )
        return {**stored.body.to_dict(), "warnings": [each.to_dict() for each in stored.warnings]}

    def fork_scenario(
        self, scenario: Name, name: str, assumptions: Assumptions = None, parameters: Parameters = None
    ) -> dict[str, Any]:
        """Copy a scenario under a new name; the assumptions replace the copy's, the parameters are set over the copy's."""
        changes = _given(assumptions=assumptions, parameters=parameters)
        return self._client.scenarios.get(scenario).fork(name, **changes).body.to_dict()

    def diff_scenarios(self, scenario: Name, other: Name) -> dict[str, Any]:
        """Say in what assumptions and parameters `other` differs from `scenario`."""
        one, two = (self._client.scenarios.get(each) for each in (scenario, other))
        return {"differences": [each.to_dict() for each in one.diff(two)]}

    def run_scenario(
        self,
        scenario: Name,
        seed: Annotated[int | None, Field(description="Of the draws: the same for runs to compare.")] = None,
        parameters: Parameters = None,
        sweep: Annotated[
            dict[str, list[Any]] | None,
            Field(description="Parameters and the values of each: every combination is computed."),
        ] = None,
    ) -> dict[str, Any]:
        """Ask for a run. It is stored when this answers; follow it by wait_for_run. An equal run that succeeded is given back."""
        stored = self._client.scenarios.get(scenario)
        return stored.run(seed=seed, parameters=parameters, sweep=sweep).body.to_dict()

    def list_runs(
        self,
        state: Annotated[str | None, Field(description="Such as RUNNING or FAILED.")] = None,
        scenario: Annotated[str | None, Field(description="A scenario's name or id.")] = None,
        limit: Limit = 20,
    ) -> dict[str, Any]:
        """List runs."""
        of = None if scenario is None else self._client.scenarios.get(scenario).id
        return _list((each.body for each in self._client.runs.list(state=state, scenario_id=of)), limit)

    def wait_for_run(
        self,
        run: RunId,
        seconds: Annotated[
            float,
            Field(description="After which it is shown as it is; the run goes on.", ge=0, le=LONGEST_WAIT),
        ] = 60.0,
    ) -> dict[str, Any]:
        """Wait until a run has ended, and show it: state, progress, and why it failed where it did. 0 seconds shows it at once."""
        stored = self._client.runs.get(run)
        try:
            stored.wait(timeout=seconds, check=False)
        except StillRunningError:
            stored.refresh()
        return stored.body.to_dict()

    def cancel_run(self, run: RunId) -> dict[str, Any]:
        """Stop a run."""
        return self._client.runs.get(run).cancel().body.to_dict()

    def explain_result(self, run: RunId) -> dict[str, Any]:
        """Show what a run computed and why: each assumption's share of the change (attribution), limits, warnings, certificate, statistics."""
        return self._client.runs.get(run).result().to_dict()

    def read_outputs(self, run: RunId, metric: Metrics, years: Years = None) -> dict[str, Any]:
        """Read values of a run as series: dates `t`, values `v`, bands `lo` and `hi`, the unit, and tags such as the technology."""
        first, _, last = (years or "").partition("-")
        between = {"start": f"{first}-01-01", "end": f"{last or first}-12-31"} if years else {}
        series = self._client.runs.get(run).outputs(metric=metric, **between).series()
        count = sum(len(each.v) for each in series)
        if count > MOST_VALUES:
            raise SextantError(
                f"these are {count} values, and one answer has {MOST_VALUES} at most: name fewer metrics or years"
            )
        return {"series": [each.to_dict() for each in series]}

    def compare_runs(
        self,
        runs: Annotated[list[str], Field(description="Ids of 1 to 20 runs.", min_length=1, max_length=20)],
        baseline: Annotated[str, Field(description="The id of the run that they are held against.")],
        metric: Metrics,
        years: Years = None,
    ) -> dict[str, Any]:
        """Put runs beside a baseline run: values, differences, relative differences (0.1 is ten per cent more), and what differs in their assumptions."""
        comparison = self._client.compare(*runs, baseline=baseline, metric=metric, years=years)
        if len(comparison.rows) > MOST_VALUES:
            raise SextantError(
                f"these are {len(comparison.rows)} rows, and one answer has {MOST_VALUES} at most: name fewer metrics or years"
            )
        return comparison.body.to_dict()

    def list_incidents(
        self,
        state: Annotated[str | None, Field(description="Such as OPEN.")] = None,
        severity: Annotated[str | None, Field(description="Such as CRITICAL.")] = None,
        limit: Limit = 20,
    ) -> dict[str, Any]:
        """List incidents: failures that belong together."""
        return _list(items(self._client.api.list_incidents, state=state, severity=severity), limit)

    def show_incident(self, incident: Annotated[str, Field(description="Its id.")]) -> dict[str, Any]:
        """Show an incident and what happened in it, in order."""
        timeline = _list(items(self._client.api.get_incident_timeline, incident), 200)
        return {**self._client.api.get_incident(incident).data.to_dict(), "timeline": timeline}


CHANGING = ("create_scenario", "fork_scenario", "run_scenario", "cancel_run")
"""The tools that change something; `sextant mcp --read-only` leaves them out."""
NAMES = tuple(name for name in vars(Tools) if not name.startswith("_"))


def serve(client: Sextant, *, read_only: bool, version: str) -> None:
    """Serve the tools on standard input and output until the other side closes. Needs `sextant-client[mcp]`."""
    library = frames.library("mcp.server", "mcp")
    refused = frames.library("mcp.server.mcpserver.exceptions", "mcp").ToolError
    annotations = frames.library("mcp_types", "mcp").ToolAnnotations
    server = library.MCPServer("sextant", instructions=INSTRUCTIONS, version=version, log_level="WARNING")
    tools = Tools(client)
    for name in NAMES:
        if read_only and name in CHANGING:
            continue
        hints = annotations(read_only_hint=name not in CHANGING, destructive_hint=name == "cancel_run")
        server.add_tool(_telling(getattr(tools, name), refused), annotations=hints)
    server.run("stdio")


def _telling(tool: Callable[..., dict[str, Any]], refused: type[Exception]) -> Callable[..., dict[str, Any]]:
    """The tool, whose failures reach the model in the API's words."""

    @functools.wraps(tool)
    def call(**arguments: Any) -> dict[str, Any]:
        try:
            return tool(**arguments)
        except SextantError as error:
            raise refused(str(error)) from error

    return call


def _list(bodies: Iterable[Any], limit: int) -> dict[str, Any]:
    listed = list(islice(bodies, limit + 1))
    return {"items": [each.to_dict() for each in listed[:limit]], "more": len(listed) > limit}


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
