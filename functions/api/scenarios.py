"""Scenarios: create, check, get, list, replace, change, fork, delete, restore."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Self
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import BaseModel, ConfigDict, Field

from functions.api.http.envelopes import (
    AnswerBody,
    Documented,
    Envelope,
    ListEnvelope,
    WarnedMeta,
    answers,
    reply,
    warned_meta,
)
from functions.api.http.etag import IfMatch, IfNoneMatch, etag, expected_version
from functions.api.http.headers import ETAG, LOCATION, MAY_ETAG
from functions.api.http.idempotency import Key, once
from functions.api.http.listing import listing
from functions.api.http.parameters import CreatedAfter, CreatedBefore, Cursor, Limit, check_span, check_tenant
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.canonical import decode
from sextant.drivers.assumptions import Assumptions
from sextant.drivers.fields import UPPER
from sextant.drivers.parameters import ScenarioParameters
from sextant.ids import ScenarioId
from sextant.moments import Moment
from sextant.paging import DEFAULT_LIMIT
from sextant.scenarios import service
from sextant.scenarios.documents import Name, ScenarioChanges, ScenarioDocument
from sextant.scenarios.model import Scenario, ScenarioFilter, Status, WrittenScenario
from sextant.storage import Session
from sextant.storage.errors import UniqueViolation


class NewScenario(ScenarioDocument):
    """A scenario to be stored; `tenant_id`, where given, must be the token's."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    tenant_id: str | None = None


class ChangedScenario(ScenarioChanges):
    """What is to be different; `tenant_id`, where given, must be the token's."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    tenant_id: str | None = None


class Fork(ChangedScenario):
    """What the copy has different, its name above all; `version` says which version is copied."""

    name: Name
    version: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Which version is copied; the present one where it is left out."""


class Restoration(BaseModel):
    """How a deleted scenario comes back: under its name, or under another where that one is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    name: Name | None = None
    """The name it comes back under; its own where it is left out."""


KeptAssumptions = Annotated[list[dict[str, Any]], Documented(Assumptions)]
KeptParameters = Annotated[dict[str, Any], Documented(ScenarioParameters)]


class ScenarioBody(AnswerBody, shows=Scenario, hides=("tenant_id", "deleted_at")):
    assumptions: KeptAssumptions
    parameters: KeptParameters

    @classmethod
    def of(cls, thing: Any, **values: Any) -> Self:
        return super().of(
            thing, assumptions=decode(thing.assumptions), parameters=decode(thing.parameters), **values
        )


_STORED = ("created_at", "created_by", "updated_at", "updated_by")


class ScenarioDraft(AnswerBody, shows=Scenario, hides=("tenant_id", "id", "version", "deleted_at", *_STORED)):
    """A scenario as it would be stored."""

    assumptions: KeptAssumptions
    parameters: KeptParameters
    name_taken_by: UUID | None
    """The scenario that has this name already: storing would be refused."""
    work_seconds: float | None
    """About how long one worker would take for a run of it; null where the baseline does not say, or a plug-in computes."""

    @classmethod
    def of(cls, thing: Any, **values: Any) -> Self:
        stored = thing.values()
        return super().of(
            thing,
            assumptions=decode(stored["assumptions"]),
            parameters=decode(stored["parameters"]),
            **values,
        )


class VersionBody(AnswerBody, shows=Scenario, hides=("tenant_id", *_STORED)):
    assumptions: KeptAssumptions
    parameters: KeptParameters
    changed_by: str
    """Who made this version."""
    valid_from: datetime
    """When it began to hold."""
    valid_to: datetime | None
    """When the next one did; null where it holds."""

    @classmethod
    def of(cls, thing: Any, **values: Any) -> Self:
        scenario = thing.record
        return super().of(
            scenario,
            assumptions=decode(scenario.assumptions),
            parameters=decode(scenario.parameters),
            changed_by=thing.changed_by,
            valid_from=thing.valid_from,
            valid_to=thing.valid_to,
            **values,
        )


class ScenarioEnvelope(Envelope[ScenarioBody]): ...


class ScenarioList(ListEnvelope[ScenarioBody]): ...


class WrittenEnvelope(Envelope[ScenarioBody]):
    meta: WarnedMeta


class ScenarioPreview(Envelope[ScenarioDraft]):
    meta: WarnedMeta


class VersionEnvelope(Envelope[VersionBody]): ...


router = Router("Scenarios")

_DRAFT = answers("The scenario as it would be stored", ScenarioPreview)
_OK = answers("The scenario", ScenarioEnvelope, ETAG)
_WRITTEN = answers("The scenario, and what may not be meant in it", WrittenEnvelope, ETAG)
_CREATED = answers("The scenario, and what may not be meant in it", WrittenEnvelope, ETAG, LOCATION)
_AT_ANY_TIME = answers(
    "The scenario; with as_of the version that stood then, without an ETag",
    ScenarioEnvelope | VersionEnvelope,
    MAY_ETAG,
)
_LIST = answers("Scenarios, newest first", ScenarioList)


@router.post("/v1/scenarios", summary="Create a scenario", responses={201: _CREATED})
@needs("scenarios:write")
def create_scenario(document: Annotated[NewScenario, Body()], idempotency_key: Key = None) -> Response[Any]:
    """Stores version 1. What its baseline cannot answer is 422 with the nearest names; what may not be meant is in `meta.warnings`. A
    name that is taken is 409 with `existing_id`.
    """
    caller = router.caller
    check_tenant(document.tenant_id, caller)

    def create() -> Response[Any]:
        created = _named(document.name, lambda session: service.create(session, document, caller))
        return _shown(created, 201)

    return once(router, idempotency_key, create)


@router.put("/v1/scenarios/<scenario_id>", summary="Replace a scenario", responses={200: _WRITTEN})
@needs("scenarios:write")
def replace_scenario(
    scenario_id: UUID,
    document: Annotated[NewScenario, Body()],
    if_match: IfMatch = None,
) -> Response[Any]:
    """Makes the next version of a whole document. With `If-Match` only where nobody changed it since: else 412."""
    caller, version = router.caller, expected_version(if_match, scenario_id)
    check_tenant(document.tenant_id, caller)
    replaced = _named(
        document.name,
        lambda session: service.replace(session, ScenarioId(scenario_id), document, version, caller),
    )
    return _shown(replaced)


@router.patch(
    "/v1/scenarios/<scenario_id>", summary="Change some fields of a scenario", responses={200: _WRITTEN}
)
@needs("scenarios:write", merges=True)
def update_scenario(
    scenario_id: UUID,
    changes: Annotated[ChangedScenario, Body()],
    if_match: IfMatch = None,
) -> Response[Any]:
    """Makes the next version by a JSON merge patch (RFC 7396): absent stays, null gives the default; parameters are merged by name."""
    caller, version = router.caller, expected_version(if_match, scenario_id)
    check_tenant(changes.tenant_id, caller)
    updated = _named(
        changes.name,
        lambda session: service.update(session, ScenarioId(scenario_id), changes, version, caller),
    )
    return _shown(updated)


@router.post(
    "/v1/scenarios/<scenario_id>/restore", summary="Restore a deleted scenario", responses={200: _OK}
)
@needs("scenarios:delete")
def restore_scenario(
    scenario_id: UUID, restoration: Annotated[Restoration | None, Body()] = None
) -> Response[Any]:
    """Undoes a deletion. Where its name was taken meanwhile, give another: else 409."""
    caller, scenario = router.caller, ScenarioId(scenario_id)
    name = restoration.name if restoration else None
    restored = _named(name, lambda session: service.restore(session, scenario, name, caller), scenario)
    return _shown(restored, written=False)


@router.post("/v1/scenarios:validate", summary="Check a scenario without storing it", responses={200: _DRAFT})
@needs("scenarios:write")
def validate_scenario(document: Annotated[NewScenario, Body()]) -> Response[Any]:
    """Says what creating it would: what is wrong, what may not be meant, who has the name, and about how long a run takes. Nothing is
    stored.
    """
    caller = router.caller
    check_tenant(document.tenant_id, caller)
    with router.session() as session:
        taken_by = service.holder_of(session, document.name)
        fit = service.validate(session, document)
    draft = ScenarioDraft.of(document, name_taken_by=taken_by, work_seconds=fit.work_seconds)
    return reply(ScenarioPreview.model_construct(data=draft, meta=warned_meta(caller, fit.warnings)))


@router.post(
    "/v1/scenarios/<scenario_id>/fork", summary="Copy a scenario with changes", responses={201: _CREATED}
)
@needs("scenarios:write")
def fork_scenario(
    scenario_id: UUID,
    fork: Annotated[Fork, Body()],
    idempotency_key: Key = None,
) -> Response[Any]:
    """Stores a copy of the present version, or of `version`, with changes as in a merge patch, under a name of its own."""
    caller = router.caller
    check_tenant(fork.tenant_id, caller)

    def create() -> Response[Any]:
        forked = _named(
            fork.name,
            lambda session: service.fork(session, ScenarioId(scenario_id), fork.version, fork, caller),
        )
        return _shown(forked, 201)

    return once(router, idempotency_key, create)


@router.delete(
    "/v1/scenarios/<scenario_id>", summary="Delete a scenario", responses={204: {"description": "Deleted"}}
)
@needs("scenarios:delete")
def delete_scenario(
    scenario_id: UUID,
    if_match: IfMatch = None,
) -> Response[Any]:
    """Takes it out of lists and cancels what waits of it. Its runs and results stay; `restore` brings it back."""
    caller = router.caller
    version = expected_version(if_match, scenario_id)
    router.transaction(lambda session: service.delete(session, ScenarioId(scenario_id), version, caller))
    bootstrap.nudge_relay()
    return Response(status_code=204, body="")


@router.get("/v1/scenarios", summary="List scenarios", responses={200: _LIST})
@needs("scenarios:read")
def list_scenarios(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    status: Annotated[Status | None, UPPER, Query(description="Of this status")] = None,
    name: Annotated[
        str | None, Query(max_length=200, description="With this in their name, whatever its case")
    ] = None,
    tag: Annotated[str | None, Query(max_length=64, description="With this tag")] = None,
    created_after: CreatedAfter = None,
    created_before: CreatedBefore = None,
) -> Response[Any]:
    """Newest first; everything given narrows."""
    check_span(created_after, created_before)
    where = ScenarioFilter(status, name, tag, created_after, created_before)
    scope = f"scenarios {where}"
    return listing(router, ScenarioList, scope, limit, cursor, service.list_scenarios, where)


@router.get(
    "/v1/scenarios/<scenario_id>",
    summary="Get a scenario, as it is or as it stood",
    responses={200: _AT_ANY_TIME},
)
@needs("scenarios:read")
def get_scenario(
    scenario_id: UUID,
    as_of: Annotated[Moment | None, Query(description="The scenario as it stood at this instant")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response[Any]:
    """The scenario as it is, with the ETag of its version; with `as_of` as it stood at a moment."""
    if as_of is not None:
        with router.session() as session:
            version = service.get_as_of(session, ScenarioId(scenario_id), as_of)
        return reply(VersionEnvelope.of(version, router.caller))
    with router.session() as session:
        scenario = service.get(session, ScenarioId(scenario_id))
    if if_none_match is not None and _etag(scenario) in if_none_match:
        return Response(status_code=304, body="", headers={"ETag": _etag(scenario)})
    return _shown(scenario, written=False)


def _named(
    name: str | None, work: Callable[[Session], Scenario], scenario: ScenarioId | None = None
) -> Scenario:
    """The result of `work`, or the error that says which scenario has the `name` it would take.

    Where no name is given it is the one that the deleted `scenario` had.
    """
    try:
        return router.transaction(work)
    except UniqueViolation as violation:
        refused = violation
    raise router.transaction(
        lambda session: service.name_taken(session, name, refused, scenario)
    ) from refused


def _etag(scenario: Scenario) -> str:
    return etag(scenario.id, scenario.version)


def _shown(scenario: Scenario, status: int = 200, *, written: bool = True) -> Response[Any]:
    """The scenario with its entity tag, and where it was created its place."""
    headers = {"ETag": _etag(scenario)}
    if status == HTTPStatus.CREATED:
        headers["Location"] = f"/v1/scenarios/{scenario.id}"
    if not written:
        return reply(ScenarioEnvelope.of(scenario, router.caller), status, headers)
    body = ScenarioBody.of(scenario)
    meta = warned_meta(router.caller, scenario.warnings if isinstance(scenario, WrittenScenario) else ())
    return reply(WrittenEnvelope.model_construct(data=body, meta=meta), status, headers)
