"""Hostile bodies: each ends in an error of the sender's, soon, and changes nothing."""

from __future__ import annotations

import base64
import gzip
import json
import time
from contextlib import suppress
from typing import Any

import pytest

from functions.api.http import bodies
from tests.integration.api.conftest import Client
from tests.integration.invoking import Answer

LIMIT = 1024 * 1024


def encoded(client: Client, content: bytes, method: str = "POST", **headers: str) -> Answer:
    """Sent as API Gateway hands on what it does not take for text, or what is compressed: in base64."""
    event = client.gateway_event(
        method, "/v1/scenarios", headers={name.replace("_", "-"): v for name, v in headers.items()}
    )
    return client.send({**event, "body": base64.b64encode(content).decode(), "isBase64Encoded": True})


@pytest.mark.parametrize(
    "text",
    [
        "[" * 33 + '"' + '\\"' * 500_000,
        "[" * 33 + '"' * 1_000_000,
        '{"a":"' + "\\" * 1_000_000,
        "[]" * 500_000,
        '""' * 500_000 + "[" * 33,
        "{" * 32 + "[" * 1_000_000,
    ],
    ids=["escaped quotes", "quotes", "backslashes", "brackets", "strings", "opening brackets"],
)
def test_looking_at_a_body_takes_time_in_proportion_to_its_length(text: str) -> None:
    event: dict[str, Any] = {"body": text[:LIMIT]}
    began = time.process_time()
    with suppress(bodies.TooDeepError):
        bodies.check(event, LIMIT)
    assert time.process_time() - began < 2, "quadratic time would be an hour"


def test_depth_is_that_of_brackets_outside_strings() -> None:
    assert not bodies.too_deep("[" * 32 + "]" * 32 + "[]" * 100)
    assert bodies.too_deep("[" * 33)
    assert not bodies.too_deep('{"a":"' + "[" * 100 + '\\"' + "[" * 100 + '"}')
    assert bodies.too_deep('{"a":"\\\\"' + "[" * 32), "an escaped backslash ends nothing but itself"


def test_a_body_without_credentials_is_as_bounded(client: Client) -> None:
    raw = "[" * 33 + '"' + '\\"' * 400_000
    began = time.process_time()
    assert client("GET", "/v1/health", raw=raw, claims={}).status == 400
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "content",
    [b"[" * 200_000, b'{"a":' * 50_000, b'{"name":' + b"[" * 33 + b"]" * 33 + b"}"],
    ids=["arrays", "objects", "one too many"],
)
def test_base64_hides_no_depth(client: Client, content: bytes) -> None:
    answer = encoded(client, content, content_type="")
    assert (answer.status, answer.code) == (400, "body_too_deep")


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"name": "x"}).encode("utf-16"),
        '{"name":"é"}'.encode("latin-1"),
        b"\xff\xfe\x00",
        b'{"name":"\xed\xa0\x80"}',
        gzip.compress(b'{"name":"x"}'),
    ],
    ids=["utf-16", "latin-1", "noise", "a surrogate in UTF-8", "gzip"],
)
def test_a_body_that_is_not_utf_8_is_said_to_be_none(client: Client, content: bytes) -> None:
    answer = encoded(client, content)
    assert (answer.status, answer.code) == (400, "invalid_json"), answer.body
    assert client("GET", "/v1/scenarios").data == []


def test_base64_that_is_plain_json_is_taken(client: Client) -> None:
    assert encoded(client, '{"name":"étude"}'.encode(), content_type="").data["name"] == "étude"


def test_base64_hides_no_size(client: Client) -> None:
    answer = encoded(client, b'{"name":"' + b"n" * LIMIT + b'"}')
    assert (answer.status, answer.code) == (413, "payload_too_large")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "multipart/form-data"},
        {"content-type": "multipart/form-data; boundary=b"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/jsonp"},
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-encoding": "gzip"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
def test_only_json_is_taken(client: Client, headers: dict[str, str]) -> None:
    answer = client("POST", "/v1/scenarios", raw='{"name": "x"}', headers=headers)
    assert (answer.status, answer.code) == (415, "unsupported_media_type"), answer.body
    assert client("GET", "/v1/scenarios").data == []


@pytest.mark.parametrize("kind", ["application/json;charset=UTF-8", "Application/JSON", ""])
def test_json_is_taken_under_all_its_names(client: Client, kind: str) -> None:
    assert client("POST", "/v1/scenarios", raw='{"name": "x"}', headers={"content-type": kind}).status == 201


@pytest.mark.parametrize(
    "raw",
    ['{"name":"x","parameters":{"shock_bp":' + "9" * 5000 + "}}", '{"name": Infinity}', '{"name": -NaN}'],
)
def test_numbers_that_are_none(client: Client, raw: str) -> None:
    answer = client("POST", "/v1/scenarios", raw=raw)
    assert (answer.status, answer.code) == (400, "invalid_json"), answer.body


PLUG_IN = '{"name":"x","parameters":{"model":"other","%s":%s}}'


@pytest.mark.parametrize(
    ("raw", "path", "rule"),
    [
        ('{"name":"a\\u0000b"}', "name", "no_nul"),
        ('{"name":"a","tags":["b","\\u0000"]}', "tags[1]", "no_nul"),
        ('{"name":"\\ud800"}', "name", "unicode"),
        ('{"name":"x","\\udfff":1}', "", "unicode"),
        (PLUG_IN % ("x", '"\\uDC00"'), "parameters.x", "unicode"),
        (PLUG_IN % ("x", "1e400"), "parameters.x", "finite_number"),
        (PLUG_IN % ("x", "-1E+0999"), "parameters.x", "finite_number"),
        (PLUG_IN % ("x", "1" + "0" * 309 + ".0"), "parameters.x", "finite_number"),
    ],
)
def test_what_no_part_could_keep_is_named(client: Client, raw: str, path: str, rule: str) -> None:
    answer = client("POST", "/v1/scenarios", raw=raw)
    assert (answer.status, answer.code) == (422, "validation_failed"), answer.body
    assert [(error["path"], error["rule"]) for error in answer.json["errors"]] == [(path, rule)]
    assert client("GET", "/v1/scenarios").data == []


def test_whole_pairs_of_surrogates_are_text(client: Client) -> None:
    assert (
        client("POST", "/v1/scenarios", raw='{"name":"\\ud83d\\ude00 \\\\u0000"}').data["name"]
        == "😀 \\u0000"
    )
