"""The gate of a deployment: the database is migrated before any new code serves."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.acknowledged import accept_wildcard
from infra.constructs.database import DATABASE, MIGRATOR, AuroraDatabase
from infra.constructs.encryption import allow_key
from infra.constructs.functions import DeployedFunction, Surroundings, allow_invoke, function_arn
from infra.constructs.support import SupportFunction

# The migrate function may take ten minutes.
_WITHIN = Duration.minutes(12)


class MigrationGate(Construct):
    """A resource that succeeds once the migrations have; everything that serves depends on it.

    It calls the very version of the migrate function that the deployment publishes, so a rolled back
    deployment calls the version before, which finds nothing to do; and then the function that makes the
    lake's table, which others may only read.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        migrate: DeployedFunction,
        then: DeployedFunction,
        database: AuroraDatabase | None,
        key: kms.IKey,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, construct_id)
        gate = SupportFunction(
            self, "Gate", handler="migration_gate", surroundings=surroundings, timeout=_WITHIN
        )
        versions = [function_arn(one.name, "*") for one in (migrate, then)]
        allow_invoke(gate.role, *versions)
        accept_wildcard(gate.role, versions, "Every version of the two functions it calls")
        properties: Mapping[str, str] = {
            "Function": migrate.function.current_version.function_arn,
            "Then": then.function.current_version.function_arn,
        }
        if database is not None:
            secret = database.cluster.secret
            if secret is None:
                raise TypeError("the cluster has no secret of its owner")
            gate.role.add_to_policy(
                iam.PolicyStatement(
                    sid="PrepareDatabase",
                    actions=["rds-data:ExecuteStatement"],
                    resources=[database.cluster.cluster_arn],
                )
            )
            gate.role.add_to_policy(
                iam.PolicyStatement(
                    sid="AsItsOwner", actions=["secretsmanager:GetSecretValue"], resources=[secret.secret_arn]
                )
            )
            allow_key(gate.role, key, ["secretsmanager"], write=False)
            properties = {
                **properties,
                "ClusterArn": database.cluster.cluster_arn,
                "SecretArn": secret.secret_arn,
                "Database": DATABASE,
                "Migrator": MIGRATOR,
            }
        self.done = CustomResource(
            self,
            "Migrated",
            service_token=gate.function.function_arn,
            resource_type="Custom::Migrations",
            properties=properties,
            service_timeout=_WITHIN,
        )
        # The role's policy is a resource of its own: without it the call would come too early.
        self.done.node.add_dependency(gate, migrate.role, migrate.function, then.role, then.function)
