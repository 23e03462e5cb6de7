"""The gate of a deployment: the database is migrated before any new code serves."""

from __future__ import annotations

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.database import DATABASE, MIGRATOR, READER, AuroraDatabase
from infra.constructs.encryption import allow_key
from infra.constructs.functions import DeployedFunction, Surroundings, allow_invoke, function_arn
from infra.constructs.support import SupportFunction
from infra.constructs.suppressions import accept_wildcard

# The migrate function may take ten minutes.
_WITHIN = Duration.minutes(12)
_OWNER_WITHIN = Duration.minutes(5)


class MigratingUser(Construct):
    """A resource that succeeds once the cluster has the user that migrates, made by its owner."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database: AuroraDatabase,
        key: kms.IKey,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, construct_id)
        cluster, secret = database.cluster, database.cluster.secret
        if secret is None:
            raise TypeError("the cluster has no secret of its owner")
        maker = SupportFunction(
            self, "Maker", handler="migrating_user", surroundings=surroundings, timeout=_OWNER_WITHIN
        )
        maker.role.add_to_policy(
            iam.PolicyStatement(
                sid="PrepareDatabase",
                actions=[
                    f"rds-data:{action}"
                    for action in (
                        "BeginTransaction",
                        "ExecuteStatement",
                        "CommitTransaction",
                        "RollbackTransaction",
                    )
                ],
                resources=[cluster.cluster_arn],
            )
        )
        maker.role.add_to_policy(
            iam.PolicyStatement(
                sid="AsItsOwner", actions=["secretsmanager:GetSecretValue"], resources=[secret.secret_arn]
            )
        )
        allow_key(maker.role, key, ["secretsmanager"], write=False)
        made = CustomResource(
            self,
            "User",
            service_token=maker.function.function_arn,
            resource_type="Custom::MigratingUser",
            properties={
                "ClusterArn": cluster.cluster_arn,
                "SecretArn": secret.secret_arn,
                "Database": DATABASE,
                "Migrator": MIGRATOR,
                "Reader": READER,
            },
            service_timeout=_OWNER_WITHIN,
        )
        # The Data API answers through the cluster's instances.
        made.node.add_dependency(maker, cluster)


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
        database: str,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, construct_id)
        gate = SupportFunction(
            self, "Gate", handler="migration_gate", surroundings=surroundings, timeout=_WITHIN
        )
        versions = [function_arn(one.name, "*") for one in (migrate, then)]
        allow_invoke(gate.role, *versions)
        accept_wildcard(gate.role, versions, "Every version of the two functions it calls")
        properties = {
            "Function": migrate.function.current_version.function_arn,
            "Then": then.function.current_version.function_arn,
            # By name, not by reference: a restored database is another one, and no export may change in use.
            "Database": database,
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
