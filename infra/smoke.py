"""`python -m infra.smoke --stage dev`: the first ten minutes after a deployment, as a checklist that runs by itself.

Asks the deployment what a user and an operator would: is it ready, does a user get a token, does a run go from the request
to its outputs and begin at the nudge instead of the minute's tick, are the dead-letter queues empty and the alarms quiet.
It prints a line for each, and ends with 1 where one failed. What it makes (a user and a scenario of the tenant `smoke`) it
takes away again. It needs rights to read stacks, queues and alarms, and to make a user in the pool; with an issuer of your
own give it a token of an analyst with `--token`.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from functions.declaration import QUEUES

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

TENANT = "smoke"
_FINAL = {"SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"}
# A run that the schedule finds begins after half a minute on average, one that was nudged within seconds.
_NUDGED_WITHIN = 10.0
_RUN_WITHIN = 180.0
_SCENARIO = {
    "assumptions": [
        {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
    ],
    "parameters": {"start_year": 2026, "end_year": 2031},
}


class CheckFailedError(AssertionError):
    """What was looked at is not as it should be; the message says what it is."""


@dataclass
class Smoke:
    """One deployment, asked by `client` (a boto3 client by its service's name) and at the address of its API."""

    prefix: str
    client: Callable[[str], Any]
    api: str | None = None
    token: str | None = None
    scenario: str = ""
    run: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """What the stacks tell."""
        stacks = [f"{self.prefix.title().replace('-', '')}{kind}" for kind in ("Data", "Service")]
        return {
            output["OutputKey"]: output["OutputValue"]
            for stack in stacks
            for output in self.client("cloudformation")
            .describe_stacks(StackName=stack)["Stacks"][0]
            .get("Outputs", [])
        }

    def request(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON; raises CheckFailedError for an error."""
        request = urllib.request.Request(  # noqa: S310 - the deployment's own address
            f"{self.api or self.outputs['ApiUrl']}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Content-Type": "application/json",
                **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise CheckFailedError(f"{method} {path}: {error.code} {error.read().decode()[:300]}") from error
        except OSError as error:
            raise CheckFailedError(f"{method} {path}: {error}") from error
        return json.loads(content) if content else None

    # The checklist ----------------------------------------------------------------------------------

    def readiness(self) -> str:
        """The API answers and reaches its database and queue."""
        answer = self.request("GET", "/v1/health/ready")
        if answer["status"] != "healthy":
            raise CheckFailedError(json.dumps(answer["checks"]))
        return ", ".join(check["name"] for check in answer["checks"])

    def create_scenario(self) -> str:
        """An analyst's token is taken, and a scenario is stored."""
        name = f"smoke {uuid.uuid4()}"
        self.scenario = self.request("POST", "/v1/scenarios", {"name": name, **_SCENARIO})["data"]["id"]
        return self.scenario

    def finish_run(self) -> str:
        """A run is accepted and succeeds."""
        runs = f"/v1/scenarios/{self.scenario}"
        accepted = self.request("POST", f"{runs}/run", {})["data"]["id"]
        began, deadline = time.monotonic(), time.monotonic() + _RUN_WITHIN
        while True:
            self.run = self.request("GET", f"{runs}/runs/{accepted}?wait=20")["data"]
            if self.run["state"] in _FINAL:
                break
            if time.monotonic() > deadline:
                raise CheckFailedError(f"still {self.run['state']} after {_RUN_WITHIN:.0f} s")
            time.sleep(0.2)
        if self.run["state"] != "SUCCEEDED":
            raise CheckFailedError(f"{self.run['state']}: {json.dumps(self.run.get('error'))}")
        return f"{time.monotonic() - began:.1f} s"

    def nudge(self) -> str:
        """The run began when it was asked for, not at the minute's tick."""
        created, started = (datetime.fromisoformat(self.run[name]) for name in ("created_at", "started_at"))
        waited = (started - created).total_seconds()
        if waited > _NUDGED_WITHIN:
            raise CheckFailedError(
                f"{waited:.1f} s from the request to its start, more than {_NUDGED_WITHIN:.0f}"
            )
        return f"{waited:.1f} s"

    def read_outputs(self) -> str:
        """Its rows can be read."""
        rows = self.request("GET", f"/v1/scenarios/{self.scenario}/outputs?limit=3")["data"]
        if not rows or {row["run_id"] for row in rows} != {self.run["id"]}:
            raise CheckFailedError(f"rows of the run are not there: {json.dumps(rows)[:200]}")
        return f"{len(rows)} rows"

    def dead_letters(self) -> str:
        """No message was set aside."""
        sqs = self.client("sqs")
        counts = {}
        for queue in QUEUES:
            url = sqs.get_queue_url(QueueName=f"{self.prefix}-{queue.dead_letter_name}")["QueueUrl"]
            names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            counts[queue.dead_letter_name] = sum(int(counted[name]) for name in names)
        filled = {name: count for name, count in counts.items() if count}
        if filled:
            raise CheckFailedError(json.dumps(filled))
        return ", ".join(counts)

    def alarms(self) -> str:
        """No alarm goes off."""
        pages = (
            self.client("cloudwatch")
            .get_paginator("describe_alarms")
            .paginate(AlarmNamePrefix=f"{self.prefix}-")
        )
        known = [alarm for page in pages for alarm in page["MetricAlarms"]]
        loud = [alarm["AlarmName"] for alarm in known if alarm["StateValue"] == "ALARM"]
        if loud or not known:
            raise CheckFailedError(", ".join(loud) or "there are no alarms")
        return f"{len(known)} alarms"

    def clean_up(self) -> None:
        """Delete the scenario, where there is one."""
        if self.scenario:
            self.request("DELETE", f"/v1/scenarios/{self.scenario}")


CHECKS: tuple[Callable[[Smoke], str], ...] = (
    Smoke.readiness,
    Smoke.create_scenario,
    Smoke.finish_run,
    Smoke.nudge,
    Smoke.read_outputs,
    Smoke.dead_letters,
    Smoke.alarms,
)


def run(smoke: Smoke, tell: Callable[[str], None]) -> bool:
    """Make every check that can be made, tell of each, and take away what was made; whether all passed."""
    passed = True
    with _signed_in(smoke):
        for check in CHECKS:
            what = (check.__doc__ or check.__name__).splitlines()[0]
            try:
                tell(f"ok      {what} {check(smoke)}")
            except (CheckFailedError, KeyError, ValueError) as error:
                passed = False
                tell(f"FAILED  {what} {error}")
        try:
            smoke.clean_up()
        except CheckFailedError as error:
            tell(f"left    the scenario {smoke.scenario}: {error}")
    return passed


@contextmanager
def _signed_in(smoke: Smoke) -> Iterator[None]:
    """Within it there is a token: the one given, or that of a user who lives as long."""
    outputs = {} if smoke.token else smoke.outputs
    if "UserPoolId" not in outputs:
        yield
        return
    users: CognitoIdentityProviderClient = smoke.client("cognito-idp")
    pool, name = outputs["UserPoolId"], f"smoke-{uuid.uuid4().hex}@example.com"
    password = f"Aa9-{secrets.token_urlsafe(24)}"
    users.admin_create_user(
        UserPoolId=pool,
        Username=name,
        MessageAction="SUPPRESS",
        TemporaryPassword=password,
        UserAttributes=[
            {"Name": "email", "Value": name},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "custom:tenant_id", "Value": TENANT},
        ],
    )
    try:
        users.admin_set_user_password(UserPoolId=pool, Username=name, Password=password, Permanent=True)
        for group in ("analyst", "operator"):
            users.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
        signed_in = users.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=outputs["UserPoolClientId"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        smoke.token = signed_in["AuthenticationResult"]["AccessToken"]
        yield
    finally:
        users.admin_delete_user(UserPoolId=pool, Username=name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.smoke", description=__doc__)
    parser.add_argument("--stage", default="dev", choices=("local", "dev", "prod"))
    parser.add_argument("--api", help="where the API is served, if not where the stack says")
    parser.add_argument("--token", help="an analyst's token, where the issuer is your own")
    arguments = parser.parse_args()
    import boto3

    make: Any = boto3.client
    smoke = Smoke(f"sextant-{arguments.stage}", make, arguments.api, arguments.token)
    sys.exit(0 if run(smoke, print) else 1)


if __name__ == "__main__":
    main()
