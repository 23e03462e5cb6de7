"""Every operation of the API under its id, made from docs/api/openapi.yaml by `python -m tools.docs client`: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from sextant_client.operation import Operation

if TYPE_CHECKING:
    from sextant_client._async.transport import AsyncTransport
    from sextant_client._generated import models
    from sextant_client.files import File


class AsyncApi:
    """The operations as they are: one request each (or its repeats), answered by the whole answer with its `meta`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get_metrics(self) -> File:
        """Figures in Prometheus' text format.

        The figures of the caller's tenant; of all tenants and of this process for who manages tenants.

        Permission: `outbox:read`.
        """
        return await self._transport.file(Operation("get_metrics", "GET", "/metrics"), as_it_is=True)

    async def list_problem_types(self) -> File:
        """All problem types.

        A page for people: each code with its status and what it means.
        """
        return await self._transport.file(Operation("list_problem_types", "GET", "/problems"), as_it_is=True)

    async def get_problem_type(self, code: UUID | str) -> File:
        """What a problem type means.

        A page for people: what the code means, and what to do. A problem's `type` points here.

        code: The `code` of a problem
        """
        return await self._transport.file(
            Operation("get_problem_type", "GET", "/problems/{code}"), path={"code": code}, as_it_is=True
        )

    async def list_actions(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: str | None = None,
        action_type: str | None = None,
        incident_id: UUID | str | None = None,
    ) -> models.ActionList:
        """List actions.

        Newest first; everything given narrows.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        state: One state, or several with commas
        action_type: Of this type
        incident_id: The incident's id.
        """
        answer: models.ActionList = await self._transport.call(
            Operation("list_actions", "GET", "/v1/actions", answers=("ActionList",)),
            query={
                "limit": limit,
                "cursor": cursor,
                "state": state,
                "action_type": action_type,
                "incident_id": incident_id,
            },
        )
        return answer

    async def request_action(
        self, body: models.ActionDocument | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.ActionEnvelope:
        """Ask for an action.

        Asks for one action by hand. It is performed within moments, at most once; of a type MANUAL a person completes it.

        Permission: `operations:write`.

        idempotency_key: Sent again with the same body, the first answer comes back
        """
        answer: models.ActionEnvelope = await self._transport.call(
            Operation(
                "request_action", "POST", "/v1/actions", answers=("ActionEnvelope",), has_idempotency_key=True
            ),
            header={"Idempotency-Key": idempotency_key},
            body=body,
        )
        return answer

    async def get_action(self, action_id: UUID | str) -> models.ActionEnvelope:
        """Get an action.

        What was asked for, by whom, and what came of it.

        Permission: `scenarios:read`.

        action_id: The action's id.
        """
        answer: models.ActionEnvelope = await self._transport.call(
            Operation("get_action", "GET", "/v1/actions/{action_id}", answers=("ActionEnvelope",)),
            path={"action_id": action_id},
        )
        return answer

    async def complete_action(
        self, action_id: UUID | str, body: models.ActionCompletion | Mapping[str, Any]
    ) -> models.ActionEnvelope:
        """Say that a manual action is done, or skip one that waits.

        Ends a manual action, or skips one that has not begun. One that has ended is 409.

        Permission: `operations:write`.

        action_id: The action's id.
        """
        answer: models.ActionEnvelope = await self._transport.call(
            Operation(
                "complete_action", "POST", "/v1/actions/{action_id}/complete", answers=("ActionEnvelope",)
            ),
            path={"action_id": action_id},
            body=body,
        )
        return answer

    async def reverse_action(
        self, action_id: UUID | str, body: models.ReasonDocument | Mapping[str, Any]
    ) -> models.ActionEnvelope:
        """Undo an action by a new one.

        Asks for the action that undoes this one. An action that cannot be undone is 409.

        Permission: `operations:write`.

        action_id: The action's id.
        """
        answer: models.ActionEnvelope = await self._transport.call(
            Operation(
                "reverse_action", "POST", "/v1/actions/{action_id}/reverse", answers=("ActionEnvelope",)
            ),
            path={"action_id": action_id},
            body=body,
        )
        return answer

    async def invalidate_cache(
        self, body: models.InvalidationRequest | Mapping[str, Any]
    ) -> models.InvalidationEnvelope:
        """Have the tenant's outputs read afresh.

        What was cached of the tenant's outputs is no longer used: the next reading looks at the table.

        Permission: `config:write`.
        """
        answer: models.InvalidationEnvelope = await self._transport.call(
            Operation(
                "invalidate_cache", "POST", "/v1/admin/cache/invalidate", answers=("InvalidationEnvelope",)
            ),
            body=body,
        )
        return answer

    async def list_settings(
        self, *, kind: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> models.SettingList:
        """List the settings that hold.

        The tenant's own settings, and the platform's where it has none.

        Permission: `config:write`.

        kind: Of this kind
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.SettingList = await self._transport.call(
            Operation("list_settings", "GET", "/v1/admin/config", answers=("SettingList",)),
            query={"kind": kind, "limit": limit, "cursor": cursor},
        )
        return answer

    async def list_setting_changes(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        kind: str | None = None,
        platform: bool | None = None,
    ) -> models.SettingChangeList:
        """Read who changed which setting, and why.

        Newest first: what held before and since, who changed it and why.

        Permission: `config:write`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        kind: Of this kind
        platform: The default of every tenant instead of one's own; needs tenants:manage
        """
        answer: models.SettingChangeList = await self._transport.call(
            Operation(
                "list_setting_changes", "GET", "/v1/admin/config-audit", answers=("SettingChangeList",)
            ),
            query={"limit": limit, "cursor": cursor, "kind": kind, "platform": platform},
        )
        return answer

    async def put_setting(
        self,
        kind: str,
        name: UUID | str,
        body: models.NewValue | Mapping[str, Any],
        *,
        platform: bool | None = None,
    ) -> models.SettingEnvelope:
        """Change a setting.

        Sets the tenant's own value, which holds within seconds; with `platform` the default of every tenant.

        Permission: `config:write`.

        kind: Of which kind the setting is
        name: Which setting, such as `outputs` or `scenarios.run`
        platform: The default of every tenant instead of one's own; needs tenants:manage
        """
        answer: models.SettingEnvelope = await self._transport.call(
            Operation("put_setting", "PUT", "/v1/admin/config/{kind}/{name}", answers=("SettingEnvelope",)),
            path={"kind": kind, "name": name},
            query={"platform": platform},
            body=body,
        )
        return answer

    async def remove_setting(
        self, kind: str, name: UUID | str, *, reason: str, platform: bool | None = None
    ) -> None:
        """Remove a setting, so that the platform's holds again.

        Removes the tenant's own value, so that the platform's holds again.

        Permission: `config:write`.

        kind: Of which kind the setting is
        name: Which setting, such as `outputs` or `scenarios.run`
        reason: Why; it is kept with the change
        platform: The default of every tenant instead of one's own; needs tenants:manage
        """
        await self._transport.call(
            Operation("remove_setting", "DELETE", "/v1/admin/config/{kind}/{name}"),
            path={"kind": kind, "name": name},
            query={"reason": reason, "platform": platform},
        )

    async def list_outbox(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        status: str | None = None,
        topic: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        tenant: str | None = None,
    ) -> models.EntryList:
        """List outbox events and where they stand.

        Newest first; everything given narrows.

        Permission: `outbox:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        status: Those that stand so
        topic: Those that go there
        created_after: Created at this moment or later
        created_before: Created before this moment
        tenant: Another tenant, or * for all of them; needs tenants:manage
        """
        answer: models.EntryList = await self._transport.call(
            Operation("list_outbox", "GET", "/v1/admin/outbox", answers=("EntryList",)),
            query={
                "limit": limit,
                "cursor": cursor,
                "status": status,
                "topic": topic,
                "created_after": created_after,
                "created_before": created_before,
                "tenant": tenant,
            },
        )
        return answer

    async def list_outbox_audit(
        self, *, limit: int | None = None, cursor: str | None = None, tenant: str | None = None
    ) -> models.AuditList:
        """Read who replayed events and changed quotas, and why.

        Newest first: replays and changes of quotas, by whom and why.

        Permission: `outbox:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        tenant: Another tenant, or * for all of them; needs tenants:manage
        """
        answer: models.AuditList = await self._transport.call(
            Operation("list_outbox_audit", "GET", "/v1/admin/outbox-audit", answers=("AuditList",)),
            query={"limit": limit, "cursor": cursor, "tenant": tenant},
        )
        return answer

    async def replay_outbox(
        self, body: models.ReplayRequest | Mapping[str, Any], *, tenant: str | None = None
    ) -> models.ReplayEnvelope:
        """Send events again, or count how many that would be.

        Events that fit are published again, each with the header `replay-id`. With `preview` they are only counted. A selection
        without any condition is 422.

        Permission: `outbox:write`.

        tenant: Another tenant, or * for all of them; needs tenants:manage
        """
        answer: models.ReplayEnvelope = await self._transport.call(
            Operation("replay_outbox", "POST", "/v1/admin/outbox/replay", answers=("ReplayEnvelope",)),
            query={"tenant": tenant},
            body=body,
        )
        return answer

    async def summarise_outbox(
        self,
        *,
        since: datetime | str | None = None,
        tenant: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.FiguresList:
        """What waits, failed and was sent.

        One item for each tenant that is meant.

        Permission: `outbox:read`.

        since: Count what was sent from then on
        tenant: Another tenant, or * for all of them; needs tenants:manage
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.FiguresList = await self._transport.call(
            Operation("summarise_outbox", "GET", "/v1/admin/outbox/summary", answers=("FiguresList",)),
            query={"since": since, "tenant": tenant, "limit": limit, "cursor": cursor},
        )
        return answer

    async def get_outbox_event(
        self, event_id: UUID | str, *, tenant: str | None = None
    ) -> models.OutboxEventEnvelope:
        """Get one outbox event, whole.

        The event with its payload, its headers and each time it was published.

        Permission: `outbox:read`.

        event_id: The event's id.
        tenant: Another tenant, or * for all of them; needs tenants:manage
        """
        answer: models.OutboxEventEnvelope = await self._transport.call(
            Operation(
                "get_outbox_event", "GET", "/v1/admin/outbox/{event_id}", answers=("OutboxEventEnvelope",)
            ),
            path={"event_id": event_id},
            query={"tenant": tenant},
        )
        return answer

    async def list_quotas(
        self, *, tenant: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> models.QuotaList:
        """What tenants may publish, and what of it is used.

        What each tenant that is meant may publish, with the defaults filled in, and what of it is used.

        Permission: `outbox:read`.

        tenant: Another tenant, or * for all of them; needs tenants:manage
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.QuotaList = await self._transport.call(
            Operation("list_quotas", "GET", "/v1/admin/quotas", answers=("QuotaList",)),
            query={"tenant": tenant, "limit": limit, "cursor": cursor},
        )
        return answer

    async def adjust_quota(
        self, body: models.QuotaRequest | Mapping[str, Any], *, tenant: str | None = None
    ) -> models.QuotaEnvelope:
        """Adjust a quota: less than the defaults, or, for who manages tenants, anything.

        What is left out stays. A tenant's own people may only go below the defaults.

        Permission: `outbox:write`.

        tenant: Another tenant, or * for all of them; needs tenants:manage
        """
        answer: models.QuotaEnvelope = await self._transport.call(
            Operation("adjust_quota", "PUT", "/v1/admin/quotas", answers=("QuotaEnvelope",)),
            query={"tenant": tenant},
            body=body,
        )
        return answer

    async def reset_quota(
        self, body: models.ResetRequest | Mapping[str, Any], *, tenant: str | None = None
    ) -> models.QuotaEnvelope:
        """Give a tenant the default quota again, with nothing used.

        The defaults hold again, and nothing of them is used.

        Permission: `tenants:manage`.

        tenant: Another tenant, or * for all of them; needs tenants:manage
        """
        answer: models.QuotaEnvelope = await self._transport.call(
            Operation("reset_quota", "POST", "/v1/admin/quotas/reset", answers=("QuotaEnvelope",)),
            query={"tenant": tenant},
            body=body,
        )
        return answer

    async def list_baselines(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.BaselineList:
        """List baselines in their newest version.

        The tenant's baselines in their newest version, newest first. The built-in one is `reference`.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.BaselineList = await self._transport.call(
            Operation("list_baselines", "GET", "/v1/baselines", answers=("BaselineList",)),
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def create_baseline(self, body: models.NewBaseline | Mapping[str, Any]) -> models.BaselineEnvelope:
        """Store a baseline, or its next version.

        A body has at most 1 MiB. What is larger goes to the URL of `POST /v1/baselines/uploads` first, a table each of at most 64 MiB,
        and is named here by its `upload_id`. `meta.warnings` says what was assumed where the tables say nothing.

        Permission: `scenarios:write`.
        """
        answer: models.BaselineEnvelope = await self._transport.call(
            Operation("create_baseline", "POST", "/v1/baselines", answers=("BaselineEnvelope",)), body=body
        )
        return answer

    async def create_upload(self) -> models.UploadEnvelope:
        """Get a URL to upload a large table to.

        Tables too large for a body are sent there by PUT, each to a URL of its own, and named in a baseline by `upload_id`.

        Permission: `scenarios:write`.
        """
        answer: models.UploadEnvelope = await self._transport.call(
            Operation("create_upload", "POST", "/v1/baselines/uploads", answers=("UploadEnvelope",))
        )
        return answer

    async def validate_baseline(
        self, body: models.NewBaseline | Mapping[str, Any]
    ) -> models.CheckedBaselineEnvelope:
        """Check a baseline without storing it.

        Reads and checks the tables as storing them would, and says the same of them. Nothing is stored.

        Permission: `scenarios:write`.
        """
        answer: models.CheckedBaselineEnvelope = await self._transport.call(
            Operation(
                "validate_baseline", "POST", "/v1/baselines/validate", answers=("CheckedBaselineEnvelope",)
            ),
            body=body,
        )
        return answer

    async def get_baseline(
        self, baseline_id: UUID | str, *, version: int | None = None
    ) -> models.WholeBaselineEnvelope:
        """Get a baseline with all that a scenario on it may name.

        One version, the newest unless another is named, with its vocabulary: fuels, technologies, units, years.

        Permission: `scenarios:read`.

        baseline_id: The baseline's id.
        version: The newest where none is given
        """
        answer: models.WholeBaselineEnvelope = await self._transport.call(
            Operation(
                "get_baseline", "GET", "/v1/baselines/{baseline_id}", answers=("WholeBaselineEnvelope",)
            ),
            path={"baseline_id": baseline_id},
            query={"version": version},
        )
        return answer

    async def delete_baseline(self, baseline_id: UUID | str) -> None:
        """Delete a baseline.

        All its versions: none is listed or can be named by a scenario or a new run any more.

        Runs that were asked for before compute on, and results stay. A baseline that is stored under the name later is its next
        version, and the deleted ones stay deleted.

        Permission: `scenarios:delete`.

        baseline_id: The baseline's id.
        """
        await self._transport.call(
            Operation("delete_baseline", "DELETE", "/v1/baselines/{baseline_id}"),
            path={"baseline_id": baseline_id},
        )

    async def get_merit_order(
        self, baseline_id: UUID | str, *, year: int | None = None, version: int | None = None
    ) -> models.MeritOrderEnvelope:
        """Get the merit order of a baseline in a year.

        Of one version, the newest unless another is named: each unit with its capacity, what of it is available on the mean of the
        year, and its cost. `reference` is the built-in system. A year that the baseline has not is 400.

        Permission: `scenarios:read`.

        baseline_id: The baseline's id.
        year: The baseline's first where none is given
        version: The newest where none is given
        """
        answer: models.MeritOrderEnvelope = await self._transport.call(
            Operation(
                "get_merit_order",
                "GET",
                "/v1/baselines/{baseline_id}/merit-order",
                answers=("MeritOrderEnvelope",),
            ),
            path={"baseline_id": baseline_id},
            query={"year": year, "version": version},
        )
        return answer

    async def get_baseline_tables(
        self, baseline_id: UUID | str, *, version: int | None = None
    ) -> models.BaselineTablesEnvelope:
        """Get the tables of a baseline back.

        Links to the tables of one version, byte for byte as they were sent. They hold for an hour.

        Permission: `scenarios:read`.

        baseline_id: The baseline's id.
        version: The newest where none is given
        """
        answer: models.BaselineTablesEnvelope = await self._transport.call(
            Operation(
                "get_baseline_tables",
                "GET",
                "/v1/baselines/{baseline_id}/tables",
                answers=("BaselineTablesEnvelope",),
            ),
            path={"baseline_id": baseline_id},
            query={"version": version},
        )
        return answer

    async def list_baseline_versions(
        self, baseline_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.BaselineList:
        """List the versions of a baseline.

        Newest first. The built-in one has none but that of the code: `GET /v1/baselines/reference`.

        Permission: `scenarios:read`.

        baseline_id: The baseline's id.
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.BaselineList = await self._transport.call(
            Operation(
                "list_baseline_versions",
                "GET",
                "/v1/baselines/{baseline_id}/versions",
                answers=("BaselineList",),
            ),
            path={"baseline_id": baseline_id},
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def list_cancellations(
        self, *, limit: int | None = None, cursor: str | None = None, scenario_id: UUID | str | None = None
    ) -> models.CancellationList:
        """List cancellations of many runs.

        Those of more runs than one request ends: they go on by themselves. Each stays for a month after its end.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        scenario_id: Of this scenario, a deleted one too
        """
        answer: models.CancellationList = await self._transport.call(
            Operation("list_cancellations", "GET", "/v1/cancellations", answers=("CancellationList",)),
            query={"limit": limit, "cursor": cursor, "scenario_id": scenario_id},
        )
        return answer

    async def get_cancellation(self, cancellation_id: UUID | str) -> models.CancellationEnvelope:
        """Say how far a cancellation is.

        How many of its runs are cancelled by now. No worker takes one of the others.

        Permission: `scenarios:read`.

        cancellation_id: The cancellation's id.
        """
        answer: models.CancellationEnvelope = await self._transport.call(
            Operation(
                "get_cancellation",
                "GET",
                "/v1/cancellations/{cancellation_id}",
                answers=("CancellationEnvelope",),
            ),
            path={"cancellation_id": cancellation_id},
        )
        return answer

    async def list_changes(
        self, *, after: str | None = None, wait: int | None = None, limit: int | None = None
    ) -> models.ChangesEnvelope:
        """What changed of runs, incidents and exports, or wait for a change.

        Each state that a run, an incident or an export of the tenant came into since the cursor `after`, in an order in which the later of one
        thing comes later. Without `after` nothing is told and `meta.cursor` is where to follow from: take it first, then read what you
        show, then follow. No change is missed. A cursor holds for a day; an older one is 410 `changes_expired`. Parts of split runs and the
        progress of runs are no changes.

        Permission: `scenarios:read`.

        after: `meta.cursor` of the last answer
        wait: Seconds to wait for a change where there is none
        limit: Changes in one answer
        """
        answer: models.ChangesEnvelope = await self._transport.call(
            Operation("list_changes", "GET", "/v1/changes", answers=("ChangesEnvelope",)),
            query={"after": after, "wait": wait, "limit": limit},
        )
        return answer

    async def compare_runs(
        self,
        *,
        runs: str,
        baseline: UUID | str,
        metric: str | None = None,
        technology: str | None = None,
        years: str | None = None,
        tags: str | None = None,
        snapshot_id: str | None = None,
        shape: Literal["rows", "series"] | str | None = None,
    ) -> models.ComparisonEnvelope:
        """Compare runs of any scenarios with a baseline run.

        Answers which run is better, by how much and why: per metric, date and tags the value of each run, its difference to the baseline
        run and the relative one, and beside them what differs in the assumptions, parameters, model, baseline and seed. All values are read
        from one snapshot. A run that the tenant does not have is 404, one that has no result 409; both name it.

        Permission: `outputs:read`.

        runs: The runs to compare: ids with commas, 20 at most
        baseline: The run that the others are compared with
        metric: A metric's name, or several with commas
        technology: The same as the tag `technology`
        years: A year, or the first and the last: 2030, or 2026-2035
        tags: key:value, several with commas
        snapshot_id: Read this snapshot instead of the newest: `meta.snapshot_id` of an answer
        shape: `series`: one item a metric, tags and unit, with its dates `t`, and of the baseline and each run values `v`, differences, and where there are bands `lo` (P5) and `hi` (P95)
        """
        answer: models.ComparisonEnvelope = await self._transport.call(
            Operation("compare_runs", "GET", "/v1/compare", answers=("ComparisonEnvelope",)),
            query={
                "runs": runs,
                "baseline": baseline,
                "metric": metric,
                "technology": technology,
                "years": years,
                "tags": tags,
                "snapshot_id": snapshot_id,
                "shape": shape,
            },
        )
        return answer

    async def compare_runs_file(
        self,
        *,
        runs: str,
        baseline: UUID | str,
        metric: str | None = None,
        technology: str | None = None,
        years: str | None = None,
        tags: str | None = None,
        snapshot_id: str | None = None,
        format: Literal["json", "csv", "parquet"] | str | None = None,
        separator: Literal["comma", "semicolon", "tab"] | str | None = None,
        decimal: Literal["point", "comma"] | str | None = None,
        bom: bool | None = None,
        shape: Literal["rows", "series"] | str | None = None,
    ) -> File:
        """Compare runs of any scenarios with a baseline run.

        Answers which run is better, by how much and why: per metric, date and tags the value of each run, its difference to the baseline
        run and the relative one, and beside them what differs in the assumptions, parameters, model, baseline and seed. All values are read
        from one snapshot. A run that the tenant does not have is 404, one that has no result 409; both name it.

        Permission: `outputs:read`.

        runs: The runs to compare: ids with commas, 20 at most
        baseline: The run that the others are compared with
        metric: A metric's name, or several with commas
        technology: The same as the tag `technology`
        years: A year, or the first and the last: 2030, or 2026-2035
        tags: key:value, several with commas
        snapshot_id: Read this snapshot instead of the newest: `meta.snapshot_id` of an answer
        format: A file of the rows instead
        separator: What stands between the cells of CSV; `comma` where it is not given
        decimal: How CSV writes 0.5; `point` where it is not given. `comma` goes with another separator
        bom: Whether CSV begins with the mark of UTF-8, by which Excel knows it
        shape: `series`: one item a metric, tags and unit, with its dates `t`, and of the baseline and each run values `v`, differences, and where there are bands `lo` (P5) and `hi` (P95)
        """
        return await self._transport.file(
            Operation("compare_runs", "GET", "/v1/compare"),
            query={
                "runs": runs,
                "baseline": baseline,
                "metric": metric,
                "technology": technology,
                "years": years,
                "tags": tags,
                "snapshot_id": snapshot_id,
                "format": format,
                "separator": separator,
                "decimal": decimal,
                "bom": bom,
                "shape": shape,
            },
        )

    async def list_decisions(
        self, *, limit: int | None = None, cursor: str | None = None, incident_id: UUID | str | None = None
    ) -> models.DecisionList:
        """List decisions.

        Newest first.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        incident_id: The incident's id.
        """
        answer: models.DecisionList = await self._transport.call(
            Operation("list_decisions", "GET", "/v1/decisions", answers=("DecisionList",)),
            query={"limit": limit, "cursor": cursor, "incident_id": incident_id},
        )
        return answer

    async def get_decision(self, decision_id: UUID | str) -> models.DecisionEnvelope:
        """Get a decision.

        What was decided, by whom, why, and whether it was acted on. A decision never changes.

        Permission: `scenarios:read`.

        decision_id: The decision's id.
        """
        answer: models.DecisionEnvelope = await self._transport.call(
            Operation("get_decision", "GET", "/v1/decisions/{decision_id}", answers=("DecisionEnvelope",)),
            path={"decision_id": decision_id},
        )
        return answer

    async def list_events(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        event_type: str | None = None,
        severity: str | None = None,
        workflow_id: UUID | str | None = None,
        incident_id: UUID | str | None = None,
        run_id: UUID | str | None = None,
        occurred_after: datetime | str | None = None,
        occurred_before: datetime | str | None = None,
    ) -> models.EventList:
        """List events.

        Newest first; everything given narrows.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        event_type: Of this type
        severity: Of this severity
        workflow_id: The workflow's id.
        incident_id: The incident's id.
        run_id: The run's id.
        occurred_after: Happened at this moment or later
        occurred_before: Happened before this moment
        """
        answer: models.EventList = await self._transport.call(
            Operation("list_events", "GET", "/v1/events", answers=("EventList",)),
            query={
                "limit": limit,
                "cursor": cursor,
                "event_type": event_type,
                "severity": severity,
                "workflow_id": workflow_id,
                "incident_id": incident_id,
                "run_id": run_id,
                "occurred_after": occurred_after,
                "occurred_before": occurred_before,
            },
        )
        return answer

    async def ingest_event(
        self, body: models.EventDocument | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.IngestedEnvelope:
        """Ingest an event.

        Stores what happened in a workflow. A failure counts into the incident of its signature, and may open one. The same key with the
        same event is 200 with the first; with another event 422.

        Permission: `operations:write`.

        idempotency_key: Sent again with the same body, the first answer comes back
        """
        answer: models.IngestedEnvelope = await self._transport.call(
            Operation(
                "ingest_event", "POST", "/v1/events", answers=("IngestedEnvelope",), has_idempotency_key=True
            ),
            header={"Idempotency-Key": idempotency_key},
            body=body,
        )
        return answer

    async def get_event(self, event_id: UUID | str) -> models.EventEnvelope:
        """Get an event.

        The event as it was ingested. Events never change.

        Permission: `scenarios:read`.

        event_id: The event's id.
        """
        answer: models.EventEnvelope = await self._transport.call(
            Operation("get_event", "GET", "/v1/events/{event_id}", answers=("EventEnvelope",)),
            path={"event_id": event_id},
        )
        return answer

    async def get_health(self) -> models.Health:
        """Is the process alive.

        Answers as long as the process does; it looks at nothing else.
        """
        answer: models.Health = await self._transport.call(
            Operation("get_health", "GET", "/v1/health", answers=("Health",))
        )
        return answer

    async def get_readiness(self) -> models.Health:
        """Can it serve.

        Looks at the database and its schema, the way to the workers and the idempotency records. `degraded` serves; `unhealthy` is 503.
        """
        answer: models.Health = await self._transport.call(
            Operation("get_readiness", "GET", "/v1/health/ready", answers=("Health",))
        )
        return answer

    async def list_incidents(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: str | None = None,
        severity: str | None = None,
        workflow_id: UUID | str | None = None,
        vendor_id: UUID | str | None = None,
    ) -> models.IncidentList:
        """List incidents.

        Newest first; everything given narrows.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        state: One state, or several with commas
        severity: Of this severity
        workflow_id: The workflow's id.
        vendor_id: The vendor's id.
        """
        answer: models.IncidentList = await self._transport.call(
            Operation("list_incidents", "GET", "/v1/incidents", answers=("IncidentList",)),
            query={
                "limit": limit,
                "cursor": cursor,
                "state": state,
                "severity": severity,
                "workflow_id": workflow_id,
                "vendor_id": vendor_id,
            },
        )
        return answer

    async def get_incident(self, incident_id: UUID | str) -> models.IncidentEnvelope:
        """Get an incident.

        Failures of one signature, counted.

        Permission: `scenarios:read`.

        incident_id: The incident's id.
        """
        answer: models.IncidentEnvelope = await self._transport.call(
            Operation("get_incident", "GET", "/v1/incidents/{incident_id}", answers=("IncidentEnvelope",)),
            path={"incident_id": incident_id},
        )
        return answer

    async def move_incident(
        self, incident_id: UUID | str, body: models.IncidentMove | Mapping[str, Any]
    ) -> models.IncidentEnvelope:
        """Move an incident by hand.

        Moves it to another state, with a reason. A move that its state does not allow is 409.

        Permission: `operations:write`.

        incident_id: The incident's id.
        """
        answer: models.IncidentEnvelope = await self._transport.call(
            Operation(
                "move_incident", "POST", "/v1/incidents/{incident_id}/state", answers=("IncidentEnvelope",)
            ),
            path={"incident_id": incident_id},
            body=body,
        )
        return answer

    async def get_incident_timeline(
        self, incident_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.Timeline:
        """Everything that happened to an incident, oldest first.

        Events, transitions, decisions and actions, oldest first.

        Permission: `scenarios:read`.

        incident_id: The incident's id.
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.Timeline = await self._transport.call(
            Operation(
                "get_incident_timeline", "GET", "/v1/incidents/{incident_id}/timeline", answers=("Timeline",)
            ),
            path={"incident_id": incident_id},
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def list_kill_switches(
        self, *, limit: int | None = None, cursor: str | None = None, active: bool | None = None
    ) -> models.KillSwitchList:
        """List kill switches.

        Newest first: the tenant's own, and those of the platform that stop it.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        active: Those that are set, or those that are lifted
        """
        answer: models.KillSwitchList = await self._transport.call(
            Operation("list_kill_switches", "GET", "/v1/kill-switches", answers=("KillSwitchList",)),
            query={"limit": limit, "cursor": cursor, "active": active},
        )
        return answer

    async def set_kill_switch(
        self, body: models.KillSwitchDocument | Mapping[str, Any]
    ) -> models.KillSwitchEnvelope:
        """Set a kill switch.

        Nothing in its scope starts from now on; what runs goes on. Setting one twice is the same as once.

        Permission: `operations:write`.
        """
        answer: models.KillSwitchEnvelope = await self._transport.call(
            Operation("set_kill_switch", "POST", "/v1/kill-switches", answers=("KillSwitchEnvelope",)),
            body=body,
        )
        return answer

    async def get_kill_switch(self, switch_id: UUID | str) -> models.KillSwitchEnvelope:
        """Get a kill switch.

        What it stops, and who set or lifted it last.

        Permission: `scenarios:read`.

        switch_id: The switch's id.
        """
        answer: models.KillSwitchEnvelope = await self._transport.call(
            Operation(
                "get_kill_switch", "GET", "/v1/kill-switches/{switch_id}", answers=("KillSwitchEnvelope",)
            ),
            path={"switch_id": switch_id},
        )
        return answer

    async def list_kill_switch_changes(
        self, switch_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.SwitchChangeList:
        """Who set and lifted a kill switch, and why.

        Newest first.

        Permission: `scenarios:read`.

        switch_id: The switch's id.
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.SwitchChangeList = await self._transport.call(
            Operation(
                "list_kill_switch_changes",
                "GET",
                "/v1/kill-switches/{switch_id}/changes",
                answers=("SwitchChangeList",),
            ),
            path={"switch_id": switch_id},
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def lift_kill_switch(
        self, switch_id: UUID | str, body: models.KillSwitchLift | Mapping[str, Any]
    ) -> models.KillSwitchEnvelope:
        """Lift a kill switch.

        What waits in its scope starts again. One that the platform's own people set is lifted by them alone.

        Permission: `operations:write`.

        switch_id: The switch's id.
        """
        answer: models.KillSwitchEnvelope = await self._transport.call(
            Operation(
                "lift_kill_switch",
                "POST",
                "/v1/kill-switches/{switch_id}/lift",
                answers=("KillSwitchEnvelope",),
            ),
            path={"switch_id": switch_id},
            body=body,
        )
        return answer

    async def get_me(self) -> models.MeEnvelope:
        """Who am I, and what may I do.

        The subject and tenant of the token, its roles and what they allow, and the tenant's limits with what is used of them.

        Permission: `scenarios:read`.
        """
        answer: models.MeEnvelope = await self._transport.call(
            Operation("get_me", "GET", "/v1/me", answers=("MeEnvelope",))
        )
        return answer

    async def list_models(self, *, limit: int | None = None, cursor: str | None = None) -> models.ModelList:
        """List the models that compute runs.

        The built-in model first, then those that installed packages bring.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.ModelList = await self._transport.call(
            Operation("list_models", "GET", "/v1/models", answers=("ModelList",)),
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def get_model(self, model: UUID | str) -> models.ModelEnvelope:
        """Get a model's drivers and parameters as JSON Schema.

        Of the built-in model its drivers, assumptions and parameters as JSON Schema, with units, ranges, defaults and examples: enough
        to make a form from.

        Permission: `scenarios:read`.

        model: Its name
        """
        answer: models.ModelEnvelope = await self._transport.call(
            Operation("get_model", "GET", "/v1/models/{model}", answers=("ModelEnvelope",)),
            path={"model": model},
        )
        return answer

    async def list_reports(self, *, limit: int | None = None, cursor: str | None = None) -> models.ReportList:
        """List reports.

        Newest first.

        Permission: `outputs:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.ReportList = await self._transport.call(
            Operation("list_reports", "GET", "/v1/reports", answers=("ReportList",)),
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def create_report(self, body: models.ReportRequest | Mapping[str, Any]) -> models.ReportEnvelope:
        """Freeze a comparison as a report.

        The answer itself is kept: it stays when runs, scenarios and snapshots of the table are gone.

        Permission: `scenarios:write`.
        """
        answer: models.ReportEnvelope = await self._transport.call(
            Operation("create_report", "POST", "/v1/reports", answers=("ReportEnvelope",)), body=body
        )
        return answer

    async def get_report(self, report_id: UUID | str) -> models.WholeReportEnvelope:
        """Get a report with its links.

        What was frozen, when and by whom, and which links open it. The document itself is its `content`.

        Permission: `outputs:read`.

        report_id: The report's id.
        """
        answer: models.WholeReportEnvelope = await self._transport.call(
            Operation("get_report", "GET", "/v1/reports/{report_id}", answers=("WholeReportEnvelope",)),
            path={"report_id": report_id},
        )
        return answer

    async def delete_report(self, report_id: UUID | str) -> None:
        """Delete a report.

        Its links open nothing any more.

        Permission: `scenarios:write`.

        report_id: The report's id.
        """
        await self._transport.call(
            Operation("delete_report", "DELETE", "/v1/reports/{report_id}"), path={"report_id": report_id}
        )

    async def get_report_content(self, report_id: UUID | str) -> models.ReportDocument:
        """Get a report's document.

        The same bytes, however long ago it was frozen and whatever became of the runs.

        Permission: `outputs:read`.

        report_id: The report's id.
        """
        answer: models.ReportDocument = await self._transport.call(
            Operation(
                "get_report_content", "GET", "/v1/reports/{report_id}/content", answers=("ReportDocument",)
            ),
            path={"report_id": report_id},
        )
        return answer

    async def create_report_link(
        self, report_id: UUID | str, body: models.LinkRequest | Mapping[str, Any]
    ) -> models.NewLinkEnvelope:
        """Make a link that opens a report.

        Whoever has its key reads the report, and nothing else, without a token, until it expires or is revoked. The answer alone shows
        the key.

        Permission: `scenarios:write`.

        report_id: The report's id.
        """
        answer: models.NewLinkEnvelope = await self._transport.call(
            Operation(
                "create_report_link", "POST", "/v1/reports/{report_id}/links", answers=("NewLinkEnvelope",)
            ),
            path={"report_id": report_id},
            body=body,
        )
        return answer

    async def revoke_report_link(self, report_id: UUID | str, link_id: UUID | str) -> None:
        """Revoke a link.

        It opens nothing any more; who made it and who revoked it stays.

        Permission: `scenarios:write`.

        report_id: The report's id.
        link_id: The link's id.
        """
        await self._transport.call(
            Operation("revoke_report_link", "DELETE", "/v1/reports/{report_id}/links/{link_id}"),
            path={"report_id": report_id, "link_id": link_id},
        )

    async def list_runs(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: str | None = None,
        scenario_id: UUID | str | None = None,
        model: str | None = None,
        created_by: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> models.ListedRunList:
        """List the runs of all scenarios.

        Newest first; the parts of split runs are left out. Everything given narrows.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        state: One state, or several with commas
        scenario_id: The runs of this scenario
        model: The runs of this model; those that name none are of merit_order
        created_by: Who asked for the run, exactly
        created_after: Created at this moment or later
        created_before: Created before this moment
        """
        answer: models.ListedRunList = await self._transport.call(
            Operation("list_runs", "GET", "/v1/runs", answers=("ListedRunList",)),
            query={
                "limit": limit,
                "cursor": cursor,
                "state": state,
                "scenario_id": scenario_id,
                "model": model,
                "created_by": created_by,
                "created_after": created_after,
                "created_before": created_before,
            },
        )
        return answer

    async def get_run(
        self, run_id: UUID | str, *, wait: int | None = None, if_none_match: str | None = None
    ) -> models.LiveRunEnvelope:
        """Get a run of any scenario, or wait for it to change.

        With `wait` the answer comes when the run has ended, or with `If-None-Match` when it has changed, at the latest after so many
        seconds. A run that has ended is answered at once.

        Permission: `scenarios:read`.

        run_id: The run's id.
        wait: Seconds to wait for a change since If-None-Match, without it for the run's end
        if_none_match: The ETag that you have: 304 while it holds
        """
        answer: models.LiveRunEnvelope = await self._transport.call(
            Operation("get_run", "GET", "/v1/runs/{run_id}", answers=("LiveRunEnvelope",)),
            path={"run_id": run_id},
            query={"wait": wait},
            header={"If-None-Match": if_none_match},
        )
        return answer

    async def cancel_run(self, run_id: UUID | str) -> models.RunEnvelope:
        """Cancel a run of any scenario.

        Cancelling twice is the same as once. A run that has ended, or is being published, is 409.

        Permission: `runs:cancel`.

        run_id: The run's id.
        """
        answer: models.RunEnvelope = await self._transport.call(
            Operation("cancel_run", "POST", "/v1/runs/{run_id}/cancel", answers=("RunEnvelope",)),
            path={"run_id": run_id},
        )
        return answer

    async def get_run_result(self, run_id: UUID | str) -> models.ResultEnvelope:
        """Get what the model says of the result of a run of any scenario.

        The same as under the run's scenario.

        Permission: `outputs:read`.

        run_id: The run's id.
        """
        answer: models.ResultEnvelope = await self._transport.call(
            Operation("get_run_result", "GET", "/v1/runs/{run_id}/result", answers=("ResultEnvelope",)),
            path={"run_id": run_id},
        )
        return answer

    async def list_scenarios(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        status: str | None = None,
        name: str | None = None,
        tag: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> models.ScenarioList:
        """List scenarios.

        Newest first; everything given narrows.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        status: Of this status
        name: With this in their name, whatever its case
        tag: With this tag
        created_after: Created at this moment or later
        created_before: Created before this moment
        """
        answer: models.ScenarioList = await self._transport.call(
            Operation("list_scenarios", "GET", "/v1/scenarios", answers=("ScenarioList",)),
            query={
                "limit": limit,
                "cursor": cursor,
                "status": status,
                "name": name,
                "tag": tag,
                "created_after": created_after,
                "created_before": created_before,
            },
        )
        return answer

    async def create_scenario(
        self, body: models.NewScenario | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.WrittenEnvelope:
        """Create a scenario.

        Stores version 1. What its baseline cannot answer is 422 with the nearest names; what may not be meant is in `meta.warnings`. A
        name that is taken is 409 with `existing_id`.

        Permission: `scenarios:write`.

        idempotency_key: Sent again with the same body, the first answer comes back
        """
        answer: models.WrittenEnvelope = await self._transport.call(
            Operation(
                "create_scenario",
                "POST",
                "/v1/scenarios",
                answers=("WrittenEnvelope",),
                has_idempotency_key=True,
            ),
            header={"Idempotency-Key": idempotency_key},
            body=body,
        )
        return answer

    async def cancel_any_run(self, run_id: UUID | str) -> models.RunEnvelope:
        """Cancel a run.

        The same as `POST /v1/runs/{run_id}/cancel`.

        Permission: `runs:cancel`.

        run_id: The run's id.
        """
        answer: models.RunEnvelope = await self._transport.call(
            Operation(
                "cancel_any_run", "POST", "/v1/scenarios/runs/{run_id}/cancel", answers=("RunEnvelope",)
            ),
            path={"run_id": run_id},
        )
        return answer

    async def set_run_state(
        self, run_id: UUID | str, body: models.NewState | Mapping[str, Any]
    ) -> models.RunEnvelope:
        """Move a run to another state by hand.

        For a run that hangs: it is ended, or queued again, whatever it does. A move that no run makes is 409.

        Permission: `runs:state`.

        run_id: The run's id.
        """
        answer: models.RunEnvelope = await self._transport.call(
            Operation("set_run_state", "PUT", "/v1/scenarios/runs/{run_id}/state", answers=("RunEnvelope",)),
            path={"run_id": run_id},
            body=body,
        )
        return answer

    async def cancel_runs(self, body: models.Selection | Mapping[str, Any]) -> models.SelectionEnvelope:
        """Cancel runs by filter.

        Cancels the runs that fit the filter, or with `all` every one that has not ended. With `preview` they are only counted.

        Of many the first go at once, the rest by and by: `cancellation_id` says how far it is.

        Permission: `runs:cancel`.
        """
        answer: models.SelectionEnvelope = await self._transport.call(
            Operation("cancel_runs", "POST", "/v1/scenarios/runs:cancel", answers=("SelectionEnvelope",)),
            body=body,
        )
        return answer

    async def replay_runs(
        self, body: models.Selection | Mapping[str, Any]
    ) -> models.ReplayedSelectionEnvelope:
        """Run again what failed, by filter.

        Asks again for the runs that fit and ended without success; each is a new run. With `preview` they are only counted.

        Permission: `runs:create`.
        """
        answer: models.ReplayedSelectionEnvelope = await self._transport.call(
            Operation(
                "replay_runs", "POST", "/v1/scenarios/runs:replay", answers=("ReplayedSelectionEnvelope",)
            ),
            body=body,
        )
        return answer

    async def get_scenario(
        self,
        scenario_id: UUID | str,
        *,
        as_of: datetime | str | None = None,
        if_none_match: str | None = None,
    ) -> models.ScenarioEnvelope | models.VersionEnvelope:
        """Get a scenario, as it is or as it stood.

        The scenario as it is, with the ETag of its version; with `as_of` as it stood at a moment.

        Permission: `scenarios:read`.

        scenario_id: The scenario's id.
        as_of: The scenario as it stood at this instant
        if_none_match: The ETag that you have: 304 while it holds
        """
        answer: models.ScenarioEnvelope | models.VersionEnvelope = await self._transport.call(
            Operation(
                "get_scenario",
                "GET",
                "/v1/scenarios/{scenario_id}",
                answers=(
                    "ScenarioEnvelope",
                    "VersionEnvelope",
                ),
            ),
            path={"scenario_id": scenario_id},
            query={"as_of": as_of},
            header={"If-None-Match": if_none_match},
        )
        return answer

    async def replace_scenario(
        self,
        scenario_id: UUID | str,
        body: models.NewScenario | Mapping[str, Any],
        *,
        if_match: str | None = None,
    ) -> models.WrittenEnvelope:
        """Replace a scenario.

        Makes the next version of a whole document. With `If-Match` only where nobody changed it since: else 412.

        Permission: `scenarios:write`.

        scenario_id: The scenario's id.
        if_match: The ETag that the entity must still have
        """
        answer: models.WrittenEnvelope = await self._transport.call(
            Operation("replace_scenario", "PUT", "/v1/scenarios/{scenario_id}", answers=("WrittenEnvelope",)),
            path={"scenario_id": scenario_id},
            header={"If-Match": if_match},
            body=body,
        )
        return answer

    async def delete_scenario(self, scenario_id: UUID | str, *, if_match: str | None = None) -> None:
        """Delete a scenario.

        Takes it out of lists and cancels what waits of it. Its runs and results stay; `restore` brings it back.

        Permission: `scenarios:delete`.

        scenario_id: The scenario's id.
        if_match: The ETag that the entity must still have
        """
        await self._transport.call(
            Operation("delete_scenario", "DELETE", "/v1/scenarios/{scenario_id}"),
            path={"scenario_id": scenario_id},
            header={"If-Match": if_match},
        )

    async def update_scenario(
        self,
        scenario_id: UUID | str,
        body: models.ChangedScenario | Mapping[str, Any],
        *,
        if_match: str | None = None,
    ) -> models.WrittenEnvelope:
        """Change some fields of a scenario.

        Makes the next version by a JSON merge patch (RFC 7396): absent stays, null gives the default; parameters are merged by name.

        Permission: `scenarios:write`.

        scenario_id: The scenario's id.
        if_match: The ETag that the entity must still have
        """
        answer: models.WrittenEnvelope = await self._transport.call(
            Operation(
                "update_scenario", "PATCH", "/v1/scenarios/{scenario_id}", answers=("WrittenEnvelope",)
            ),
            path={"scenario_id": scenario_id},
            header={"If-Match": if_match},
            body=body,
        )
        return answer

    async def diff_scenarios(
        self,
        scenario_id: UUID | str,
        *,
        from_version: int | None = None,
        to_version: int | None = None,
        other_id: UUID | str | None = None,
    ) -> models.DifferenceList:
        """Differences between two versions, or between two scenarios.

        What differs between two versions, or with `other_id` between two scenarios. Drivers that only moved are MOVED.

        Permission: `scenarios:read`.

        scenario_id: The scenario's id.
        from_version: Without it, the present one
        to_version: Without it, the present one
        other_id: Compare with this scenario instead
        """
        answer: models.DifferenceList = await self._transport.call(
            Operation(
                "diff_scenarios", "GET", "/v1/scenarios/{scenario_id}/diff", answers=("DifferenceList",)
            ),
            path={"scenario_id": scenario_id},
            query={"from_version": from_version, "to_version": to_version, "other_id": other_id},
        )
        return answer

    async def list_scenario_events(
        self,
        scenario_id: UUID | str,
        *,
        run_id: UUID | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.ScenarioEventList:
        """Read the trail of a scenario and its runs.

        Newest first: what was done to the scenario and what its runs went through.

        Permission: `scenarios:read`.

        scenario_id: The scenario's id.
        run_id: The run's id.
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.ScenarioEventList = await self._transport.call(
            Operation(
                "list_scenario_events",
                "GET",
                "/v1/scenarios/{scenario_id}/events",
                answers=("ScenarioEventList",),
            ),
            path={"scenario_id": scenario_id},
            query={"run_id": run_id, "limit": limit, "cursor": cursor},
        )
        return answer

    async def get_export(self, scenario_id: UUID | str, export_id: UUID | str) -> models.ExportEnvelope:
        """Get an export.

        Where it stands; once it SUCCEEDED, the URLs of its files, new ones each time.

        Permission: `outputs:read`.

        scenario_id: The scenario's id.
        export_id: The export's id.
        """
        answer: models.ExportEnvelope = await self._transport.call(
            Operation(
                "get_export",
                "GET",
                "/v1/scenarios/{scenario_id}/exports/{export_id}",
                answers=("ExportEnvelope",),
            ),
            path={"scenario_id": scenario_id, "export_id": export_id},
        )
        return answer

    async def cancel_export(self, scenario_id: UUID | str, export_id: UUID | str) -> models.ExportEnvelope:
        """Cancel an export.

        Ends it where it has not ended.

        Permission: `outputs:read`.

        scenario_id: The scenario's id.
        export_id: The export's id.
        """
        answer: models.ExportEnvelope = await self._transport.call(
            Operation(
                "cancel_export",
                "DELETE",
                "/v1/scenarios/{scenario_id}/exports/{export_id}",
                answers=("ExportEnvelope",),
            ),
            path={"scenario_id": scenario_id, "export_id": export_id},
        )
        return answer

    async def fork_scenario(
        self,
        scenario_id: UUID | str,
        body: models.Fork | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.WrittenEnvelope:
        """Copy a scenario with changes.

        Stores a copy of the present version, or of `version`, with changes as in a merge patch, under a name of its own.

        Permission: `scenarios:write`.

        scenario_id: The scenario's id.
        idempotency_key: Sent again with the same body, the first answer comes back
        """
        answer: models.WrittenEnvelope = await self._transport.call(
            Operation(
                "fork_scenario",
                "POST",
                "/v1/scenarios/{scenario_id}/fork",
                answers=("WrittenEnvelope",),
                has_idempotency_key=True,
            ),
            path={"scenario_id": scenario_id},
            header={"Idempotency-Key": idempotency_key},
            body=body,
        )
        return answer

    async def get_latest_metrics(
        self,
        scenario_id: UUID | str,
        *,
        metric: str | None = None,
        metric_name: str | None = None,
        run_id: UUID | str | None = None,
    ) -> models.MetricList:
        """Newest value of each metric of the scenario as it stands, or of a run.

        The values that a dashboard shows, from the newest run that succeeded with what the scenario says now; without one the list is
        empty and `meta` says so.

        Permission: `outputs:read`.

        scenario_id: The scenario's id.
        metric: A metric's name, or several with commas
        metric_name: The former name of `metric`
        run_id: Without it, the newest run that succeeded with the scenario's present assumptions and parameters
        """
        answer: models.MetricList = await self._transport.call(
            Operation(
                "get_latest_metrics",
                "GET",
                "/v1/scenarios/{scenario_id}/metrics/latest",
                answers=("MetricList",),
            ),
            path={"scenario_id": scenario_id},
            query={"metric": metric, "metric_name": metric_name, "run_id": run_id},
        )
        return answer

    async def read_outputs(
        self,
        scenario_id: UUID | str,
        *,
        metric: str | None = None,
        runs: str | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
        min_value: float | None = None,
        max_value: float | None = None,
        tags: str | None = None,
        metric_name: str | None = None,
        run_id: str | None = None,
        snapshot_id: str | None = None,
        resolution: Literal["year", "hour"] | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        shape: Literal["rows", "series"] | str | None = None,
    ) -> models.OutputList:
        """Read a scenario's outputs.

        Pages of rows from one snapshot, all of them as series, or the whole as CSV, Parquet or Arrow. What is too large for an answer is
        at a URL (303), or made elsewhere first (202).

        Permission: `outputs:read`.

        scenario_id: The scenario's id.
        metric: A metric's name
        runs: A run's id, or several with commas
        start: From this day on: a year's values are of its first day
        end: Until this day, itself included
        min_value: Values of at least this, in their unit
        max_value: Values of at most this, in their unit
        tags: key:value, several with commas
        metric_name: The former name of `metric`
        run_id: The former name of `runs`
        snapshot_id: Read this snapshot instead of the newest: `meta.snapshot_id` of an answer
        resolution: `hour`: the hourly results, of runs that were asked for them
        limit: Rows of a page of JSON; 100 where not given
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        shape: `series`: all values at once, one item a metric, run, tags and unit, with its dates `t`, values `v` and, where there are bands, `lo` (P5) and `hi` (P95)
        """
        answer: models.OutputList = await self._transport.call(
            Operation("read_outputs", "GET", "/v1/scenarios/{scenario_id}/outputs", answers=("OutputList",)),
            path={"scenario_id": scenario_id},
            query={
                "metric": metric,
                "runs": runs,
                "start": start,
                "end": end,
                "min_value": min_value,
                "max_value": max_value,
                "tags": tags,
                "metric_name": metric_name,
                "run_id": run_id,
                "snapshot_id": snapshot_id,
                "resolution": resolution,
                "limit": limit,
                "cursor": cursor,
                "shape": shape,
            },
        )
        return answer

    async def read_outputs_file(
        self,
        scenario_id: UUID | str,
        *,
        metric: str | None = None,
        runs: str | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
        min_value: float | None = None,
        max_value: float | None = None,
        tags: str | None = None,
        metric_name: str | None = None,
        run_id: str | None = None,
        snapshot_id: str | None = None,
        resolution: Literal["year", "hour"] | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        format: Literal["json", "csv", "parquet", "arrow"] | str | None = None,
        separator: Literal["comma", "semicolon", "tab"] | str | None = None,
        decimal: Literal["point", "comma"] | str | None = None,
        bom: bool | None = None,
        shape: Literal["rows", "series"] | str | None = None,
    ) -> File:
        """Read a scenario's outputs.

        Pages of rows from one snapshot, all of them as series, or the whole as CSV, Parquet or Arrow. What is too large for an answer is
        at a URL (303), or made elsewhere first (202).

        Permission: `outputs:read`.

        scenario_id: The scenario's id.
        metric: A metric's name
        runs: A run's id, or several with commas
        start: From this day on: a year's values are of its first day
        end: Until this day, itself included
        min_value: Values of at least this, in their unit
        max_value: Values of at most this, in their unit
        tags: key:value, several with commas
        metric_name: The former name of `metric`
        run_id: The former name of `runs`
        snapshot_id: Read this snapshot instead of the newest: `meta.snapshot_id` of an answer
        resolution: `hour`: the hourly results, of runs that were asked for them
        limit: Rows of a page of JSON; 100 where not given
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        format: A file of all rows instead of a page
        separator: What stands between the cells of CSV; `comma` where it is not given
        decimal: How CSV writes 0.5; `point` where it is not given. `comma` goes with another separator
        bom: Whether CSV begins with the mark of UTF-8, by which Excel knows it
        shape: `series`: all values at once, one item a metric, run, tags and unit, with its dates `t`, values `v` and, where there are bands, `lo` (P5) and `hi` (P95)
        """
        return await self._transport.file(
            Operation("read_outputs", "GET", "/v1/scenarios/{scenario_id}/outputs"),
            path={"scenario_id": scenario_id},
            query={
                "metric": metric,
                "runs": runs,
                "start": start,
                "end": end,
                "min_value": min_value,
                "max_value": max_value,
                "tags": tags,
                "metric_name": metric_name,
                "run_id": run_id,
                "snapshot_id": snapshot_id,
                "resolution": resolution,
                "limit": limit,
                "cursor": cursor,
                "format": format,
                "separator": separator,
                "decimal": decimal,
                "bom": bom,
                "shape": shape,
            },
        )

    async def aggregate_outputs(
        self,
        scenario_id: UUID | str,
        *,
        by: str | None = None,
        percentiles: str | None = None,
        metric: str | None = None,
        runs: str | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
        min_value: float | None = None,
        max_value: float | None = None,
        tags: str | None = None,
        metric_name: str | None = None,
        run_id: str | None = None,
        snapshot_id: str | None = None,
        resolution: Literal["year", "hour"] | str | None = None,
    ) -> models.AggregateList:
        """Counts, means and percentiles of a scenario's values.

        Each group has one unit. Bands are no values and are left out.

        Permission: `outputs:read`.

        scenario_id: The scenario's id.
        by: Of metric, asof_date, run_id, tags, and with `resolution=hour` hour; with commas. Each group has one unit and one point of a sweep; without `runs` chosen, one run
        percentiles: Ranks from 0 to 100, with commas
        metric: A metric's name
        runs: A run's id, or several with commas
        start: From this day on: a year's values are of its first day
        end: Until this day, itself included
        min_value: Values of at least this, in their unit
        max_value: Values of at most this, in their unit
        tags: key:value, several with commas
        metric_name: The former name of `metric`
        run_id: The former name of `runs`
        snapshot_id: Read this snapshot instead of the newest: `meta.snapshot_id` of an answer
        resolution: `hour`: the hourly results, of runs that were asked for them
        """
        answer: models.AggregateList = await self._transport.call(
            Operation(
                "aggregate_outputs",
                "GET",
                "/v1/scenarios/{scenario_id}/outputs/aggregates",
                answers=("AggregateList",),
            ),
            path={"scenario_id": scenario_id},
            query={
                "by": by,
                "percentiles": percentiles,
                "metric": metric,
                "runs": runs,
                "start": start,
                "end": end,
                "min_value": min_value,
                "max_value": max_value,
                "tags": tags,
                "metric_name": metric_name,
                "run_id": run_id,
                "snapshot_id": snapshot_id,
                "resolution": resolution,
            },
        )
        return answer

    async def compare_outputs(
        self,
        scenario_id: UUID | str,
        *,
        baseline: UUID | str,
        runs: str,
        metric: str | None = None,
        metric_name: str | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
        tags: str | None = None,
        snapshot_id: str | None = None,
        shape: Literal["rows", "series"] | str | None = None,
    ) -> models.ComparedList:
        """Compare runs with a baseline run: the values only.

        The rows of `GET /v1/compare`, which also says what differs in the inputs; or the same as CSV or Parquet.

        Permission: `outputs:read`.

        scenario_id: The scenario's id.
        baseline: The run that the others are compared with
        runs: Runs of the tenant: ids with commas; an id may have its scenario's and a colon before it
        metric: A metric's name, or several with commas
        metric_name: The former name of `metric`
        start: From this day on: a year's values are of its first day
        end: Until this day, itself included
        tags: key:value, several with commas
        snapshot_id: Read this snapshot instead of the newest: `meta.snapshot_id` of an answer
        shape: `series`: one item a metric, tags and unit, with its dates `t`, and of the baseline and each run values `v`, differences, and where there are bands `lo` (P5) and `hi` (P95)
        """
        answer: models.ComparedList = await self._transport.call(
            Operation(
                "compare_outputs",
                "GET",
                "/v1/scenarios/{scenario_id}/outputs/compare",
                answers=("ComparedList",),
            ),
            path={"scenario_id": scenario_id},
            query={
                "baseline": baseline,
                "runs": runs,
                "metric": metric,
                "metric_name": metric_name,
                "start": start,
                "end": end,
                "tags": tags,
                "snapshot_id": snapshot_id,
                "shape": shape,
            },
        )
        return answer

    async def compare_outputs_file(
        self,
        scenario_id: UUID | str,
        *,
        baseline: UUID | str,
        runs: str,
        metric: str | None = None,
        metric_name: str | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
        tags: str | None = None,
        snapshot_id: str | None = None,
        format: Literal["json", "csv", "parquet"] | str | None = None,
        separator: Literal["comma", "semicolon", "tab"] | str | None = None,
        decimal: Literal["point", "comma"] | str | None = None,
        bom: bool | None = None,
        shape: Literal["rows", "series"] | str | None = None,
    ) -> File:
        """Compare runs with a baseline run: the values only.

        The rows of `GET /v1/compare`, which also says what differs in the inputs; or the same as CSV or Parquet.

        Permission: `outputs:read`.

        scenario_id: The scenario's id.
        baseline: The run that the others are compared with
        runs: Runs of the tenant: ids with commas; an id may have its scenario's and a colon before it
        metric: A metric's name, or several with commas
        metric_name: The former name of `metric`
        start: From this day on: a year's values are of its first day
        end: Until this day, itself included
        tags: key:value, several with commas
        snapshot_id: Read this snapshot instead of the newest: `meta.snapshot_id` of an answer
        format: A file of the rows instead
        separator: What stands between the cells of CSV; `comma` where it is not given
        decimal: How CSV writes 0.5; `point` where it is not given. `comma` goes with another separator
        bom: Whether CSV begins with the mark of UTF-8, by which Excel knows it
        shape: `series`: one item a metric, tags and unit, with its dates `t`, and of the baseline and each run values `v`, differences, and where there are bands `lo` (P5) and `hi` (P95)
        """
        return await self._transport.file(
            Operation("compare_outputs", "GET", "/v1/scenarios/{scenario_id}/outputs/compare"),
            path={"scenario_id": scenario_id},
            query={
                "baseline": baseline,
                "runs": runs,
                "metric": metric,
                "metric_name": metric_name,
                "start": start,
                "end": end,
                "tags": tags,
                "snapshot_id": snapshot_id,
                "format": format,
                "separator": separator,
                "decimal": decimal,
                "bom": bom,
                "shape": shape,
            },
        )

    async def list_output_files(
        self,
        scenario_id: UUID | str,
        *,
        snapshot_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.DataFileList:
        """Links to the files that hold a scenario's outputs.

        The Parquet files of one snapshot of the table that hold the scenario's rows, as links that hold for an hour.

        They are for an engine of your own. Each row is in one of them. A file may hold other scenarios of the tenant, so filter by
        `scenario_id`; none holds a row of another tenant. The columns are those of the table; `tags` is a map. All pages are of the
        snapshot that `meta` names.

        Permission: `outputs:read`.

        scenario_id: The scenario's id.
        snapshot_id: Read this snapshot instead of the newest: `meta.snapshot_id` of an answer
        limit: Files of a page
        cursor: `next_cursor` of a page
        """
        answer: models.DataFileList = await self._transport.call(
            Operation(
                "list_output_files",
                "GET",
                "/v1/scenarios/{scenario_id}/outputs/files",
                answers=("DataFileList",),
            ),
            path={"scenario_id": scenario_id},
            query={"snapshot_id": snapshot_id, "limit": limit, "cursor": cursor},
        )
        return answer

    async def get_receipt(self, scenario_id: UUID | str, receipt_id: UUID | str) -> models.ReceiptEnvelope:
        """See what became of a run that was asked for while the database was away.

        404 with `Retry-After` until the request is carried out or refused.

        Permission: `scenarios:read`.

        scenario_id: The scenario's id.
        receipt_id: The receipt's id.
        """
        answer: models.ReceiptEnvelope = await self._transport.call(
            Operation(
                "get_receipt",
                "GET",
                "/v1/scenarios/{scenario_id}/receipts/{receipt_id}",
                answers=("ReceiptEnvelope",),
            ),
            path={"scenario_id": scenario_id, "receipt_id": receipt_id},
        )
        return answer

    async def restore_scenario(
        self, scenario_id: UUID | str, body: models.Restoration | Mapping[str, Any] | None = None
    ) -> models.ScenarioEnvelope:
        """Restore a deleted scenario.

        Undoes a deletion. Where its name was taken meanwhile, give another: else 409.

        Permission: `scenarios:delete`.

        scenario_id: The scenario's id.
        """
        answer: models.ScenarioEnvelope = await self._transport.call(
            Operation(
                "restore_scenario",
                "POST",
                "/v1/scenarios/{scenario_id}/restore",
                answers=("ScenarioEnvelope",),
            ),
            path={"scenario_id": scenario_id},
            body=body,
        )
        return answer

    async def request_run(
        self,
        scenario_id: UUID | str,
        body: models.RunOptions | Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> models.RequestedRunEnvelope | models.JournaledEnvelope:
        """Run a scenario.

        202: the run is stored, and will be executed or visibly fail. A request equal to a run that lives or succeeded is 200 with that
        run. With `sweep` one run computes every combination of the values.

        Permission: `runs:create`.

        scenario_id: The scenario's id.
        idempotency_key: Sent again with the same body, the first answer comes back
        """
        answer: models.RequestedRunEnvelope | models.JournaledEnvelope = await self._transport.call(
            Operation(
                "request_run",
                "POST",
                "/v1/scenarios/{scenario_id}/run",
                answers=(
                    "RequestedRunEnvelope",
                    "JournaledEnvelope",
                ),
                has_idempotency_key=True,
            ),
            path={"scenario_id": scenario_id},
            header={"Idempotency-Key": idempotency_key},
            body=body,
        )
        return answer

    async def list_scenario_runs(
        self,
        scenario_id: UUID | str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        parent: UUID | str | None = None,
    ) -> models.RunList:
        """List the runs of a scenario.

        Newest first; everything given narrows. Parts of split runs are left out unless `parent` names theirs.

        Permission: `scenarios:read`.

        scenario_id: The scenario's id.
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        state: One state, or several with commas
        created_after: Created at this moment or later
        created_before: Created before this moment
        parent: List the parts of this run instead
        """
        answer: models.RunList = await self._transport.call(
            Operation("list_scenario_runs", "GET", "/v1/scenarios/{scenario_id}/runs", answers=("RunList",)),
            path={"scenario_id": scenario_id},
            query={
                "limit": limit,
                "cursor": cursor,
                "state": state,
                "created_after": created_after,
                "created_before": created_before,
                "parent": parent,
            },
        )
        return answer

    async def get_scenario_run(
        self,
        scenario_id: UUID | str,
        run_id: UUID | str,
        *,
        wait: int | None = None,
        if_none_match: str | None = None,
    ) -> models.LiveRunEnvelope:
        """Get a run, or wait for it to change.

        As `GET /v1/runs/{run_id}`, of this scenario alone.

        Permission: `scenarios:read`.

        scenario_id: The scenario's id.
        run_id: The run's id.
        wait: Seconds to wait for a change since If-None-Match, without it for the run's end
        if_none_match: The ETag that you have: 304 while it holds
        """
        answer: models.LiveRunEnvelope = await self._transport.call(
            Operation(
                "get_scenario_run",
                "GET",
                "/v1/scenarios/{scenario_id}/runs/{run_id}",
                answers=("LiveRunEnvelope",),
            ),
            path={"scenario_id": scenario_id, "run_id": run_id},
            query={"wait": wait},
            header={"If-None-Match": if_none_match},
        )
        return answer

    async def list_attempts(
        self,
        scenario_id: UUID | str,
        run_id: UUID | str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.AttemptList:
        """List the attempts at a run.

        First to last: which worker made it, and how it ended.

        Permission: `scenarios:read`.

        scenario_id: The scenario's id.
        run_id: The run's id.
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.AttemptList = await self._transport.call(
            Operation(
                "list_attempts",
                "GET",
                "/v1/scenarios/{scenario_id}/runs/{run_id}/attempts",
                answers=("AttemptList",),
            ),
            path={"scenario_id": scenario_id, "run_id": run_id},
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def cancel_scenario_run(self, scenario_id: UUID | str, run_id: UUID | str) -> models.RunEnvelope:
        """Cancel a run of the scenario.

        As `POST /v1/runs/{run_id}/cancel`, of this scenario alone.

        Permission: `runs:cancel`.

        scenario_id: The scenario's id.
        run_id: The run's id.
        """
        answer: models.RunEnvelope = await self._transport.call(
            Operation(
                "cancel_scenario_run",
                "POST",
                "/v1/scenarios/{scenario_id}/runs/{run_id}/cancel",
                answers=("RunEnvelope",),
            ),
            path={"scenario_id": scenario_id, "run_id": run_id},
        )
        return answer

    async def get_scenario_run_result(
        self, scenario_id: UUID | str, run_id: UUID | str
    ) -> models.ResultEnvelope:
        """Get what the model says of a run's result.

        Model, version and limits, the baseline with its digest, currency, parameters as resolved, seed, draws, warnings, statistics
        of the draws, and how the change in NPV divides among the assumptions. The values are the outputs'. A run without a result is 409.

        Permission: `outputs:read`.

        scenario_id: The scenario's id.
        run_id: The run's id.
        """
        answer: models.ResultEnvelope = await self._transport.call(
            Operation(
                "get_scenario_run_result",
                "GET",
                "/v1/scenarios/{scenario_id}/runs/{run_id}/result",
                answers=("ResultEnvelope",),
            ),
            path={"scenario_id": scenario_id, "run_id": run_id},
        )
        return answer

    async def request_runs(
        self,
        scenario_id: UUID | str,
        body: models.NewRuns | Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> models.BulkEnvelope:
        """Run a scenario several times.

        All are stored or none. Each item is as the body of a single request; equal ones share a run.

        Permission: `runs:create`.

        scenario_id: The scenario's id.
        idempotency_key: Sent again with the same body, the first answer comes back
        """
        answer: models.BulkEnvelope = await self._transport.call(
            Operation(
                "request_runs",
                "POST",
                "/v1/scenarios/{scenario_id}/runs:bulk",
                answers=("BulkEnvelope",),
                has_idempotency_key=True,
            ),
            path={"scenario_id": scenario_id},
            header={"Idempotency-Key": idempotency_key},
            body=body,
        )
        return answer

    async def list_scenario_versions(
        self, scenario_id: UUID | str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.VersionList:
        """List the versions of a scenario.

        Newest first.

        Permission: `scenarios:read`.

        scenario_id: The scenario's id.
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.VersionList = await self._transport.call(
            Operation(
                "list_scenario_versions",
                "GET",
                "/v1/scenarios/{scenario_id}/versions",
                answers=("VersionList",),
            ),
            path={"scenario_id": scenario_id},
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def get_scenario_version(self, scenario_id: UUID | str, version: int) -> models.VersionEnvelope:
        """Get a version of a scenario.

        The version as it was, whatever became of the scenario since.

        Permission: `scenarios:read`.

        scenario_id: The scenario's id.
        version: Which version, from 1
        """
        answer: models.VersionEnvelope = await self._transport.call(
            Operation(
                "get_scenario_version",
                "GET",
                "/v1/scenarios/{scenario_id}/versions/{version}",
                answers=("VersionEnvelope",),
            ),
            path={"scenario_id": scenario_id, "version": version},
        )
        return answer

    async def validate_scenario(self, body: models.NewScenario | Mapping[str, Any]) -> models.ScenarioPreview:
        """Check a scenario without storing it.

        Says what creating it would: what is wrong, what may not be meant, who has the name, and about how long a run takes. Nothing is
        stored.

        Permission: `scenarios:write`.
        """
        answer: models.ScenarioPreview = await self._transport.call(
            Operation("validate_scenario", "POST", "/v1/scenarios:validate", answers=("ScenarioPreview",)),
            body=body,
        )
        return answer

    async def get_shared_report(self, *, x_report_key: str | None = None) -> models.ReportDocument:
        """Read a report by a link.

        The report's document, without a token. A key that is none, has expired or was revoked is answered alike. It stands in a header
        since paths are logged.

        x_report_key: The key of a link
        """
        answer: models.ReportDocument = await self._transport.call(
            Operation("get_shared_report", "GET", "/v1/shared-report", answers=("ReportDocument",)),
            header={"X-Report-Key": x_report_key},
        )
        return answer

    async def list_tenants(self, *, limit: int | None = None, cursor: str | None = None) -> models.TenantList:
        """List tenants.

        Newest first.

        Permission: `tenants:manage`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.TenantList = await self._transport.call(
            Operation("list_tenants", "GET", "/v1/tenants", answers=("TenantList",)),
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def create_tenant(
        self, body: models.TenantDocument | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.TenantEnvelope:
        """Register a tenant.

        People whose tokens name it are served from now on.

        Permission: `tenants:manage`.

        idempotency_key: Sent again with the same body, the first answer comes back
        """
        answer: models.TenantEnvelope = await self._transport.call(
            Operation(
                "create_tenant", "POST", "/v1/tenants", answers=("TenantEnvelope",), has_idempotency_key=True
            ),
            header={"Idempotency-Key": idempotency_key},
            body=body,
        )
        return answer

    async def get_tenant(self, tenant: UUID | str) -> models.TenantEnvelope:
        """Get a tenant.

        The caller's own; for who manages tenants any.

        Permission: `scenarios:read`.

        tenant: The tenant's id
        """
        answer: models.TenantEnvelope = await self._transport.call(
            Operation("get_tenant", "GET", "/v1/tenants/{tenant}", answers=("TenantEnvelope",)),
            path={"tenant": tenant},
        )
        return answer

    async def change_tenant(
        self,
        tenant: UUID | str,
        body: models.TenantChanges | Mapping[str, Any],
        *,
        if_match: str | None = None,
    ) -> models.TenantEnvelope:
        """Change a tenant.

        What is left out stays. `active` is for who manages tenants: of one that is not active nothing is served or run.

        Permission: `config:write`.

        tenant: The tenant's id
        if_match: The ETag that the entity must still have
        """
        answer: models.TenantEnvelope = await self._transport.call(
            Operation("change_tenant", "PATCH", "/v1/tenants/{tenant}", answers=("TenantEnvelope",)),
            path={"tenant": tenant},
            header={"If-Match": if_match},
            body=body,
        )
        return answer

    async def list_tenant_changes(
        self,
        tenant: UUID | str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        before_version: int | None = None,
    ) -> models.ChangeList:
        """What was changed of a tenant, field by field, newest first.

        Newest first.

        Permission: `scenarios:read`.

        tenant: The tenant's id
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        before_version: Only changes of versions before this one; pages are asked for by `cursor`
        """
        answer: models.ChangeList = await self._transport.call(
            Operation("list_tenant_changes", "GET", "/v1/tenants/{tenant}/changes", answers=("ChangeList",)),
            path={"tenant": tenant},
            query={"limit": limit, "cursor": cursor, "before_version": before_version},
        )
        return answer

    async def list_vendors(self, *, limit: int | None = None, cursor: str | None = None) -> models.VendorList:
        """List vendors.

        Newest first.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.VendorList = await self._transport.call(
            Operation("list_vendors", "GET", "/v1/vendors", answers=("VendorList",)),
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def create_vendor(
        self, body: models.VendorDocument | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.VendorEnvelope:
        """Create a vendor.

        A name that is taken is 409.

        Permission: `operations:write`.

        idempotency_key: Sent again with the same body, the first answer comes back
        """
        answer: models.VendorEnvelope = await self._transport.call(
            Operation(
                "create_vendor", "POST", "/v1/vendors", answers=("VendorEnvelope",), has_idempotency_key=True
            ),
            header={"Idempotency-Key": idempotency_key},
            body=body,
        )
        return answer

    async def get_vendor(self, vendor_id: UUID | str) -> models.VendorEnvelope:
        """Get a vendor.

        Its settings; `/breaker` says how it stands.

        Permission: `scenarios:read`.

        vendor_id: The vendor's id.
        """
        answer: models.VendorEnvelope = await self._transport.call(
            Operation("get_vendor", "GET", "/v1/vendors/{vendor_id}", answers=("VendorEnvelope",)),
            path={"vendor_id": vendor_id},
        )
        return answer

    async def delete_vendor(self, vendor_id: UUID | str, *, if_match: str | None = None) -> None:
        """Delete a vendor.

        With `If-Match` only where nobody changed it since: else 412.

        Permission: `operations:write`.

        vendor_id: The vendor's id.
        if_match: The ETag that the entity must still have
        """
        await self._transport.call(
            Operation("delete_vendor", "DELETE", "/v1/vendors/{vendor_id}"),
            path={"vendor_id": vendor_id},
            header={"If-Match": if_match},
        )

    async def change_vendor(
        self,
        vendor_id: UUID | str,
        body: models.VendorChanges | Mapping[str, Any],
        *,
        if_match: str | None = None,
    ) -> models.VendorEnvelope:
        """Change a vendor.

        What is left out stays. With `If-Match` only where nobody changed it since: else 412.

        Permission: `operations:write`.

        vendor_id: The vendor's id.
        if_match: The ETag that the entity must still have
        """
        answer: models.VendorEnvelope = await self._transport.call(
            Operation("change_vendor", "PATCH", "/v1/vendors/{vendor_id}", answers=("VendorEnvelope",)),
            path={"vendor_id": vendor_id},
            header={"If-Match": if_match},
            body=body,
        )
        return answer

    async def get_vendor_breaker(self, vendor_id: UUID | str) -> models.VendorStandingEnvelope:
        """Where a vendor's breaker and limit stand.

        Whether calls are let through, and how many count against the limit.

        Permission: `scenarios:read`.

        vendor_id: The vendor's id.
        """
        answer: models.VendorStandingEnvelope = await self._transport.call(
            Operation(
                "get_vendor_breaker",
                "GET",
                "/v1/vendors/{vendor_id}/breaker",
                answers=("VendorStandingEnvelope",),
            ),
            path={"vendor_id": vendor_id},
        )
        return answer

    async def list_vendor_changes(
        self,
        vendor_id: UUID | str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        before_version: int | None = None,
    ) -> models.ChangeList:
        """What was changed of a vendor, field by field, newest first.

        Newest first.

        Permission: `scenarios:read`.

        vendor_id: The vendor's id.
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        before_version: Only changes of versions before this one; pages are asked for by `cursor`
        """
        answer: models.ChangeList = await self._transport.call(
            Operation(
                "list_vendor_changes", "GET", "/v1/vendors/{vendor_id}/changes", answers=("ChangeList",)
            ),
            path={"vendor_id": vendor_id},
            query={"limit": limit, "cursor": cursor, "before_version": before_version},
        )
        return answer

    async def list_webhooks(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.WebhookList:
        """List webhooks.

        Newest first.

        Permission: `outbox:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.WebhookList = await self._transport.call(
            Operation("list_webhooks", "GET", "/v1/webhooks", answers=("WebhookList",)),
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def create_webhook(
        self, body: models.WebhookDocument | Mapping[str, Any]
    ) -> models.NewWebhookEnvelope:
        """Create a webhook.

        The answer alone shows the secret, so that this takes no idempotency key: what is not wanted can be deleted.

        Permission: `operations:write`.
        """
        answer: models.NewWebhookEnvelope = await self._transport.call(
            Operation("create_webhook", "POST", "/v1/webhooks", answers=("NewWebhookEnvelope",)), body=body
        )
        return answer

    async def get_webhook(self, webhook_id: UUID | str) -> models.WebhookEnvelope:
        """Get a webhook.

        Where it goes, what it is told of, and whether it is enabled.

        Permission: `outbox:read`.

        webhook_id: The webhook's id.
        """
        answer: models.WebhookEnvelope = await self._transport.call(
            Operation("get_webhook", "GET", "/v1/webhooks/{webhook_id}", answers=("WebhookEnvelope",)),
            path={"webhook_id": webhook_id},
        )
        return answer

    async def delete_webhook(self, webhook_id: UUID | str, *, if_match: str | None = None) -> None:
        """Delete a webhook.

        What waits is cancelled. With `If-Match` only where nobody changed it since: else 412.

        Permission: `operations:write`.

        webhook_id: The webhook's id.
        if_match: The ETag that the entity must still have
        """
        await self._transport.call(
            Operation("delete_webhook", "DELETE", "/v1/webhooks/{webhook_id}"),
            path={"webhook_id": webhook_id},
            header={"If-Match": if_match},
        )

    async def change_webhook(
        self,
        webhook_id: UUID | str,
        body: models.WebhookChanges | Mapping[str, Any],
        *,
        if_match: str | None = None,
    ) -> models.WebhookEnvelope:
        """Change a webhook.

        What is left out stays. With `If-Match` only where nobody changed it since: else 412.

        Disabling cancels what waits; what is on its way that moment still arrives.

        Permission: `operations:write`.

        webhook_id: The webhook's id.
        if_match: The ETag that the entity must still have
        """
        answer: models.WebhookEnvelope = await self._transport.call(
            Operation("change_webhook", "PATCH", "/v1/webhooks/{webhook_id}", answers=("WebhookEnvelope",)),
            path={"webhook_id": webhook_id},
            header={"If-Match": if_match},
            body=body,
        )
        return answer

    async def list_webhook_changes(
        self,
        webhook_id: UUID | str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        before_version: int | None = None,
    ) -> models.ChangeList:
        """What was changed of a webhook, field by field, newest first.

        Newest first.

        Permission: `outbox:read`.

        webhook_id: The webhook's id.
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        before_version: Only changes of versions before this one; pages are asked for by `cursor`
        """
        answer: models.ChangeList = await self._transport.call(
            Operation(
                "list_webhook_changes", "GET", "/v1/webhooks/{webhook_id}/changes", answers=("ChangeList",)
            ),
            path={"webhook_id": webhook_id},
            query={"limit": limit, "cursor": cursor, "before_version": before_version},
        )
        return answer

    async def list_webhook_deliveries(
        self,
        webhook_id: UUID | str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: str | None = None,
        event_type: str | None = None,
    ) -> models.DeliveryList:
        """List what is delivered to a webhook.

        Newest first, of the last 30 days; everything given narrows.

        Permission: `outbox:read`.

        webhook_id: The webhook's id.
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        state: One state, or several with commas
        event_type: Of this type of event
        """
        answer: models.DeliveryList = await self._transport.call(
            Operation(
                "list_webhook_deliveries",
                "GET",
                "/v1/webhooks/{webhook_id}/deliveries",
                answers=("DeliveryList",),
            ),
            path={"webhook_id": webhook_id},
            query={"limit": limit, "cursor": cursor, "state": state, "event_type": event_type},
        )
        return answer

    async def get_webhook_delivery(
        self, webhook_id: UUID | str, delivery_id: UUID | str
    ) -> models.WholeDeliveryEnvelope:
        """Get a delivery with what was sent and what came back.

        Each attempt with its headers, the head of the answer, and how long it took.

        Permission: `outbox:read`.

        webhook_id: The webhook's id.
        delivery_id: The delivery's id.
        """
        answer: models.WholeDeliveryEnvelope = await self._transport.call(
            Operation(
                "get_webhook_delivery",
                "GET",
                "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}",
                answers=("WholeDeliveryEnvelope",),
            ),
            path={"webhook_id": webhook_id, "delivery_id": delivery_id},
        )
        return answer

    async def resend_webhook_delivery(
        self, webhook_id: UUID | str, delivery_id: UUID | str
    ) -> models.DeliveryEnvelope:
        """Send a delivery again.

        Under the same `webhook-id`, whatever became of it; one that still waits stays as it is.

        Permission: `operations:write`.

        webhook_id: The webhook's id.
        delivery_id: The delivery's id.
        """
        answer: models.DeliveryEnvelope = await self._transport.call(
            Operation(
                "resend_webhook_delivery",
                "POST",
                "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/resend",
                answers=("DeliveryEnvelope",),
            ),
            path={"webhook_id": webhook_id, "delivery_id": delivery_id},
        )
        return answer

    async def resend_failed_deliveries(
        self, webhook_id: UUID | str, body: models.ResendRequest | Mapping[str, Any]
    ) -> models.ResentEnvelope:
        """Send again what failed.

        Those that failed or were cancelled, the oldest 1,000; each under its own `webhook-id`, for three more days.

        Permission: `operations:write`.

        webhook_id: The webhook's id.
        """
        answer: models.ResentEnvelope = await self._transport.call(
            Operation(
                "resend_failed_deliveries",
                "POST",
                "/v1/webhooks/{webhook_id}/deliveries:resend",
                answers=("ResentEnvelope",),
            ),
            path={"webhook_id": webhook_id},
            body=body,
        )
        return answer

    async def rotate_webhook_secret(self, webhook_id: UUID | str) -> models.NewWebhookEnvelope:
        """Give a webhook another secret.

        For 24 hours everything is signed by both, so that no signature fails while the consumer changes over. A third secret, from a
        rotation before that, no longer signs. With `ed25519` it is another pair of keys, and `public_key` is the new one's.

        Permission: `operations:write`.

        webhook_id: The webhook's id.
        """
        answer: models.NewWebhookEnvelope = await self._transport.call(
            Operation(
                "rotate_webhook_secret",
                "POST",
                "/v1/webhooks/{webhook_id}/secret:rotate",
                answers=("NewWebhookEnvelope",),
            ),
            path={"webhook_id": webhook_id},
        )
        return answer

    async def test_webhook(self, webhook_id: UUID | str) -> models.DeliveryEnvelope:
        """Have a test event delivered.

        An event `webhook.test` for this endpoint alone; GET of the delivery says what came of it.

        Permission: `operations:write`.

        webhook_id: The webhook's id.
        """
        answer: models.DeliveryEnvelope = await self._transport.call(
            Operation(
                "test_webhook", "POST", "/v1/webhooks/{webhook_id}/test", answers=("DeliveryEnvelope",)
            ),
            path={"webhook_id": webhook_id},
        )
        return answer

    async def list_workflows(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> models.WorkflowList:
        """List workflows.

        Newest first.

        Permission: `scenarios:read`.

        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        """
        answer: models.WorkflowList = await self._transport.call(
            Operation("list_workflows", "GET", "/v1/workflows", answers=("WorkflowList",)),
            query={"limit": limit, "cursor": cursor},
        )
        return answer

    async def create_workflow(
        self, body: models.WorkflowDocument | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.WorkflowEnvelope:
        """Create a workflow.

        A name that is taken is 409.

        Permission: `operations:write`.

        idempotency_key: Sent again with the same body, the first answer comes back
        """
        answer: models.WorkflowEnvelope = await self._transport.call(
            Operation(
                "create_workflow",
                "POST",
                "/v1/workflows",
                answers=("WorkflowEnvelope",),
                has_idempotency_key=True,
            ),
            header={"Idempotency-Key": idempotency_key},
            body=body,
        )
        return answer

    async def get_workflow(self, workflow_id: UUID | str) -> models.WorkflowEnvelope:
        """Get a workflow.

        What events belong to, and whether its runs start.

        Permission: `scenarios:read`.

        workflow_id: The workflow's id.
        """
        answer: models.WorkflowEnvelope = await self._transport.call(
            Operation("get_workflow", "GET", "/v1/workflows/{workflow_id}", answers=("WorkflowEnvelope",)),
            path={"workflow_id": workflow_id},
        )
        return answer

    async def delete_workflow(self, workflow_id: UUID | str, *, if_match: str | None = None) -> None:
        """Delete a workflow.

        With `If-Match` only where nobody changed it since: else 412. A built-in one is 409.

        Permission: `operations:write`.

        workflow_id: The workflow's id.
        if_match: The ETag that the entity must still have
        """
        await self._transport.call(
            Operation("delete_workflow", "DELETE", "/v1/workflows/{workflow_id}"),
            path={"workflow_id": workflow_id},
            header={"If-Match": if_match},
        )

    async def change_workflow(
        self,
        workflow_id: UUID | str,
        body: models.WorkflowChanges | Mapping[str, Any],
        *,
        if_match: str | None = None,
    ) -> models.WorkflowEnvelope:
        """Change a workflow.

        What is left out stays. PAUSED, its runs wait; ACTIVE, they start again.

        Permission: `operations:write`.

        workflow_id: The workflow's id.
        if_match: The ETag that the entity must still have
        """
        answer: models.WorkflowEnvelope = await self._transport.call(
            Operation(
                "change_workflow", "PATCH", "/v1/workflows/{workflow_id}", answers=("WorkflowEnvelope",)
            ),
            path={"workflow_id": workflow_id},
            header={"If-Match": if_match},
            body=body,
        )
        return answer

    async def list_workflow_changes(
        self,
        workflow_id: UUID | str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        before_version: int | None = None,
    ) -> models.ChangeList:
        """What was changed of a workflow, field by field, newest first.

        Newest first.

        Permission: `scenarios:read`.

        workflow_id: The workflow's id.
        limit: Items of a page
        cursor: `next_cursor` or `prev_cursor` of a page of the same list
        before_version: Only changes of versions before this one; pages are asked for by `cursor`
        """
        answer: models.ChangeList = await self._transport.call(
            Operation(
                "list_workflow_changes", "GET", "/v1/workflows/{workflow_id}/changes", answers=("ChangeList",)
            ),
            path={"workflow_id": workflow_id},
            query={"limit": limit, "cursor": cursor, "before_version": before_version},
        )
        return answer
