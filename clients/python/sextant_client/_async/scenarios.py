"""Scenarios: what is to be computed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from sextant_client._async.outputs import AsyncOutputs
from sextant_client._async.pages import items
from sextant_client._async.runs import AsyncRun
from sextant_client.problems import ChangedError, ConflictError, NotFoundError, ProblemError

if TYPE_CHECKING:
    from sextant_client._async.client import AsyncSextant
    from sextant_client._generated import models

_OF_A_SCENARIO = ("name", "description", "assumptions", "parameters", "tags", "status")


class AsyncScenario:
    """A named set of assumptions and parameters. `body` is what the API said of it last, `warnings` what may not be meant."""

    def __init__(
        self,
        client: AsyncSextant,
        body: models.ScenarioBody,
        *,
        tag: str | None = None,
        warnings: Iterable[models.WarningBody] = (),
    ) -> None:
        self._client = client
        self._tag = tag
        self.body = body
        self.warnings = list(warnings)

    def __repr__(self) -> str:
        return f"<Scenario {self.id} {self.name!r} version {self.version}>"

    @property
    def id(self) -> UUID:
        """Its id.

        >>> (await sextant.scenarios.get(scenario.id)).name == scenario.name
        True
        """
        return self.body.id

    @property
    def name(self) -> str:
        """Its name, unique in the tenant.

        >>> scenario.name
        'RPS 60...'
        """
        return self.body.name

    @property
    def version(self) -> int:
        """Counts its changes, from 1.

        >>> scenario.version >= 1
        True
        """
        return self.body.version

    @property
    def assumptions(self) -> list[Any]:
        """What it changes of the baseline, in order.

        >>> [assumption.driver_type for assumption in scenario.assumptions]
        ['policy']
        """
        return list(self.body.assumptions)

    async def run(
        self,
        *,
        seed: int | None = None,
        parameters: Mapping[str, Any] | None = None,
        sweep: Mapping[str, list[Any]] | None = None,
        priority: Literal["LOW", "NORMAL", "HIGH", "CRITICAL"] | None = None,
        timeout_minutes: int | None = None,
        max_retries: int | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
    ) -> AsyncRun:
        """Ask for a run. It is stored when this returns, and will be executed or visibly fail.

        A run equal to one that lives or succeeded is that one. However the connection behaves there is one run: the request
        carries an idempotency key.

        seed: of the draws; the same seed gives the same numbers
        parameters: over the scenario's, by name; None takes one away
        sweep: parameters and the values of each; the run computes every combination
        timeout_minutes: minutes from its start after which it is ended as TIMEOUT
        max_retries: attempts after the first
        environment: a mark of yours; runs of different environments never share a result
        idempotency_key: your own name for this request, to repeat it from another process

        >>> run = await scenario.run(seed=7)
        >>> (await scenario.run(seed=7)).id == run.id
        True
        """
        options = {
            "seed": seed,
            "parameters": parameters,
            "sweep": sweep,
            "priority": priority,
            "timeout_minutes": timeout_minutes,
            "max_retries": max_retries,
            "environment": environment,
        }
        body = {name: value for name, value in options.items() if value is not None}
        answer = await self._client.api.request_run(self.id, body, idempotency_key=idempotency_key)
        data: Any = answer.data
        if hasattr(data, "receipt_id"):
            return await self._of_receipt(data.receipt_id)
        return AsyncRun(self._client, data)

    async def _of_receipt(self, receipt_id: UUID) -> AsyncRun:
        """The run of a request that was accepted while the database was away."""
        receipt = (await self._client.api.get_receipt(self.id, receipt_id)).data
        if receipt.run_id is None:
            raise ProblemError(422, receipt.error or {"code": "refused", "detail": "the request was refused"})
        return await self._client.runs.get(receipt.run_id)

    async def runs(self, **filters: Any) -> AsyncIterator[AsyncRun]:
        """Its runs, the newest first; `state`, `created_after`, `created_before` and `parent` narrow.

        >>> {each.state async for each in scenario.runs()}
        {'SUCCEEDED'}
        """
        async for body in items(self._client.api.list_scenario_runs, self.id, **filters):
            yield AsyncRun(self._client, body)

    def outputs(self, **filters: Any) -> AsyncOutputs:
        """The values of its runs; nothing is read yet. The filters are those of `AsyncOutputs`.

        >>> frame = await scenario.outputs(metric="npv").to_pandas()
        >>> set(frame.unit)
        {'EUR'}
        """
        return AsyncOutputs(self._client, self.id, **filters)

    async def latest(self, metric: str | None = None) -> list[models.MetricBody]:
        """The newest values of whole-life metrics, such as `npv`.

        >>> (npv,) = await scenario.latest("npv")
        >>> npv.unit
        'EUR'
        """
        return (await self._client.api.get_latest_metrics(self.id, metric=metric)).data

    async def update(self, *, if_unchanged: bool = False, **changes: Any) -> AsyncScenario:
        """Change fields of it: a new version. `parameters` are merged by name, None takes one away; a list replaces the list.

        if_unchanged: whether a change by somebody else since it was read raises `ChangedError`
        changes: any of name, description, assumptions, parameters, tags, status

        >>> draft = await scenario.fork(new_name())
        >>> (await draft.update(parameters={"shock_bp": 25}, if_unchanged=True)).version
        2
        """
        tag = await self._known_tag() if if_unchanged else None
        answer = await self._client.api.update_scenario(self.id, _fields(changes), if_match=tag)
        return self._now(answer)

    async def replace(self, *, if_unchanged: bool = False, **fields: Any) -> AsyncScenario:
        """Make it what `fields` say: a new version, in which a field that is left out has its default.

        >>> draft = await scenario.fork(new_name())
        >>> (await draft.replace(parameters={"start_year": 2029, "end_year": 2029})).assumptions
        []
        """
        tag = await self._known_tag() if if_unchanged else None
        body = {"name": self.name, **_fields(fields)}
        return self._now(await self._client.api.replace_scenario(self.id, body, if_match=tag))

    async def _known_tag(self) -> str:
        """The ETag of what was read. One that came in a list is read again, and must be of the same version."""
        if self._tag is None:
            answer: Any = await self._client.api.get_scenario(self.id)
            if answer.data.version != self.version:
                raise ChangedError(
                    412,
                    {"code": "version_conflict", "detail": f"It has version {answer.data.version} by now."},
                )
            self._tag = answer.etag
        return self._tag or "*"

    def _now(self, answer: Any) -> AsyncScenario:
        self.body, self._tag = answer.data, answer.etag
        self.warnings = list(getattr(answer.meta, "warnings", ()))
        return self

    async def fork(self, name: str, **changes: Any) -> AsyncScenario:
        """A scenario of its own that begins as a copy of this one, changed as `update` would.

        >>> copy = await scenario.fork(new_name(), parameters={"discount_rate": 0.05})
        >>> copy.version
        1
        """
        answer = await self._client.api.fork_scenario(self.id, {"name": name, **_fields(changes)})
        return AsyncScenario(self._client, answer.data, tag=answer.etag, warnings=answer.meta.warnings)

    async def diff(
        self,
        other: AsyncScenario | UUID | str | None = None,
        *,
        from_version: int | None = None,
        to_version: int | None = None,
    ) -> list[models.DifferenceBody]:
        """What differs from another scenario, or between two versions of this one: `path`, `change`, `before`, `after`.

        >>> [(each.path, each.change) for each in await reference.diff(scenario)]
        [('assumptions[0]', 'ADDED'), ...]
        """
        other_id = other.id if isinstance(other, AsyncScenario) else other
        answer = await self._client.api.diff_scenarios(
            self.id, other_id=other_id, from_version=from_version, to_version=to_version
        )
        return answer.data

    async def versions(self) -> AsyncIterator[models.VersionBody]:
        """Its versions, the newest first.

        >>> [version.version async for version in reference.versions()]
        [1]
        """
        async for version in items(self._client.api.list_scenario_versions, self.id):
            yield version

    async def refresh(self) -> AsyncScenario:
        """The scenario as it is now.

        >>> (await scenario.refresh()).version >= 1
        True
        """
        return self._now(await self._client.api.get_scenario(self.id))

    async def delete(self) -> None:
        """Delete it; `restore` brings it back."""
        await self._client.api.delete_scenario(self.id)

    async def restore(self, name: str | None = None) -> AsyncScenario:
        """Bring it back, under another name where its own was taken meanwhile."""
        return self._now(
            await self._client.api.restore_scenario(self.id, {} if name is None else {"name": name})
        )


class AsyncScenarios:
    """The tenant's scenarios."""

    def __init__(self, client: AsyncSextant) -> None:
        self._client = client

    async def create(
        self,
        name: str,
        *,
        assumptions: Iterable[Any] = (),
        parameters: Mapping[str, Any] | None = None,
        description: str = "",
        tags: Iterable[str] = (),
        idempotency_key: str | None = None,
    ) -> AsyncScenario:
        """Store a scenario. What breaks a rule raises `RefusedError`, which names field and rule, and nothing is stored.

        name: unique in the tenant, whatever its case
        assumptions: drivers with their payloads, as mappings or models, in the order in which they act
        parameters: by name, such as `{"start_year": 2028, "end_year": 2032}`
        tags: to find it by, at most 20

        >>> target = {"policy_name": "RPS", "start_year": 2030, "target": 0.6}
        >>> scenario = await sextant.scenarios.create(
        ...     new_name(),
        ...     assumptions=[{"driver_type": "policy", "payload": target}],
        ...     parameters={"start_year": 2029, "end_year": 2030},
        ... )
        >>> scenario.version, scenario.warnings
        (1, [])
        """
        body = _fields(
            {"name": name, "description": description, "assumptions": list(assumptions), "tags": list(tags)}
        )
        if parameters is not None:
            body["parameters"] = dict(parameters)
        try:
            answer = await self._client.api.create_scenario(body, idempotency_key=idempotency_key)
        except ConflictError as conflict:
            mine = await self._stored_before(conflict, body)
            if mine is None:
                raise
            return mine
        return AsyncScenario(self._client, answer.data, tag=answer.etag, warnings=answer.meta.warnings)

    async def _stored_before(self, conflict: ConflictError, body: Mapping[str, Any]) -> AsyncScenario | None:
        """The scenario that an earlier attempt stored whose answer was lost, and with it its idempotency record."""
        existing = conflict.body.get("existing_id")
        if conflict.attempts == 1 or conflict.code != "scenario_already_exists" or not existing:
            return None
        scenario = await self.get(existing)
        stored = scenario.body.to_dict()
        same = all(stored.get(field) == value for field, value in body.items() if field != "parameters")
        return scenario if same else None

    async def validate(self, name: str, **fields: Any) -> list[models.WarningBody]:
        """Hold a scenario against the rules without storing it: what may not be meant. Raises `RefusedError`.

        >>> await sextant.scenarios.validate("a draft", parameters={"discount_rate": 0.05})
        []
        """
        answer = await self._client.api.validate_scenario({"name": name, **_fields(fields)})
        return answer.meta.warnings

    async def get(self, scenario: UUID | str) -> AsyncScenario:
        """The scenario of this id, or of this name. Raises `NotFoundError`.

        >>> (await sextant.scenarios.get(reference.name)).id == reference.id
        True
        """
        if _is_id(scenario):
            answer: Any = await self._client.api.get_scenario(scenario)
            return AsyncScenario(self._client, answer.data, tag=answer.etag)
        async for each in self.list(name=str(scenario)):
            if each.name.casefold() == str(scenario).casefold():
                return each
        raise NotFoundError(
            404, {"code": "scenario_not_found", "detail": f"No scenario is called {str(scenario)!r}."}
        )

    async def list(
        self,
        *,
        name: str | None = None,
        tag: str | None = None,
        status: Literal["ACTIVE", "ARCHIVED"] | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> AsyncIterator[AsyncScenario]:
        """The scenarios, the newest first.

        name: a part of it, whatever its case
        tag: one that it has
        created_after, created_before: moments with their zone

        >>> reference.id in [each.id async for each in sextant.scenarios.list(name=reference.name)]
        True
        """
        filters = {
            "name": name,
            "tag": tag,
            "status": status,
            "created_after": created_after,
            "created_before": created_before,
        }
        async for body in items(self._client.api.list_scenarios, **filters):
            yield AsyncScenario(self._client, body)


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    for name in given:
        if name not in _OF_A_SCENARIO and name != "version":
            raise TypeError(f"a scenario has no {name!r}; it has {', '.join(_OF_A_SCENARIO)}")
    return dict(given)


def _is_id(text: UUID | str) -> bool:
    try:
        UUID(str(text))
    except ValueError:
        return False
    return True
