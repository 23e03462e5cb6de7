"""The AsyncAPI document of the events: made from `sextant.outbox.catalogue`, with messages that the bus itself addressed.

Its examples are built by what publishes (`OutboundMessage`), so a header that changes there changes here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from pydantic.json_schema import models_json_schema

from sextant.bus import cloudevents, message
from sextant.bus.kafka import KafkaSettings
from sextant.bus.message import OutboundMessage
from sextant.bus.routing import DEFAULT_ROUTES, Routes
from sextant.bus.sqs import MORE_HEADERS, NAMED
from sextant.outbox.catalogue import TOPICS, Topic

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/api/asyncapi.yaml"
_HEAD = "# Made from the code by `python -m tools.docs asyncapi`; `make check` fails where it has drifted.\n"
_REF = "#/components/schemas/{model}"
_ROUTES = Routes.parse(DEFAULT_ROUTES)
_AT = datetime(2026, 11, 21, 5, 51, 1, tzinfo=UTC)

_HEADERS: Mapping[str, str] = {
    cloudevents.CE_SPECVERSION: "The version of CloudEvents.",
    cloudevents.CE_ID: "The event's id; the same in every repeat.",
    cloudevents.CE_SOURCE: "Whose event it is; with `ce_id` it names one event.",
    cloudevents.CE_TYPE: "The topic, with `sextant.` before it.",
    cloudevents.CE_TIME: "When the event was stored.",
    cloudevents.CONTENT_TYPE: "Of the body.",
    message.TENANT_ID: "The tenant; absent from events that belong to none.",
    message.EVENT_ID: "As `ce_id`.",
    message.EVENT_TOPIC: "The topic.",
    message.EVENT_CREATED_AT: "As `ce_time`.",
    message.DEDUPE_KEY: "No two events of a tenant have the same.",
    message.RETRY_COUNT: "How often its publication was tried before.",
    message.PROCESSING_ATTEMPT: "One more than `retry-count`.",
    message.CORRELATION_ID: "The `X-Correlation-ID` of the request that began it.",
    message.TRACEPARENT: "W3C Trace Context of the request that began it, where it had one.",
    message.REPLAY_ID: "Where an operator had it sent again: the audit entry of that.",
}
_OPTIONAL = {
    message.TENANT_ID,
    message.CORRELATION_ID,
    message.TRACEPARENT,
    message.REPLAY_ID,
    message.DEDUPE_KEY,
}
_FORMATS = {message.EVENT_ID: "uuid", cloudevents.CE_ID: "uuid", message.REPLAY_ID: "uuid", cloudevents.CE_TIME: "date-time",
            message.EVENT_CREATED_AT: "date-time", cloudevents.CE_SOURCE: "uri-reference"}  # fmt: skip

_RUN = "01a1fbd0-3c60-7d4e-9b1a-5a8f1d0c2e11"
_SCENARIO = "01a1fb02-9a10-7c21-8f35-0f6d2b7a4c90"
_OF_RUN = {"tenant_id": "acme", "run_id": _RUN, "scenario_id": _SCENARIO}
_EXAMPLES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "run.requested": (f"run:{_RUN}:0", _OF_RUN),
    "run.completed": (
        f"run:{_RUN}:ended",
        {**_OF_RUN, "state": "SUCCEEDED", "version_hash": "3b1f" * 16, "snapshot_id": "7214480302931765124", "rows": 1240},
    ),
    "run.failed": (
        f"run:{_RUN}:ended",
        {**_OF_RUN, "state": "FAILED", "error": {"code": "model_input", "message": "no unit burns hydrogen in 2030"}},
    ),
    "run.cancelled": (f"run:{_RUN}:ended", {**_OF_RUN, "state": "CANCELLED", "error": None}),
    "run.poisoned": (
        f"run:{_RUN}:poisoned",
        {
            **_OF_RUN,
            "error": {
                "code": "worker_lost",
                "poison": True,
                "message": "the worker stopped answering in each of 4 attempts",
            },
        },
    ),
    "run.refused": (
        "receipt:01a1fbd1-77c2-7e0b-a3c4-9d2e5f60718b:refused",
        {
            "tenant_id": "acme",
            "receipt_id": "01a1fbd1-77c2-7e0b-a3c4-9d2e5f60718b",
            "scenario_id": _SCENARIO,
            "idempotency_key": "night-1",
            "error": {
                "code": "scenario_not_found",
                "status": 404,
                "title": "There is no such scenario",
                "detail": f"There is no scenario {_SCENARIO}.",
                "errors": [],
            },
        },
    ),
    "outputs.invalidated": (
        "outputs:01a1fbd2-0b9e-7a61-b7d8-2c4f6e8a0b1d:acme",
        {"tenant_id": "acme", "output_version": 42, "snapshot_id": "7214480302931765124", "scenario_ids": [_SCENARIO]},
    ),
    "incident.changed": (
        "incident:01a1fbd3-5e11-7b70-9c2f-1a3b5c7d9e0f:01a1fbd3-5df0-7c55-8e66-7f9a1b2c3d4e",
        {
            "tenant_id": "acme",
            "incident_id": "01a1fbd3-5e11-7b70-9c2f-1a3b5c7d9e0f",
            "event_id": "01a1fbd3-5df0-7c55-8e66-7f9a1b2c3d4e",
            "change": "OPENED",
        },
    ),
    "action.requested": (
        "action:01a1fbd4-88a0-7d13-a1b2-c3d4e5f60718:0",
        {"tenant_id": "acme", "action_id": "01a1fbd4-88a0-7d13-a1b2-c3d4e5f60718"},
    ),
    "webhook.due": ("webhook:744", {"tenant_id": "acme"}),
}  # fmt: skip

_DESCRIPTION = """\
What Sextant tells over its bus, which is Kafka or SQS as the deployment chooses (`SEXTANT_BUS`). Each event is stored in
the transaction of what it tells, and published at least once: apply one once by `ce_source` and `ce_id`.

Each message is a CloudEvent in binary mode beside its own headers. On Kafka every header is a record header. On SQS, which
takes ten attributes, these are message attributes: {named}; the others share the attribute `{more}`, a JSON object.

Within a topic fields are added and none is removed or given another meaning: ignore what you do not know. The guide of
consumers is `docs/events.md`.
"""


def files() -> Mapping[Path, str]:
    return {DOCUMENT: _HEAD + yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=110)}


def example(topic: Topic) -> OutboundMessage:
    """An event of the topic as the relay publishes it."""
    import json

    key, payload = _EXAMPLES[topic.name]
    own = {message.CORRELATION_ID: "night-1"} if topic.correlated else {}
    event_id = UUID("01a1fc01-2305-738d-8785-878c816ba612")
    return OutboundMessage("acme", event_id, topic.name, key, json.dumps(payload), _AT, own_headers=own)


def document() -> dict[str, Any]:
    """The whole document, of AsyncAPI 3.0."""
    by_channel: dict[str, list[Topic]] = {}
    for topic in TOPICS:
        by_channel.setdefault(str(_ROUTES.channel(topic.name)), []).append(topic)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Sextant: events",
            "version": "1",
            "description": _DESCRIPTION.format(
                named=", ".join(f"`{name}`" for name in _HEADERS if name in NAMED), more=MORE_HEADERS
            ),
            "license": {"name": "Apache License 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": "internal", "description": "Asks Sextant's own functions for something."}],
        },
        "defaultContentType": cloudevents.JSON,
        "servers": _servers(),
        "channels": {channel: _channel(channel, topics) for channel, topics in by_channel.items()},
        "operations": {
            f"publish.{topic.name}": _operation(channel, topic)
            for channel, topics in by_channel.items()
            for topic in topics
        },
        "components": {
            "messages": {topic.name: _message(topic) for topic in TOPICS},
            "schemas": {"Headers": _headers(), **_schemas()},
            "correlationIds": {
                "correlation": {
                    "description": "Of the request that began it.",
                    "location": f"$message.header#/{message.CORRELATION_ID}",
                }
            },
        },
    }


def _servers() -> dict[str, Any]:
    return {
        "kafka": {
            "host": "{bootstrap}",
            "protocol": "kafka-secure",
            "description": "Where the deployment's bus is Kafka: MSK or a cluster of your own.",
            "variables": {"bootstrap": {"description": "`SEXTANT_KAFKA_BOOTSTRAP`", "default": "broker.internal:9098"}},
        },
        "sqs": {
            "host": "sqs.{region}.amazonaws.com",
            "protocol": "sqs",
            "description": "Where it is SQS.",
            "variables": {"region": {"description": "The deployment's region", "default": "eu-central-1"}},
        },
    }  # fmt: skip


def _channel(channel: str, topics: list[Topic]) -> dict[str, Any]:
    prefix = KafkaSettings(("unused",)).prefix
    return {
        "address": f"{prefix}{channel}",
        "title": f"The channel {channel}",
        "description": f"On Kafka the topic `{prefix}{channel}`, on SQS the queue of the channel `{channel}`. A tenant's events stay in "
        "order: on Kafka in one partition, on a FIFO queue in one message group.",
        "messages": {topic.name: {"$ref": f"#/components/messages/{topic.name}"} for topic in topics},
        "bindings": {
            "kafka": {"topic": f"{prefix}{channel}", "bindingVersion": "0.5.0"},
            "sqs": {"queue": {"name": channel, "fifoQueue": False}, "bindingVersion": "0.2.0"},
        },
    }


def _operation(channel: str, topic: Topic) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": _summary(topic),
        **({"tags": [{"name": "internal"}]} if topic.internal else {}),
        "messages": [{"$ref": f"#/channels/{channel}/messages/{topic.name}"}],
    }


def _message(topic: Topic) -> dict[str, Any]:
    published = example(topic)
    made = {
        "name": topic.name,
        "title": topic.name,
        "summary": _summary(topic),
        "contentType": cloudevents.JSON,
        "headers": {
            "allOf": [
                {"$ref": _REF.format(model="Headers")},
                {
                    "type": "object",
                    "properties": {
                        message.EVENT_TOPIC: {"const": topic.name},
                        cloudevents.CE_TYPE: {"const": cloudevents.event_type(topic.name)},
                    },
                },
            ]
        },
        "payload": {"$ref": _REF.format(model=topic.payload.__name__)},
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "description": "`tenant:dedupe_key`, where the dedupe key is "
                    + " or ".join(f"`{form}`" for form in topic.dedupe_keys)
                    + ". The partition follows from the tenant alone.",
                    "examples": [published.key],
                },
                "bindingVersion": "0.5.0",
            }
        },
        "examples": [
            {
                "name": topic.name.replace(".", "_"),
                "headers": dict(sorted(published.headers.items(), key=lambda header: list(_HEADERS).index(header[0]))),
                "payload": _EXAMPLES[topic.name][1],
            }
        ],
    }  # fmt: skip
    if topic.correlated:
        made["correlationId"] = {"$ref": "#/components/correlationIds/correlation"}
    return made


def _summary(topic: Topic) -> str:
    return (topic.payload.__doc__ or "").strip()


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "What every message carries. On SQS a part of it shares one attribute.",
        "properties": {
            name: {
                "type": "string",
                "description": f"{text} On SQS an attribute of its own." if name in NAMED else text,
                **({"format": _FORMATS[name]} if name in _FORMATS else {}),
            }
            for name, text in _HEADERS.items()
        },
        "required": [name for name in _HEADERS if name not in _OPTIONAL],
    }


def _schemas() -> dict[str, Any]:
    _, schemas = models_json_schema([(topic.payload, "validation") for topic in TOPICS], ref_template=_REF)
    return {name: _open(schema) for name, schema in sorted(schemas["$defs"].items())}


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as a consumer should hold it: what a later release adds is no error."""
    plain = {key: value for key, value in schema.items() if key != "additionalProperties"}
    plain["properties"] = {
        name: {key: value for key, value in field.items() if not (key == "default" and value is None)}
        for name, field in schema["properties"].items()
    }
    return plain
