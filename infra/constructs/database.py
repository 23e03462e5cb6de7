"""The database: Aurora PostgreSQL Serverless v2, reached only through RDS Proxy, only with IAM, only over TLS.

No function ever holds a password. A function signs a token for its database user; the proxy checks it and
signs in to Aurora with a token of its own. The one password there is, the cluster owner's, is made, kept
and rotated by RDS; the deployment uses it through the Data API to make the user that migrates.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import ClassVar, Protocol

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from constructs import Construct

from infra.config import Aurora, GivenDatabase, Restored
from infra.constructs.logs import log_group
from infra.constructs.network import Network
from infra.constructs.resources import resource_of
from infra.constructs.suppressions import accept, accept_checkov

PORT = 5432
DATABASE = "sextant"
OWNER = "postgres"
MIGRATOR = "sextant_admin"
READER = "sextant_reader"
# The trust roots a function verifies the proxy's certificate with: Amazon's are among certifi's.
_TRUST_ROOTS = "/opt/python/certifi/cacert.pem"

# The major version the tests run on.
ENGINE = rds.DatabaseClusterEngine.aurora_postgres(version=rds.AuroraPostgresEngineVersion.VER_16_13)


class DatabaseAccess(Protocol):
    """What a function needs to reach the database as one of its users."""

    @property
    def identifier(self) -> str:
        """What tells this database from another one of the deployment."""
        ...

    @property
    def sign_in(self) -> Mapping[str, str]:
        """The variables that say how one signs in, beside the URL."""
        ...

    def url(self, user: str) -> str:
        """Where `user` signs in."""
        ...

    def allow(self, grantee: iam.IGrantable, user: str) -> None:
        """Let `grantee` sign in as `user`, and as nobody else."""
        ...


class AuroraDatabase(Construct):
    """The cluster, its proxy and who may sign in."""

    sign_in: ClassVar[Mapping[str, str]] = {"DATABASE_AUTH": "iam"}

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Aurora,
        network: Network,
        key: kms.IKey,
        prefix: str,
        protect: bool,
        log_retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, construct_id)
        cluster_group = self._group("Cluster", network, "The database; accepts the proxy")
        proxy_group = self._group("Proxy", network, "The proxy; accepts our functions")
        proxy_group.add_ingress_rule(network.function_group, ec2.Port.tcp(PORT), "Our functions")
        network.function_group.add_egress_rule(proxy_group, ec2.Port.tcp(PORT), "The database proxy")
        _close(proxy_group)
        self.identifier = identifier = f"{prefix}-{settings.restored.name}" if settings.restored else prefix
        # RDS makes this group by itself, unencrypted and without an end; so it is made before.
        group = log_group(self, "Log", log_retention, key, name=f"/aws/rds/cluster/{identifier}/postgresql")
        self.cluster = rds.DatabaseCluster(
            self,
            "Cluster",
            cluster_identifier=identifier,
            engine=ENGINE,
            default_database_name=DATABASE,
            credentials=rds.Credentials.from_username(OWNER, encryption_key=key),
            manage_master_user_password=True,
            writer=rds.ClusterInstance.serverless_v2("writer", auto_minor_version_upgrade=True),
            readers=[
                rds.ClusterInstance.serverless_v2(
                    f"reader{number}", auto_minor_version_upgrade=True, scale_with_writer=number == 1
                )
                for number in range(1, settings.readers + 1)
            ],
            serverless_v2_min_capacity=settings.min_capacity,
            serverless_v2_max_capacity=settings.max_capacity,
            vpc=network.vpc,
            vpc_subnets=network.subnets,
            security_groups=[cluster_group],
            iam_authentication=True,
            enable_data_api=True,
            parameter_group=rds.ParameterGroup(
                self,
                "Parameters",
                engine=ENGINE,
                description="TLS for every connection; what changes the schema or is slow is logged",
                parameters={
                    "rds.force_ssl": "1",
                    "log_statement": "ddl",
                    "log_min_duration_statement": "500",
                    # Else a slow statement is logged with its parameters, which are tenants' data.
                    "log_parameter_max_length": "0",
                    "shared_preload_libraries": "pg_stat_statements",
                },
            ),
            storage_encryption_key=key,
            backup=rds.BackupProps(retention=Duration.days(settings.backup_days)),
            copy_tags_to_snapshot=True,
            cloudwatch_logs_exports=["postgresql"],
            database_insights_mode=rds.DatabaseInsightsMode.STANDARD,
            enable_performance_insights=True,
            performance_insight_encryption_key=key,
            performance_insight_retention=rds.PerformanceInsightRetention.DEFAULT,
            deletion_protection=protect,
            removal_policy=RemovalPolicy.SNAPSHOT if protect else RemovalPolicy.DESTROY,
        )
        self.cluster.node.add_dependency(group)
        if settings.restored:
            _restore(self.cluster, settings.restored)
        for instance in self.cluster.node.find_all():
            if isinstance(instance, rds.CfnDBInstance):
                accept_checkov(
                    instance,
                    {
                        "CKV_AWS_118": "Performance Insights and the capacity metrics say what a serverless host can"
                    },
                )
        if not protect:
            accept(
                self.cluster,
                {
                    "AwsSolutions-RDS10": "A stage that leaves nothing behind must be deletable; prod is protected"
                },
            )
        role = iam.Role(
            self,
            "ProxyRole",
            assumed_by=iam.ServicePrincipal("rds.amazonaws.com"),
            description="RDS Proxy signing in to the database as the users it serves",
        )
        self.proxy = rds.DatabaseProxy(
            self,
            "DatabaseProxy",
            # Constant, as another name is another proxy: a restored cluster stands behind the same one.
            db_proxy_name=prefix,
            proxy_target=rds.ProxyTarget.from_cluster(self.cluster),
            default_auth_scheme=rds.DefaultAuthScheme.IAM_AUTH,
            require_tls=True,
            role=role,
            vpc=network.vpc,
            vpc_subnets=network.subnets,
            security_groups=[proxy_group],
            max_connections_percent=settings.max_connections_percent,
            borrow_timeout=Duration.seconds(10),
            idle_client_timeout=Duration.minutes(30),
        )
        for user in (MIGRATOR, "sextant_app", "sextant_platform"):
            self.cluster.grant_connect(role, user)

    def url(self, user: str) -> str:
        """Where the proxy is, without a password, which is a token made for each connection."""
        return (
            f"postgresql://{user}@{self.proxy.endpoint}:{PORT}/{DATABASE}"
            f"?sslmode=verify-full&sslrootcert={_TRUST_ROOTS}"
        )

    def allow(self, grantee: iam.IGrantable, user: str) -> None:
        self.proxy.grant_connect(grantee, user)

    def _group(self, name: str, network: Network, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self, f"{name}Group", vpc=network.vpc, description=description, allow_all_outbound=False
        )


def _close(group: ec2.SecurityGroup) -> None:
    """Leave the group no way out but its rules to other groups. They are resources beside it, and a group that names no
    rule of its own is given one by EC2: everywhere."""
    resource_of(group, ec2.CfnSecurityGroup).security_group_egress = [
        ec2.CfnSecurityGroup.EgressProperty(
            cidr_ip="255.255.255.255/32",
            description="Disallow all traffic",
            ip_protocol="icmp",
            from_port=252,
            to_port=86,
        )
    ]


def _restore(cluster: rds.DatabaseCluster, restored: Restored) -> None:
    """Have the cluster begin as a copy. What it takes over from the source must not be said again."""
    resource = resource_of(cluster, rds.CfnDBCluster)
    resource.add_property_override("SourceDBClusterIdentifier", restored.source)
    resource.add_property_override("RestoreType", "full-copy")
    resource.add_property_override(
        "RestoreToTime", restored.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    for taken_over in ("MasterUsername", "DatabaseName", "StorageEncrypted"):
        resource.add_property_deletion_override(taken_over)


class ExistingDatabase:
    """A database by its URLs; IAM has no say in it."""

    identifier = "given"
    sign_in: ClassVar[Mapping[str, str]] = {"DATABASE_AUTH": "password"}

    def __init__(self, settings: GivenDatabase) -> None:
        self._urls = {
            MIGRATOR: settings.admin_url.get_secret_value(),
            "sextant_app": settings.app_url.get_secret_value(),
            "sextant_platform": settings.platform_url.get_secret_value(),
        }

    def url(self, user: str) -> str:
        return self._urls[user]

    def allow(self, grantee: iam.IGrantable, user: str) -> None:
        del grantee, user
