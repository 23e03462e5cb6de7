"""The functions of the deployment itself, called as CloudFormation and Cognito call them."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.constructs.identity import ROLES as GROUPS
from infra.handlers import bucket_contents, custom_resource, migrating_user, migration_gate, token_claims
from local.aws import LocalAws

# Signing in --------------------------------------------------------------------------------------


def sign_in(tenant: str | None, groups: list[str]) -> dict[str, Any]:
    """A pre-token-generation event, version 2, as Cognito sends it."""
    attributes = {"sub": "1", "email": "ada@acme.test"} | ({"custom:tenant_id": tenant} if tenant else {})
    return {
        "version": "2",
        "triggerSource": "TokenGeneration_Authentication",
        "request": {
            "userAttributes": attributes,
            "groupConfiguration": {"groupsToOverride": groups},
            "scopes": ["aws.cognito.signin.user.admin"],
        },
        "response": {},
    }


def claims_of(event: dict[str, Any], token: str) -> dict[str, str]:
    found = event["response"]["claimsAndScopeOverrideDetails"][f"{token}TokenGeneration"][
        "claimsToAddOrOverride"
    ]
    assert isinstance(found, dict)
    return found


def test_both_tokens_carry_the_users_tenant_and_roles() -> None:
    answer = token_claims.handler(sign_in("acme", ["operator", "viewer"]), None)

    assert (
        claims_of(answer, "access")
        == claims_of(answer, "id")
        == {"tenant_id": "acme", "roles": "viewer operator"}
    )


def test_a_group_that_is_no_role_gives_none() -> None:
    answer = token_claims.handler(sign_in("acme", ["staff", "super admin"]), None)

    assert claims_of(answer, "access")["roles"] == ""


@pytest.mark.parametrize("tenant", [None, "", "Acme", "a b", "../x", "x" * 64])
def test_without_a_valid_tenant_no_token_is_issued(tenant: str | None) -> None:
    with pytest.raises(PermissionError):
        token_claims.handler(sign_in(tenant, ["admin"]), None)


def test_the_pools_groups_are_the_roles_of_the_application() -> None:
    from sextant.identity import PERMISSIONS

    assert tuple(GROUPS) == token_claims.ROLES
    assert set(GROUPS) == set(PERMISSIONS)


# Answering CloudFormation ------------------------------------------------------------------------


class Recorder(BaseHTTPRequestHandler):
    """The presigned address that a custom resource answers to."""

    answers: list[dict[str, Any]]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).answers.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        del format, args


@pytest.fixture
def answers() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Where to answer, and what was answered."""
    Recorder.answers = []
    server = HTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/answer", Recorder.answers
    server.shutdown()
    thread.join()
    server.server_close()


def request(kind: str, url: str, **properties: str) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Logical",
        "ResourceProperties": properties,
        **({"PhysicalResourceId": "physical"} if kind != "Create" else {}),
    }


def test_success_is_told_with_its_attributes(answers: tuple[str, list[dict[str, Any]]]) -> None:
    url, told = answers

    custom_resource.respond(request("Create", url), lambda _: custom_resource.Answer("made", {"A": "1"}))

    assert told == [
        {
            "Status": "SUCCESS",
            "PhysicalResourceId": "made",
            "Data": {"A": "1"},
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "Logical",
        }
    ]


def test_failure_is_told_and_keeps_the_resources_id(
    answers: tuple[str, list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    url, told = answers

    def fail(_: object) -> custom_resource.Answer:
        raise OSError("no such thing")

    custom_resource.respond(request("Update", url), fail)

    assert (told[0]["Status"], told[0]["Reason"]) == ("FAILED", "OSError: no such thing")
    # Another id would make CloudFormation delete the resource.
    assert told[0]["PhysicalResourceId"] == "physical"
    assert "no such thing" in capsys.readouterr().out


# Migrating ---------------------------------------------------------------------------------------


def test_deleting_the_gate_or_the_user_touches_no_database() -> None:
    assert migration_gate.act(request("Delete", "", Function="x")).physical_id == "physical"
    assert migrating_user.act(request("Delete", "", ClusterArn="x")).physical_id == "physical"


class Lambda(BaseHTTPRequestHandler):
    """Answers invocations, and looks at the connection that each came by while it is open."""

    timers: list[tuple[int, float]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).timers.append(timer_of(self.client_address[1]))
        body = b'{"revision": "0001"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        del format, args


def timer_of(port: int) -> tuple[int, float]:
    """Which timer the kernel keeps for the connection from this port (2: of keep-alive), and in how many seconds it ends."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == port:
            kind, ticks = fields[5].split(":")
            return int(kind, 16), int(ticks, 16) / os.sysconf("SC_CLK_TCK")
    raise LookupError(port)


def test_a_migration_of_minutes_is_not_cut_off_for_its_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    Lambda.timers = []
    server = HTTPServer(("127.0.0.1", 0), Lambda)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.server_port}")
    for name, value in (
        ("ACCESS_KEY_ID", "test"),
        ("SECRET_ACCESS_KEY", "test"),
        ("DEFAULT_REGION", "eu-central-1"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    try:
        answer = migration_gate.act(request("Create", "", Function="migrate", Then="committer"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert answer.attributes == {"Revision": "0001"}
    assert [(kind, seconds <= 30) for kind, seconds in Lambda.timers] == [(2, True)] * 2


# Leaving nothing behind --------------------------------------------------------------------------


def test_a_bucket_is_emptied_of_every_version_when_its_stack_goes(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.variables().items():
        monkeypatch.setenv(name, value)
    client = aws.client("s3")
    client.create_bucket(Bucket="emptied", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    client.put_bucket_versioning(Bucket="emptied", VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        client.put_object(Bucket="emptied", Key="a", Body=b"x")
    client.delete_object(Bucket="emptied", Key="a")

    assert bucket_contents.act(request("Create", "", Bucket="emptied")).physical_id == "contents-of-emptied"
    assert client.list_object_versions(Bucket="emptied")["Versions"]
    bucket_contents.act(request("Delete", "", Bucket="emptied"))

    left = client.list_object_versions(Bucket="emptied")
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")
    client.delete_bucket(Bucket="emptied")
