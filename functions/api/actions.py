"""Actions: ask for, get, list, complete, reverse."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import StringConstraints

from functions.api.http.envelopes import AnswerBody, Envelope, Flag, ListEnvelope, RequestBody, answers, reply
from functions.api.http.headers import LOCATION
from functions.api.http.idempotency import Key, once
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit, States, several
from functions.api.http.reasons import Reason
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.drivers.fields import UPPER
from sextant.ids import IncidentId
from sextant.operations.actions import service as actions
from sextant.operations.actions.model import ACTION_STATES, Action, ActionFilter, ActionType, NewAction
from sextant.paging import DEFAULT_LIMIT


class ActionDocument(RequestBody):
    """An action asked for by a person; it is performed within moments."""

    action_type: Annotated[ActionType, UPPER]
    """What to do."""
    target: Annotated[str, StringConstraints(max_length=200)] = ""
    """The id of what to do it to; the incident's where it is left out."""
    incident_id: UUID | None = None
    """The incident that it is about."""
    scope: Annotated[Literal["TENANT", "WORKFLOW", "VENDOR"], UPPER] | None = None
    """Of a kill switch."""
    reason: Reason
    dry_run: Flag = False
    """Only say what would be done."""

    def action(self) -> NewAction:
        parameters: dict[str, Any] = {"reason": self.reason}
        if self.scope is not None:
            parameters["scope"] = self.scope
        target = self.target or (str(self.incident_id) if self.incident_id else "")
        return NewAction(self.action_type, target, parameters, dry_run=self.dry_run)


class ActionCompletion(RequestBody):
    state: Annotated[Literal["SUCCEEDED", "FAILED", "SKIPPED"], UPPER]
    """How it ended."""
    note: Annotated[str, StringConstraints(max_length=2000)] = ""
    """What to know of it."""


class ReasonDocument(RequestBody):
    reason: Reason


class ActionBody(AnswerBody, shows=Action, hides=("tenant_id", "ordinal")): ...


class ActionEnvelope(Envelope[ActionBody]): ...


class ActionList(ListEnvelope[ActionBody]): ...


router = Router("Actions")

_OK = answers("The action", ActionEnvelope)
_ACCEPTED = answers("The action", ActionEnvelope, LOCATION)
_LIST = answers("Actions, newest first", ActionList)


def _accepted(action: Action) -> Response[Any]:
    bootstrap.nudge_relay()
    body = ActionEnvelope.of(action, router.caller)
    return reply(body, 202, {"Location": f"/v1/actions/{action.id}"})


@router.post("/v1/actions", summary="Ask for an action", responses={202: _ACCEPTED})
@needs("operations:write")
def request_action(document: Annotated[ActionDocument, Body()], idempotency_key: Key = None) -> Response[Any]:
    """Asks for one action by hand. It is performed within moments, at most once; of a type MANUAL a person completes it."""
    caller = router.caller
    if document.scope == "TENANT":
        caller.require("config:write")
    incident = IncidentId(document.incident_id) if document.incident_id else None

    def request() -> Response[Any]:
        return _accepted(
            router.transaction(
                lambda session: actions.request(session, document.action(), incident, caller),
            )
        )

    return once(router, idempotency_key, request)


@router.get("/v1/actions", summary="List actions", responses={200: _LIST})
@needs("scenarios:read")
def list_actions(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    state: States = None,
    action_type: Annotated[ActionType | None, UPPER, Query(description="Of this type")] = None,
    incident_id: UUID | None = None,
) -> Response[Any]:
    """Newest first; everything given narrows."""
    where = ActionFilter(several("state", state, ACTION_STATES), action_type, incident_id)
    scope = f"actions {where}"
    return listing(router, ActionList, scope, limit, cursor, actions.list_actions, where)


@router.get("/v1/actions/<action_id>", summary="Get an action", responses={200: _OK})
@needs("scenarios:read")
def get_action(action_id: UUID) -> Response[Any]:
    """What was asked for, by whom, and what came of it."""
    with router.session() as session:
        action = actions.get(session, action_id)
    return reply(ActionEnvelope.of(action, router.caller))


@router.post(
    "/v1/actions/<action_id>/complete",
    summary="Say that a manual action is done, or skip one that waits",
    responses={200: _OK},
)
@needs("operations:write")
def complete_action(action_id: UUID, document: Annotated[ActionCompletion, Body()]) -> Response[Any]:
    """Ends a manual action, or skips one that has not begun. One that has ended is 409."""
    caller = router.caller
    ended = router.transaction(
        lambda session: actions.complete(session, action_id, document.state, document.note, caller),
    )
    return reply(ActionEnvelope.of(ended, caller))


@router.post(
    "/v1/actions/<action_id>/reverse", summary="Undo an action by a new one", responses={202: _ACCEPTED}
)
@needs("operations:write")
def reverse_action(action_id: UUID, document: Annotated[ReasonDocument, Body()]) -> Response[Any]:
    """Asks for the action that undoes this one. An action that cannot be undone is 409."""
    caller = router.caller
    with router.session() as session:
        if actions.get(session, action_id).parameters.get("scope") == "TENANT":
            caller.require("config:write")
    return _accepted(
        router.transaction(lambda session: actions.reverse(session, action_id, document.reason, caller))
    )
