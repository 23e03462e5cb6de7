"""IAM tokens: those botocore would make, with the credentials a function has, wherever it has them from."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from sextant.storage.iam import token_source

URL = "postgresql://sextant_app@proxy.example:5432/sextant?sslmode=verify-full"
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret/+=",
    "AWS_SESSION_TOKEN": "to/ken==",
}
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("session", [True, False], ids=["session", "long-lived"])
def test_a_token_is_the_one_botocore_makes(session: bool) -> None:
    keys = KEYS if session else {name: value for name, value in KEYS.items() if "SESSION" not in name}
    theirs = boto3.client(
        "rds",
        region_name="eu-central-1",
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=keys.get("AWS_SESSION_TOKEN"),
    ).generate_db_auth_token("proxy.example", 5432, "sextant_app")
    stamp = re.search(r"X-Amz-Date=(\w+)", theirs)
    assert stamp is not None
    then = datetime.strptime(stamp[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    ours = token_source(URL, {"AWS_REGION": "eu-central-1", **keys}, lambda: then)()

    def parts(token: str) -> tuple[str, dict[str, list[str]]]:
        split = urlsplit(f"https://{token}")
        return split.netloc + split.path, parse_qs(split.query)

    assert parts(ours) == parts(theirs)


class Provider(BaseHTTPRequestHandler):
    """The credentials provider of a function that starts from a snapshot."""

    asked: list[str | None]

    def do_GET(self) -> None:
        number = len(type(self).asked)
        type(self).asked.append(self.headers["Authorization"])
        body = {
            "AccessKeyId": f"AKID{number}",
            "SecretAccessKey": "s",
            "Token": "t",
            "Expiration": (NOW + timedelta(hours=1 + number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        del format, args


@pytest.fixture
def provider() -> Iterator[str]:
    Provider.asked = []
    server = HTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/credentials"
    server.shutdown()
    thread.join()
    server.server_close()


def test_without_keys_in_the_environment_they_are_asked_for_and_renewed_before_they_end(
    provider: str,
) -> None:
    # Given a function restored from a snapshot: its environment names where credentials are to be had
    env = {
        "AWS_REGION": "eu-central-1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": provider,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me in",
    }
    moments = iter([NOW, NOW + timedelta(minutes=50), NOW + timedelta(minutes=56)])
    token = token_source(URL, env, lambda: next(moments))

    tokens = [token(), token(), token()]

    signed_by = [
        parse_qs(urlsplit(f"https://{one}").query)["X-Amz-Credential"][0].split("/")[0] for one in tokens
    ]
    assert signed_by == ["AKID0", "AKID0", "AKID1"]
    assert Provider.asked == ["let me in", "let me in"]
