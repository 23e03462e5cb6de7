"""The declared functions: code, memory and time as declared, and a role that reaches what is declared.

Callers never name a function's newest code but its alias `live`, which a deployment moves only after the
migrations have run: until then, and if anything fails, the code before goes on serving.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IDependable

from functions.declaration import ASYNC_LONGEST_AGE, ASYNC_RETRIES, Function
from infra.bundling import Bundler
from infra.config import Functions as FunctionSettings
from infra.constructs.layers import ARCHITECTURES, Layers, code, runtime
from infra.constructs.logs import log_group
from infra.constructs.network import Network
from infra.constructs.suppressions import accept_checkov, accept_wildcard

LIVE = "live"

_NETWORK_INTERFACES = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]


@dataclass(frozen=True)
class Surroundings:
    """What all functions of a deployment share."""

    prefix: str
    stage: str
    settings: FunctionSettings
    bundler: Bundler
    key: kms.IKey
    network: Network | None
    log_retention: logs.RetentionDays


class DeployedFunction(Construct):
    """One function with its own role, log group and, once published, its alias."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        declared: Function,
        surroundings: Surroundings,
        layers: Layers,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self.declared = declared
        settings = surroundings.settings
        network = None if declared.outside else surroundings.network
        tracing = settings.tracing and not declared.outside
        self._snapstart = declared.name in settings.snapstart
        self._provisioned = settings.provisioned.get(declared.name)
        self.name = f"{surroundings.prefix}-{declared.name}"
        self.log_group = log_group(self, "Log", surroundings.log_retention, surroundings.key)
        self.role = function_role(
            self, self.name, self.log_group, in_network=network is not None, traced=tracing
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=self.name,
            description=f"Sextant {declared.name} ({surroundings.stage})",
            code=code(surroundings.bundler.function(declared.handler.split(".")[1])),
            handler=declared.handler,
            runtime=runtime(settings),
            architecture=ARCHITECTURES[settings.architecture],
            memory_size=declared.memory,
            timeout=Duration.seconds(declared.timeout),
            layers=layers.of(declared),
            role=self.role,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=log_level(settings),
            environment=dict(environment),
            environment_encryption=surroundings.key,
            reserved_concurrent_executions=(
                declared.reserved_concurrency if settings.reserve_concurrency else None
            ),
            recursive_loop=lambda_.RecursiveLoop.ALLOW if declared.loop else lambda_.RecursiveLoop.TERMINATE,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if self._snapstart else None,
            tracing=lambda_.Tracing.ACTIVE if tracing else lambda_.Tracing.DISABLED,
            vpc=network.vpc if network else None,
            vpc_subnets=network.subnets if network else None,
            security_groups=[network.function_group] if network else None,
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.DESTROY),
        )
        accept_checkov(
            self.function,
            {
                "CKV_AWS_115": "Concurrency is bounded where it protects something: queue mappings, relay, migration",
                "CKV_AWS_116": "What must not be lost travels by queue, with a dead-letter queue behind it; "
                "asynchronous invocations are nudges and ticks that repeat",
                **({} if network else {"CKV_AWS_117": _why_outside(declared)}),
            },
        )

    def publish(self, after: IDependable) -> lambda_.Alias:
        """The alias `live` on this deployment's version, moved once `after` is done."""
        alias = lambda_.Alias(
            self,
            "Live",
            alias_name=LIVE,
            version=self.function.current_version,
            provisioned_concurrent_executions=self._provisioned,
            # Lambda reads them of the qualifier that is invoked; those of `$LATEST` are nobody's here.
            max_event_age=Duration.seconds(ASYNC_LONGEST_AGE),
            retry_attempts=ASYNC_RETRIES,
        )
        alias.node.add_dependency(after)
        return alias


def _why_outside(declared: Function) -> str:
    if declared.outside:
        return "It sends to the internet, and so has nothing of ours within its reach"
    return "An emulator has no network to put functions into"


def log_level(settings: FunctionSettings) -> lambda_.ApplicationLogLevel:
    """What Lambda lets through of a function's log where its format is JSON, whatever the function would write."""
    return lambda_.ApplicationLogLevel["WARN" if settings.log_level == "WARNING" else settings.log_level]


def function_role(
    scope: Construct,
    function_name: str,
    log_group: logs.LogGroup,
    *,
    in_network: bool,
    traced: bool,
) -> iam.Role:
    """A role that may write its own log and, in a network, have Lambda attach the function to it.

    Attaching is Lambda's business and has no narrower resource; what the function's own code asks for is
    denied, so stolen credentials cannot touch the network.
    """
    role = iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        description=f"What {function_name} may do",
    )
    log_group.grant_write(role)
    if in_network:
        role.add_to_policy(
            iam.PolicyStatement(sid="NetworkOfTheFunction", actions=_NETWORK_INTERFACES, resources=["*"])
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="NotByItsOwnCode",
                effect=iam.Effect.DENY,
                actions=_NETWORK_INTERFACES,
                resources=["*"],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": function_arn(function_name)}},
            )
        )
    if in_network or traced:
        accept_wildcard(
            role,
            ["*"],
            "X-Ray's PutTraceSegments and, in the network, Lambda's interfaces have no narrower resource; "
            "the latter are denied to the function's own code",
        )
        accept_checkov(
            role.node.find_child("DefaultPolicy"),
            {
                "CKV_AWS_111": "Lambda's network interfaces have no narrower resource; denied to the function's code"
            },
        )
    return role


def function_arn(name: str, qualifier: str | None = None) -> str:
    """The ARN of a function of this account and region by name, and so without a reference to it."""
    suffix = f":{qualifier}" if qualifier else ""
    return f"arn:{Aws.PARTITION}:lambda:{Aws.REGION}:{Aws.ACCOUNT_ID}:function:{name}{suffix}"


def allow_invoke(grantee: iam.IGrantable, *arns: str) -> None:
    """Let `grantee` invoke functions by ARN."""
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=list(arns))
    )
