"""One answer for one `Idempotency-Key`, however often the request comes.

Powertools keeps the first answer in DynamoDB. Its module and boto3 are loaded by the first request that
carries a key, so that a cold start does not pay for them. When the record is lost, or the table cannot be
reached, what holds is the database: `model_run_idempotency_key_unique` for runs, the unique name for scenarios.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header

from functions.api.http.routing import Router
from sextant import bootstrap
from sextant.config import ResourceSettings
from sextant.errors import ConflictError, UnavailableError
from sextant.runs.errors import IdempotencyKeyReusedError
from sextant.runs.options import IdempotencyKey

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
    from mypy_boto3_dynamodb import DynamoDBClient

Key = Annotated[
    IdempotencyKey | None,
    Header(alias="Idempotency-Key", description="Sent again with the same body, the first answer comes back"),
]

KEPT_SECONDS = 24 * 3600
WAIT_SECONDS = 5.0
"""How long a request waits for an equal one that is still being served before it is told so."""

REPLAYED = "Idempotency-Replayed"

logger = Logger(child=True)


class InFlightError(ConflictError):
    """A request with this idempotency key is still being served; try again in a moment."""

    code, title = "idempotency_in_flight", "Request in flight"
    remedy = "Send the same request again after the seconds of the header Retry-After."
    retry_after = 1.0


class Provisional(Response[Any]):
    """An answer that holds until there is a better one: a repeat is served anew where that is possible."""


def once(
    router: Router,
    key: str | None,
    work: Callable[[], Response[Any]],
    anew: Callable[[], Response[Any]] | None = None,
) -> Response[Any]:
    """The answer of `work`, which is done once for each key of the tenant.

    Where that answer was `Provisional`, a repeat gets the answer of `anew`, and the provisional one again as long
    as `anew` raises `UnavailableError`.

    Raises `IdempotencyKeyReusedError` where the key came with another request, `InFlightError` where an equal
    request does not end within `WAIT_SECONDS`. What `work` raises is not kept: the request may be tried again.
    """
    if key is None or bootstrap.settings(ResourceSettings).records_table is None:
        return work()
    attempt = _Attempt(router, work)
    answer = attempt.answer(records(), key)
    if anew is not None and isinstance(answer, Provisional) and not attempt.served:
        with contextlib.suppress(UnavailableError):
            return anew()
    return answer


class _Attempt:
    """One request with a key: its work, and whether it was this one that did it."""

    def __init__(self, router: Router, work: Callable[[], Response[Any]]) -> None:
        self._router = router
        self._work = work
        self._done: Response[Any] | None = None

    @property
    def served(self) -> bool:
        """Whether the answer is this request's own."""
        return self._done is not None

    def answer(self, store: DynamoDBPersistenceLayer, key: str) -> Response[Any]:
        from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
        from aws_lambda_powertools.utilities.idempotency import exceptions as failures

        config = IdempotencyConfig(
            event_key_jmespath="[tenant, key]",
            payload_validation_jmespath="request",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=KEPT_SECONDS,
            lambda_context=self._router.lambda_context,
        )
        request = {"tenant": self._router.caller.tenant, "key": key, "request": _fingerprint(self._router)}

        @idempotent_function(  # type: ignore[untyped-decorator]
            data_keyword_argument="request", persistence_store=store, config=config, key_prefix="api"
        )
        def served(*, request: dict[str, str]) -> dict[str, Any]:
            self._done = self._work()
            return {
                "status": self._done.status_code,
                "type": self._done.content_type,
                "headers": dict(self._done.headers),
                "body": self._done.body,
                "provisional": isinstance(self._done, Provisional),
            }

        give_up = time.monotonic() + WAIT_SECONDS
        pause = 0.02
        while True:
            try:
                kept = served(request=request)
            except failures.IdempotencyValidationError as error:
                raise IdempotencyKeyReusedError from error
            except (
                failures.IdempotencyAlreadyInProgressError,
                failures.IdempotencyInconsistentStateError,
            ) as error:
                if time.monotonic() + pause > give_up:
                    raise InFlightError from error
                time.sleep(pause)
                pause = min(0.5, pause * 2)
                continue
            except failures.IdempotencyPersistenceLayerError as error:
                logger.warning(
                    "idempotency records cannot be reached; the database's constraint holds", exc_info=error
                )
                return self._done or self._work()
            kind = Provisional if kept.get("provisional") else Response
            return self._done or kind(
                status_code=kept["status"],
                content_type=kept["type"],
                headers={**kept["headers"], REPLAYED: "true"},
                body=kept["body"],
            )


def _fingerprint(router: Router) -> str:
    """What makes two requests the same: method, path and the body's value, however it is written."""
    event = router.current_event
    body = event.json_body if event.body else None
    document = json.dumps([event.http_method, event.path, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(document.encode()).hexdigest()


@bootstrap.part
def records() -> DynamoDBPersistenceLayer:
    """The table of records; it has a name wherever this is called."""
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
    from botocore.config import Config

    return DynamoDBPersistenceLayer(
        table_name=bootstrap.settings(ResourceSettings).records_table or "",
        boto_config=Config(
            connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 3, "mode": "standard"}
        ),
    )


def reachable() -> bool:
    """Whether the table of records answers; asked once, without the retries that a request is worth."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        _probe().get_item(
            TableName=bootstrap.settings(ResourceSettings).records_table or "",
            Key={"id": {"S": "readiness"}},
            ProjectionExpression="id",
        )
    except (BotoCoreError, ClientError):
        logger.warning("idempotency records cannot be reached", exc_info=True)
        return False
    return True


@bootstrap.part
def _probe() -> DynamoDBClient:
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
    client: DynamoDBClient = boto3.client("dynamodb", config=config)
    return client
