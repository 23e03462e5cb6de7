"""`cdk deploy`, for real, onto an emulated AWS: what a user gets, through the deployed HTTP API.

One deployment serves every test here; they run in the order they stand in, the last one destroys it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from standardwebhooks import Webhook as Verifier

from infra import smoke
from infra.emulated import STACKS, EmulatedDeployment, Outputs
from local.aws import LocalAws
from local.postgres import Postgres
from sextant.bus.redelivery import RETURN_AFTER
from tests.integration.webhooks.consumer import consuming
from tests.waiting import until

SCENARIO = {
    "assumptions": [
        {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
    ],
    "parameters": {"start_year": 2026, "end_year": 2031},
}
FINAL = {"SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"}


@dataclass
class Deployed:
    """The deployment, and a user's way to it."""

    deployment: EmulatedDeployment
    outputs: Outputs

    @property
    def aws(self) -> LocalAws:
        return self.deployment.aws

    def client(self, token: str | None = None) -> httpx.Client:
        """HTTP through the deployed API, by its own host name."""
        headers = {"Host": f"{self.outputs.api_id}.execute-api.localhost:{self.aws.port}"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.Client(base_url=self.aws.endpoint, headers=headers, trust_env=False, timeout=60)

    def of(self, tenant: str, *roles: str) -> httpx.Client:
        user = self.deployment.sign_up(tenant, *(roles or ("analyst",)))
        return self.client(self.deployment.sign_in(user))


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    """Bootstrapped and deployed onto an AWS and a Postgres of its own."""
    with tempfile.TemporaryDirectory(prefix="sextant-deploy-") as folder:
        home = Path(folder)
        postgres = Postgres(home, durable=False)
        aws = LocalAws(home, persistent=False, services=())
        try:
            postgres.start()
            aws.start()
            deployment = EmulatedDeployment(home, aws, postgres)
            deployment.prepare()
            yield Deployed(deployment, deployment.deploy())
        finally:
            aws.kill()
            postgres.forget()


def test_only_the_public_routes_answer_without_a_token(deployed: Deployed) -> None:
    with deployed.client() as client:
        assert client.get("/v1/health").json() == {"status": "healthy"}
        assert client.get("/v1/scenarios").status_code == 401
    with deployed.client("not.a.token") as client:
        assert client.get("/v1/scenarios").status_code == 401


def test_a_run_goes_from_the_request_to_its_outputs(deployed: Deployed) -> None:
    with deployed.of("acme") as client, deployed.of("rival") as rival:
        created = client.post("/v1/scenarios", json={"name": "first", **SCENARIO})
        assert created.status_code == 201, created.text
        scenario = created.json()["data"]["id"]
        accepted = client.post(f"/v1/scenarios/{scenario}/run", json={})
        assert accepted.status_code == 202, accepted.text
        run = f"/v1/scenarios/{scenario}/runs/{accepted.json()['data']['id']}"

        def finished() -> dict[str, Any] | None:
            data: dict[str, Any] = client.get(run).json()["data"]
            return data if data["state"] in FINAL else None

        # Long enough for the safety nets, should a nudge be lost: the schedules tick each minute.
        data = until(finished, within=150, every=0.5)
        outputs = client.get(f"/v1/scenarios/{scenario}/outputs", params={"limit": 3})
        latest = client.get(f"/v1/scenarios/{scenario}/metrics/latest").json()["data"]
        theirs = rival.get(f"/v1/scenarios/{scenario}")

    assert data["state"] == "SUCCEEDED", data["error"]
    assert outputs.status_code == 200, outputs.text
    assert len(outputs.json()["data"]) == 3
    assert {row["run_id"] for row in outputs.json()["data"]} == {data["id"]}
    assert "npv" in {row["metric"] for row in latest}
    assert theirs.status_code == 404


def test_a_run_is_told_to_a_consumer_of_this_machine(deployed: Deployed) -> None:
    with consuming() as consumer, deployed.of("acme", "operator") as client:
        answer = client.post("/v1/webhooks", json={"url": consumer.url, "event_types": ["run.cancelled"]})
        assert answer.status_code == 201, answer.text
        webhook = answer.json()["data"]
        scenario = client.post("/v1/scenarios", json={"name": f"s {uuid.uuid4()}", **SCENARIO}).json()[
            "data"
        ]["id"]
        run = client.post(f"/v1/scenarios/{scenario}/run", json={}).json()["data"]["id"]
        cancelled = client.post(f"/v1/runs/{run}/cancel")
        assert cancelled.status_code == 200, cancelled.text

        (received,) = until(lambda: consumer.received, within=90)
        event = Verifier(webhook["secret"]).verify(received.body, dict(received.headers))
        assert (event["type"], event["data"]["run_id"]) == ("run.cancelled", run)
        assert client.delete(f"/v1/webhooks/{webhook['id']}").status_code == 204


def test_the_first_ten_minutes_are_a_checklist_that_sees_what_is_wrong(deployed: Deployed) -> None:
    address = f"{deployed.aws.endpoint}/_aws/execute-api/{deployed.outputs.api_id}/$default"
    told: list[str] = []

    smoke.run(smoke.Smoke("sextant-local", deployed.aws.client, address), told.append)

    assert len(told) == len(smoke.CHECKS)
    # What states the emulator gives alarms is its own affair.
    failed = [line for line in told if line.startswith("FAILED") and "No alarm goes off" not in line]
    assert failed == []
    queue = deployed.aws.client("sqs").get_queue_url(QueueName="sextant-local-runs-dlq")["QueueUrl"]
    deployed.aws.client("sqs").send_message(QueueUrl=queue, MessageBody="set aside")
    assert not smoke.run(smoke.Smoke("sextant-local", deployed.aws.client, address), told.append)
    assert 'FAILED  No message was set aside. {"runs-dlq": 1}' in told
    deployed.aws.client("sqs").purge_queue(QueueUrl=queue)


def test_the_lake_is_a_table_of_the_deployed_catalogue_in_the_deployed_bucket(deployed: Deployed) -> None:
    table = deployed.aws.client("glue").get_table(DatabaseName="market", Name="scenario_output")["Table"]

    assert table["Parameters"]["table_type"].upper() == "ICEBERG"
    bucket = table["Parameters"]["metadata_location"].split("/")[2]
    found = deployed.aws.client("s3").list_objects_v2(Bucket=bucket)
    assert any(item["Key"].endswith(".parquet") for item in found["Contents"])


def test_a_user_without_a_tenant_reaches_nothing(deployed: Deployed) -> None:
    """AWS issues no token when the claims function refuses; the emulator issues one without a tenant."""
    user = deployed.deployment.sign_up(None, "analyst")
    with deployed.client(deployed.deployment.sign_in(user)) as client:
        refused = client.get("/v1/scenarios")

    assert refused.status_code == 403, refused.text


def test_roles_come_from_the_users_groups(deployed: Deployed) -> None:
    with deployed.of("acme", "viewer") as client:
        refused = client.post("/v1/scenarios", json={"name": "not mine to make", **SCENARIO})

    assert refused.status_code == 403
    assert "scenarios:write" in refused.text


def test_a_poisoned_message_ends_in_the_dead_letter_queue(deployed: Deployed) -> None:
    queues = deployed.aws.client("sqs")
    url, dead = (
        queues.get_queue_url(QueueName=f"sextant-local-{name}")["QueueUrl"] for name in ("runs", "runs-dlq")
    )
    # The deployed number of receives holds; only the wait between them is shortened.
    receives = json.loads(
        queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["RedrivePolicy"]
    )
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    poison = f"poison {uuid.uuid4()}"

    queues.send_message(QueueUrl=url, MessageBody=poison)

    def set_aside() -> list[dict[str, Any]]:
        answer = queues.receive_message(
            QueueUrl=dead, VisibilityTimeout=0, MessageSystemAttributeNames=["ApproximateReceiveCount"]
        )
        return [message for message in answer.get("Messages", []) if message["Body"] == poison]

    # Its function hands it back after 1, 4, 16 and 64 s before the queue's own wait counts.
    assert until(set_aside, within=sum(RETURN_AFTER) + 120, every=1)
    assert int(receives["maxReceiveCount"]) == 9


def test_the_database_was_migrated_before_anything_served(deployed: Deployed) -> None:
    pages = deployed.aws.client("cloudformation").get_paginator("describe_stack_events")
    newest_first = [event for page in pages.paginate(StackName=STACKS[1]) for event in page["StackEvents"]]
    order = [
        event["ResourceType"]
        for event in reversed(newest_first)
        if event["ResourceStatus"] == "CREATE_COMPLETE"
        and event["ResourceType"] in ("Custom::Migrations", "AWS::Lambda::Alias")
    ]

    assert order[0] == "Custom::Migrations"
    assert order.count("AWS::Lambda::Alias") > 5


def versions(deployed: Deployed) -> dict[str, str]:
    """The version that each function's alias `live` is on."""
    functions = deployed.aws.client("lambda")
    names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
    return {
        name: alias["FunctionVersion"]
        for name in names
        for alias in functions.list_aliases(FunctionName=name)["Aliases"]
        if alias["Name"] == "live"
    }


def test_deploying_again_changes_nothing_and_a_change_moves_the_alias(deployed: Deployed) -> None:
    before = versions(deployed)

    unchanged = deployed.deployment.deploy()

    assert unchanged == deployed.outputs
    assert "no changes" in deployed.deployment.last_output
    assert versions(deployed) == before

    changed = deployed.deployment.deploy({"functions": {"log_level": "WARNING"}})

    assert changed == deployed.outputs
    after = versions(deployed)
    assert set(after) == set(before)
    assert all(after[name] != before[name] for name in before)
    with deployed.of("acme") as client:
        assert client.get("/v1/scenarios").status_code == 200


def test_the_console_is_served_beside_the_api_and_signs_people_in_by_code(deployed: Deployed) -> None:
    # Given the distribution of the deployment, by its own host name
    host = urlsplit(deployed.outputs.console_url).netloc
    emulator = httpx.Client(base_url=deployed.aws.endpoint, trust_env=False, timeout=60)
    console = httpx.Client(
        base_url=deployed.aws.endpoint,
        headers={"Host": host, "X-Forwarded-Proto": "https"},
        trust_env=False,
        timeout=60,
    )
    with emulator, console:
        # Then it serves the page at every address of one, with its headers, and leads there from its root
        assert console.get("/").headers["Location"] == "/console/"
        page = console.get("/console/scenarios/anything")
        assert page.headers["Content-Type"].startswith("text/html")
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        script = re.search(r'src="(/console/assets/[^"]+\.js)"', page.text)
        assert script
        assert "immutable" in console.get(script[1]).headers["Cache-Control"]
        config = console.get("/console/config.json").json()

        # When somebody signs in at the pool's pages, as the console's client with PKCE
        verifier = secrets.token_urlsafe(40)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "client_id": config["client_id"],
            "redirect_uri": f"https://{host}/console/signed-in",
            "response_type": "code",
            "scope": config["scope"],
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        assert emulator.get("/oauth2/authorize", params=asked).status_code in (200, 302)
        deployment = deployed.deployment
        person = {"username": deployment.sign_up("acme", "analyst"), "password": deployment.password()}
        signed_in = emulator.post("/login", data={**asked, **person})
        code = parse_qs(urlsplit(signed_in.headers["Location"]).query)["code"][0]
        redeemed = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        grant = emulator.post(
            "/oauth2/token",
            data={**redeemed, "client_id": asked["client_id"], "redirect_uri": asked["redirect_uri"]},
        ).json()

        # Then the API knows them, on the console's own origin
        me = console.get("/v1/me", headers={"Authorization": f"Bearer {grant['access_token']}"})
        assert me.json()["data"]["tenant_id"] == "acme"


def test_the_schedule_calls_the_functions_it_is_for(deployed: Deployed) -> None:
    """`run-recovery` is called by nothing but its schedule, so any record of it is the schedule's doing."""
    logs = deployed.aws.client("logs")
    functions = deployed.aws.client("lambda")
    group = functions.get_function_configuration(FunctionName="sextant-local-run-recovery")["LoggingConfig"][
        "LogGroup"
    ]

    def called() -> list[Any]:
        return list(logs.filter_log_events(logGroupName=group, limit=1)["events"])

    assert until(called, within=90, every=1)


def test_destroying_leaves_nothing(deployed: Deployed) -> None:
    began = time.time()
    deployed.deployment.destroy()

    client = deployed.aws.client
    stacks = [
        one["StackName"]
        for one in client("cloudformation").list_stacks()["StackSummaries"]
        if one["StackStatus"] != "DELETE_COMPLETE"
    ]
    assert stacks == ["CDKToolkit"]
    left = {
        "functions": client("lambda").list_functions()["Functions"],
        "layers": client("lambda").list_layers()["Layers"],
        "mappings": client("lambda").list_event_source_mappings()["EventSourceMappings"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "tables": client("dynamodb").list_tables()["TableNames"],
        "topics": client("sns").list_topics()["Topics"],
        "apis": client("apigatewayv2").get_apis()["Items"],
        "pools": client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"],
        "rules": client("events").list_rules()["Rules"],
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "distributions": client("cloudfront").list_distributions()["DistributionList"].get("Items", []),
        "databases": client("glue").get_databases()["DatabaseList"],
        # The stand-in lets a function that still runs make its group anew; the roles that we deploy may not.
        "logs": [
            one["logGroupName"]
            for one in client("logs").describe_log_groups()["logGroups"]
            if one["creationTime"] < began * 1000
        ],
        "roles": [
            r["RoleName"] for r in client("iam").list_roles()["Roles"] if r["RoleName"].startswith("Sextant")
        ],
        "buckets": [
            b["Name"] for b in client("s3").list_buckets()["Buckets"] if not b["Name"].startswith("cdk-")
        ],
        "keys": [
            key["KeyId"]
            for key in client("kms").list_keys()["Keys"]
            if client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"
        ],
    }
    assert {kind: found for kind, found in left.items() if found} == {}
