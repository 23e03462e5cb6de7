"""How the deliverer has requests sent: by a function outside the network, called and waited for. boto3 is imported with the first use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from sextant.config import Settings, parsed, text

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_ANSWERED_WITHIN = 35
"""Seconds: more than the sender may take."""


@dataclass(frozen=True)
class SenderSettings(Settings):
    """Who sends webhooks."""

    function: str = text(
        "SEXTANT_WEBHOOK_SENDER", "The function that sends webhooks from outside the network"
    )


@dataclass(frozen=True)
class OwnHosts(Settings):
    """Under which names this deployment is reached: no webhook leads there."""

    hosts: tuple[str, ...] = parsed(
        "SEXTANT_OWN_HOSTS",
        "Hosts under which the API and the console are reached, beside the one of the request: no webhook may lead there",
        "hosts, separated by commas",
        lambda given: tuple(filter(None, map(str.strip, given.split(",")))),
        (),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request."""

    sent: bool
    """False where an answer before it was reason to leave the endpoint alone, or no time was left."""
    status: int | None
    head: dict[str, str]
    body: str
    error: str | None
    timing: dict[str, float]


class SenderUnavailableError(Exception):
    """The sender did not take the requests, or was not heard of them: some may have been sent."""


class Sender(Protocol):
    """Sends requests to one endpoint."""

    def send(self, url: str, requests: Sequence[Mapping[str, Any]], *, ordered: bool) -> list[Answer]:
        """An answer for each request; raises `SenderUnavailableError`."""
        ...


class SenderInvocation:
    """Sends by invoking the function `name`, never to our `own` hosts. Thread-safe."""

    def __init__(self, name: str, connections: int, own: Sequence[str] = ()) -> None:
        self._name = name
        self._own = list(own)
        self._connections = connections

    @cached_property
    def _client(self) -> LambdaClient:
        import boto3
        from botocore.config import Config

        # A second invocation would send everything again.
        config = Config(
            connect_timeout=2,
            read_timeout=_ANSWERED_WITHIN,
            retries={"total_max_attempts": 1},
            max_pool_connections=self._connections,
        )
        return boto3.client("lambda", config=config)

    def warm(self) -> None:
        """Make the client: making one is not thread-safe."""
        _ = self._client

    def send(self, url: str, requests: Sequence[Mapping[str, Any]], *, ordered: bool) -> list[Answer]:
        from botocore.exceptions import BotoCoreError, ClientError

        event = {"url": url, "ordered": ordered, "own": self._own, "requests": list(requests)}
        try:
            answer = self._client.invoke(FunctionName=self._name, Payload=json.dumps(event).encode())
            payload = answer["Payload"].read()
        except (BotoCoreError, ClientError) as error:
            raise SenderUnavailableError(str(error)) from error
        if answer.get("FunctionError"):
            # It took the requests, so that a batch which ends the sender is tried again like one that fails.
            reason = f"sender: {payload[:400].decode(errors='replace')}"
            return [
                Answer(sent=True, status=None, head={}, body="", error=reason, timing={}) for _ in requests
            ]
        answers = [Answer(**each) for each in json.loads(payload)["answers"]]
        if len(answers) != len(requests):
            raise SenderUnavailableError("the sender answered for other requests")
        return answers
