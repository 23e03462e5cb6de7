"""Handlers that behave well, badly and worse, for the tests of the local runtime."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import boto3


def echo(event: Any, context: Any) -> dict[str, Any]:
    """The event, with what the context and the environment say."""
    return {
        "event": event,
        "pid": os.getpid(),
        "function": context.function_name,
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "stage": os.environ.get("SEXTANT_STAGE"),
    }


def behave(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Does what `event["do"]` says."""
    match event["do"]:
        case "raise":
            raise ValueError("as asked")
        case "exit":
            sys.exit(3)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(600)
        case "wait":
            deadline = time.monotonic() + 30
            while not Path(event["until"]).exists() and time.monotonic() < deadline:
                time.sleep(0.01)
        case "write":
            try:
                Path(event["path"]).write_text("x")
            except OSError as error:
                return {"refused": error.strerror, "tmp": tempfile.gettempdir()}
            return {"refused": None, "tmp": tempfile.gettempdir()}
        case "keep":
            (Path(tempfile.gettempdir()) / "kept").write_text("x")
            subprocess.run(["mkdir", Path(tempfile.gettempdir()) / "directory"], check=True)
            return {
                "files": sorted(path.name for path in Path(tempfile.gettempdir()).iterdir()),
                "tmp": tempfile.gettempdir(),
            }
        case "catch":
            signal.signal(signal.SIGTERM, lambda *_: Path(event["path"]).write_text("ended"))
        case "large":
            return {"text": "x" * event["bytes"]}
    return {"pid": os.getpid()}


def fail_at_first(event: dict[str, Any], context: Any) -> None:
    """Fails `event["times"]` times; counts its calls in a file."""
    counter = Path(event["counter"])
    calls = int(counter.read_text()) + 1 if counter.exists() else 1
    counter.write_text(str(calls))
    if calls <= event["times"]:
        raise RuntimeError(f"failure {calls}")


def batch(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Notes every record in a file; fails those whose body says so, or everything on `crash`."""
    seen = Path(os.environ["SEEN"])
    with seen.open("a") as file:
        for record in event["Records"]:
            file.write(f"{record['body']} {record['attributes']['ApproximateReceiveCount']}\n")
    bodies = {record["messageId"]: record["body"] for record in event["Records"]}
    if "crash" in bodies.values():
        raise RuntimeError("the whole batch fails")
    if "malformed" in bodies.values():
        return {"batchItemFailures": [{"itemIdentifier": ""}]}
    if "nothing" in bodies.values():
        return None
    return {
        "batchItemFailures": [
            {"itemIdentifier": id_} for id_, body in bodies.items() if body.startswith("fail")
        ]
    }


def http(event: dict[str, Any], context: Any) -> Any:
    """Answers with the event itself, or as the query parameter `answer` says."""
    query = event.get("queryStringParameters") or {}
    match query.get("answer"):
        case "plain":
            return {"hello": "there"}
        case "binary":
            return {
                "statusCode": 200,
                "body": "AAEC/w==",
                "isBase64Encoded": True,
                "headers": {"content-type": "x/y"},
            }
        case "cookies":
            return {"statusCode": 204, "cookies": ["a=1; HttpOnly", "b=2"], "headers": {"X-One": "1"}}
        case "malformed":
            return {"statusCode": "none"}
        case "raise":
            raise ValueError("as asked")
        case "hang":
            time.sleep(600)
    return {"statusCode": 201, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}


def call_on(event: dict[str, Any], context: Any) -> None:
    """Notes that it was called, and has itself called again: through SQS, or by an asynchronous invocation."""
    with Path(os.environ["NOTES"]).open("a") as file:
        file.write(context.function_name + "\n")
    if queue := os.environ.get("QUEUE"):
        boto3.client("sqs").send_message(QueueUrl=queue, MessageBody="on")
    else:
        boto3.client("lambda").invoke(
            FunctionName=f"{context.function_name}:live", InvocationType="Event", Payload=b"{}"
        )


def hang(event: Any, context: Any) -> None:
    """Never answers."""
    time.sleep(600)


def note(event: Any, context: Any) -> None:
    """Writes its event to a file."""
    with Path(os.environ["NOTES"]).open("a") as file:
        file.write(json.dumps(event) + "\n")


_ticks = 0


def ticking(event: Any, context: Any) -> int:
    """How often a thread in the background has turned since the process began."""
    global _ticks  # noqa: PLW0603
    if not _ticks:
        _ticks = 1
        threading.Thread(target=_tick, daemon=True).start()
    return _ticks


def _tick() -> None:
    global _ticks  # noqa: PLW0603
    while True:
        _ticks += 1
        time.sleep(0.001)


def kafka_batch(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Notes every record in a file, and reports those as failed whose value says so; dies on `crash`."""
    answer: dict[str, Any] = {"batchItemFailures": []}
    for partition, records in event["records"].items():
        for record in records:
            value = base64.b64decode(record["value"]).decode()
            with Path(os.environ["SEEN"]).open("a") as file:
                file.write(f"{value} {record['offset']} {json.dumps(record['headers'])}\n")
            if value == "crash":
                raise RuntimeError("as asked")
            if value == "fail":
                answer["batchItemFailures"].append(
                    {"itemIdentifier": {"partition": partition, "offset": record["offset"]}}
                )
    return answer
