"""A deployment onto an emulated AWS of this machine: `cdk bootstrap`, `deploy` and `destroy`, for real.

The emulator (MiniStack) executes the templates: it makes the queues, tables, buckets, user pool, HTTP API
and event source mappings, and runs the functions from the uploaded bundles as processes of this machine.
It has no Aurora without Docker, so the stage `local` takes an embedded PostgreSQL by URL, and no network.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from infra import cdk_command
from infra.bundling import ROOT
from local.aws import LocalAws
from local.database import APPLICATION_ROLES
from local.postgres import Postgres

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

DATABASE = "sextant_deployed"
STACKS = ("SextantLocalData", "SextantLocalService", "SextantLocalMonitoring")
# Of users that live and die with the emulator.
_PASSWORD = "Correct-Horse-9-Battery"  # noqa: S105

_DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


@dataclass(frozen=True)
class Outputs:
    """What a deployment offers: where API and console are, and the user pool with its client."""

    api_id: str
    user_pool_id: str
    client_id: str
    console_url: str


class EmulatedDeployment:
    """One deployment of the stage `local`; `home` keeps its logs and its cloud assembly."""

    def __init__(self, home: Path, aws: LocalAws, postgres: Postgres) -> None:
        self.home = home
        self.aws = aws
        self._postgres = postgres
        self._log = home / "cdk.log"
        self.last_output = ""
        """What the last command printed."""

    def prepare(self) -> None:
        """Make the database, empty, with the users that the migrations would make without a password."""
        if not self._postgres.has_database(DATABASE):
            self._postgres.create_database(DATABASE)
        with psycopg.connect(self._postgres.url("postgres"), autocommit=True) as connection:
            for role in APPLICATION_ROLES:
                found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
                if found is None:
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOINHERIT").format(sql.Identifier(role)))
        self._postgres.give_password(*APPLICATION_ROLES)
        self._cdk("bootstrap", f"aws://000000000000/{self.region}", app=False)

    def deploy(self, settings: Mapping[str, Any] | None = None) -> Outputs:
        """Deploy every stack with the stage's settings and `settings` over them."""
        self._cdk("deploy", "--all", "--require-approval", "never", *self._context(settings or {}))
        return self.outputs()

    def destroy(self) -> None:
        """Destroy every stack."""
        self._cdk("destroy", "--all", "--force", *self._context({}))

    def outputs(self) -> Outputs:
        """The outputs of the deployed stacks."""
        client: CloudFormationClient = self.aws.client("cloudformation")
        found: dict[str, str] = {}
        for stack in STACKS[:2]:
            described = client.describe_stacks(StackName=stack)["Stacks"][0]
            if described["StackStatus"] not in _DEPLOYED:
                raise cdk_command.CdkError(f"{stack} is {described['StackStatus']}")
            found |= {out["OutputKey"]: out["OutputValue"] for out in described.get("Outputs", [])}
        return Outputs(found["ApiId"], found["UserPoolId"], found["UserPoolClientId"], found["ConsoleUrl"])

    def password(self) -> str:
        """That of every user that `sign_up` made."""
        return _PASSWORD

    def sign_up(self, tenant: str | None, *roles: str) -> str:
        """Add a user to the deployed pool, as an administrator does; their name."""
        users: CognitoIdentityProviderClient = self.aws.client("cognito-idp")
        pool, name = self.outputs().user_pool_id, f"{uuid.uuid4().hex}@example.test"
        attributes: list[AttributeTypeTypeDef] = [
            {"Name": "email", "Value": name},
            {"Name": "email_verified", "Value": "true"},
        ]
        if tenant is not None:
            attributes.append({"Name": "custom:tenant_id", "Value": tenant})
        users.admin_create_user(
            UserPoolId=pool,
            Username=name,
            UserAttributes=attributes,
            MessageAction="SUPPRESS",
            TemporaryPassword=_PASSWORD,
        )
        users.admin_set_user_password(UserPoolId=pool, Username=name, Password=_PASSWORD, Permanent=True)
        for role in roles:
            users.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=role)
        return name

    def sign_in(self, user: str) -> str:
        """An access token for `user`, as the pool issues it."""
        users: CognitoIdentityProviderClient = self.aws.client("cognito-idp")
        found = self.outputs()
        answer = users.admin_initiate_auth(
            UserPoolId=found.user_pool_id,
            ClientId=found.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user, "PASSWORD": _PASSWORD},
        )
        return answer["AuthenticationResult"]["AccessToken"]

    @property
    def region(self) -> str:
        return self.aws.variables()["AWS_REGION"]

    def _context(self, settings: Mapping[str, Any]) -> list[str]:
        url = self._postgres.url
        app, platform = APPLICATION_ROLES
        base: dict[str, Any] = {
            "database": {
                "kind": "given",
                "admin_url": url(DATABASE),
                "app_url": url(DATABASE, role=app),
                "platform_url": url(DATABASE, role=platform),
            },
            "functions": {"python": f"{sys.version_info.major}.{sys.version_info.minor}"},
        }
        merged = {**base, **settings}
        if "functions" in settings:
            merged["functions"] = {**base["functions"], **settings["functions"]}
        output = str(self.home / "cdk.out")
        return ["-c", "stage=local", "-c", f"settings={json.dumps(merged)}", "--output", output]

    def _cdk(self, *arguments: str, app: bool = True) -> None:
        nowhere = str(self.home / "none")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))},
            **self.aws.variables(),
            # Neither the user's accounts nor the CDK's memory of them have a part in this.
            "AWS_CONFIG_FILE": nowhere,
            "AWS_SHARED_CREDENTIALS_FILE": nowhere,
            "CDK_HOME": str(self.home / "cdk"),
            "CI": "true",
        }
        common = ["--no-notices", "--no-version-reporting", "--no-color"]
        if app:
            common += ["--app", f"{sys.executable} {ROOT / 'app.py'}"]
        self.last_output = cdk_command.run(
            [*arguments, *common], environment, log=self._log, directory=ROOT if app else self.home
        )
