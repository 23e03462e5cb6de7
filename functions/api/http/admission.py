"""Whether a request may be served at all: its size, its caller, the caller's permission and rate limit."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

from aws_lambda_powertools import Logger

from functions.api.http import auth, bodies
from functions.api.http.parameters import InvalidParameterError
from functions.api.http.routing import PUBLIC, Endpoint, RequestState
from sextant import bootstrap
from sextant.config import ApiSettings
from sextant.errors import FieldError
from sextant.settings import service as settings
from sextant.settings.service import RateLimitedError
from sextant.storage.errors import DatabaseReadOnly

_MOST_ERRORS = 100

logger = Logger(child=True)


def check_body(event: dict[str, Any]) -> None:
    """Raise where the body must not even be parsed; this comes first, whoever sent it."""
    bodies.check(event, bootstrap.settings(ApiSettings).max_body_bytes)


def check(event: dict[str, Any], state: RequestState) -> None:
    """Raise unless the caller may use the endpoint, is within its rate limit and sent a bearable request."""
    endpoint = state.endpoint
    assert endpoint is not None
    if endpoint.needs == PUBLIC:
        return
    state.caller = caller = auth.caller(event, bootstrap.settings(ApiSettings))
    logger.append_keys(tenant_id=caller.tenant)
    caller.require(endpoint.needs)
    _check_parameters(event.get("queryStringParameters"), event.get("rawQueryString") or "", endpoint)
    if event.get("body"):
        bodies.check_type(event.get("headers") or {}, merges=endpoint.merges)
    if endpoint.counts_itself:
        return
    try:
        count(state)
    except DatabaseReadOnly:
        # What only reads is answered uncounted meanwhile; the gateway's limit stands before it.
        if endpoint.method not in ("GET", "HEAD"):
            raise
        logger.warning("the database takes no writes; a request is served uncounted")


def count(state: RequestState) -> None:
    """Count the present request against its tenant's rate limit; raises `RateLimitedError`."""
    assert state.caller is not None
    assert state.endpoint is not None
    with bootstrap.database().autocommit(state.caller.tenant) as session:
        state.admission = settings.admit(session, state.endpoint.rate_limits)
    if not state.admission.admitted:
        raise RateLimitedError(state.admission)


def _check_parameters(given: dict[str, str] | None, written: str, endpoint: Endpoint) -> None:
    """Refuse parameters that would filter nothing, so that a listing or a bulk operation took everything.

    These are one with a slip in its name, one that is `written` twice, an empty one, and a number or flag that is written
    otherwise.
    """
    if not given:
        return
    unknown = [name for name in given if name not in endpoint.query_parameters]
    if not unknown:
        _check_once(written)
        _check_spelling(given, endpoint)
    else:
        known = ", ".join(endpoint.query_parameters) or "none"
        message = f"there is no such parameter here; there are: {known}"
        raise InvalidParameterError(
            f"{unknown[0]}: {message}",
            errors=[FieldError(name, "unknown", message) for name in unknown[:_MOST_ERRORS]],
        )


def _check_once(written: str) -> None:
    names = Counter(name for name, _ in parse_qsl(written, keep_blank_values=True))
    twice = [
        FieldError(name, "once", "must be given once; several values go with commas where it takes them")
        for name, count in names.items()
        if count > 1
    ]
    if twice:
        raise InvalidParameterError(f"{twice[0].path} {twice[0].message}.", errors=twice[:_MOST_ERRORS])


def _check_spelling(given: dict[str, str], endpoint: Endpoint) -> None:
    errors = []
    for name, value in given.items():
        spelling = endpoint.query_parameters[name]
        if not value.strip():
            errors.append(FieldError(name, "empty", "must not be empty; without a value leave it out"))
        elif "\0" in value:
            errors.append(FieldError(name, "no_nul", "must not contain the character U+0000"))
        elif spelling is not None and not spelling.pattern.fullmatch(value):
            errors.append(FieldError(name, spelling.rule, spelling.message))
    if errors:
        raise InvalidParameterError(f"{errors[0].path} {errors[0].message}.", errors=errors)
