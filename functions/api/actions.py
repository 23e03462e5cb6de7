"""Actions: ask for, get, list, complete, reverse."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from functions.api.http import cursors
from functions.api.http.app import Api, InvalidParameterError, answers, needs, reply
from functions.api.http.envelopes import meta, page_meta
from functions.api.http.idempotency import Key, once
from functions.api.http.parameters import Limit
from functions.api.operations_schemas import (
    ActionBody,
    ActionCompletion,
    ActionDocument,
    ActionEnvelope,
    ActionList,
    ReasonDocument,
)
from sextant import bootstrap
from sextant.drivers.fields import UPPER
from sextant.errors import FieldError
from sextant.ids import IncidentId
from sextant.operations.actions import service as actions
from sextant.operations.actions.model import ACTION_STATES, Action, ActionFilter, ActionState, ActionType
from sextant.paging import DEFAULT_LIMIT

_TAGS = ["Actions"]


def states_of(text: str | None) -> tuple[ActionState, ...] | None:
    """The states in `PENDING,failed`; raises `InvalidParameterError` for one that does not exist."""
    if text is None:
        return None
    names = [name.strip().upper() for name in text.split(",")]
    if unknown := [name for name in names if name not in ACTION_STATES]:
        raise InvalidParameterError(
            f"state must be of {', '.join(ACTION_STATES)}, not {unknown[0]!r}.",
            errors=[FieldError("state", "enum", f"must be of {', '.join(ACTION_STATES)}")],
        )
    return tuple(state for state in ACTION_STATES if state in names)


def register(api: Api) -> None:
    def accepted(action: Action) -> Response[Any]:
        bootstrap.nudge_relay()
        body = ActionEnvelope.model_construct(data=ActionBody.of(action), meta=meta(api.caller))
        return reply(body, 202, {"Location": f"/v1/actions/{action.id}"})

    @api.post("/v1/actions", summary="Ask for an action", tags=_TAGS, responses={202: _OK})
    @needs("operations:write")
    def request_action(
        document: Annotated[ActionDocument, Body()], idempotency_key: Key = None
    ) -> Response[Any]:
        caller = api.caller
        if document.scope == "TENANT":
            caller.require("config:write")
        incident = IncidentId(document.incident_id) if document.incident_id else None

        def asked() -> Response[Any]:
            return accepted(
                bootstrap.database().run(
                    caller.tenant,
                    lambda session: actions.request(session, document.action(), incident, caller),
                )
            )

        return once(api, idempotency_key, asked)

    @api.get("/v1/actions", summary="List actions", tags=_TAGS, responses={200: _LIST})
    @needs("scenarios:read")
    def list_actions(
        limit: Limit = DEFAULT_LIMIT,
        cursor: str | None = None,
        state: Annotated[str | None, Query(description="One state, or several with commas")] = None,
        action_type: Annotated[ActionType | None, UPPER, Query()] = None,
        incident_id: UUID | None = None,
    ) -> Response[Any]:
        caller = api.caller
        where = ActionFilter(states_of(state), action_type, incident_id)
        scope = f"actions {where}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = actions.list_actions(session, where, request)
        return reply(
            ActionList.model_construct(
                data=[ActionBody.of(action) for action in found.items], meta=page_meta(caller, found, scope)
            )
        )

    @api.get("/v1/actions/<action_id>", summary="Get an action", tags=_TAGS, responses={200: _OK})
    @needs("scenarios:read")
    def get_action(action_id: Annotated[UUID, Path()]) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = actions.get(session, action_id)
        return reply(ActionEnvelope.model_construct(data=ActionBody.of(found), meta=meta(caller)))

    @api.post(
        "/v1/actions/<action_id>/complete",
        summary="Say that a manual action is done, or skip one that waits",
        tags=_TAGS,
        responses={200: _OK},
    )
    @needs("operations:write")
    def complete_action(
        action_id: Annotated[UUID, Path()], document: Annotated[ActionCompletion, Body()]
    ) -> Response[Any]:
        caller = api.caller
        ended = bootstrap.database().run(
            caller.tenant,
            lambda session: actions.complete(session, action_id, document.state, document.note, caller),
        )
        return reply(ActionEnvelope.model_construct(data=ActionBody.of(ended), meta=meta(caller)))

    @api.post(
        "/v1/actions/<action_id>/reverse",
        summary="Undo an action by a new one",
        tags=_TAGS,
        responses={202: _OK},
    )
    @needs("operations:write")
    def reverse_action(
        action_id: Annotated[UUID, Path()], document: Annotated[ReasonDocument, Body()]
    ) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            if actions.get(session, action_id).parameters.get("scope") == "TENANT":
                caller.require("config:write")
        return accepted(
            bootstrap.database().run(
                caller.tenant, lambda session: actions.reverse(session, action_id, document.reason, caller)
            )
        )


_OK = answers("The action", ActionEnvelope)
_LIST = answers("Actions, newest first", ActionList)
