"""The private network: isolated subnets, endpoints to the AWS services used, and no way to the internet; or one
that exists already."""

from __future__ import annotations

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.config import GivenNetwork
from infra.config import Network as NetworkSettings
from infra.constructs.logs import log_group
from infra.constructs.suppressions import accept_checkov

# What the functions call: the queues, each other, the catalogue, the notifications, the key. S3 and DynamoDB
# have gateway endpoints, which cost nothing; logs and traces leave a function without the network, and no
# function reads a secret (the proxy is signed in to with tokens, which are made without asking anybody).
_INTERFACE_ENDPOINTS = {
    "Sqs": ec2.InterfaceVpcEndpointAwsService.SQS,
    "Lambda": ec2.InterfaceVpcEndpointAwsService.LAMBDA_,
    "Glue": ec2.InterfaceVpcEndpointAwsService.GLUE,
    "Sns": ec2.InterfaceVpcEndpointAwsService.SNS,
    "Kms": ec2.InterfaceVpcEndpointAwsService.KMS,
}
# What polls Kafka for a function stands in the network too, and asks for its role there.
_KAFKA_ENDPOINTS = {"Sts": ec2.InterfaceVpcEndpointAwsService.STS}
# Where the configuration names a model for the operations function to ask.
_MODEL_ENDPOINTS = {"BedrockRuntime": ec2.InterfaceVpcEndpointAwsService.BEDROCK_RUNTIME}
# Where large exports are Athena's.
_ATHENA_ENDPOINTS = {"Athena": ec2.InterfaceVpcEndpointAwsService.ATHENA}


class Network(Construct):
    """A VPC, the subnets of it that we use, and the security group that every function of ours wears.

    `endpoint_group` is that of the interface endpoints, where they are ours.
    """

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    function_group: ec2.SecurityGroup
    endpoint_group: ec2.SecurityGroup | None

    @property
    def subnet_ids(self) -> list[str]:
        """The ids of `subnets`."""
        return self.vpc.select_subnets(
            subnet_type=self.subnets.subnet_type, subnets=self.subnets.subnets
        ).subnet_ids

    def _function_group(self) -> ec2.SecurityGroup:
        """The gateway endpoints answer under public addresses, so the rule cannot be narrower; with no NAT there
        is no route to anything else."""
        group = self._group("Functions", "Every function of ours; accepts nothing")
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS services by HTTPS")
        return group

    def _group(self, name: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self, f"{name}Group", vpc=self.vpc, description=description, allow_all_outbound=False
        )


class ExistingNetwork(Network):
    """Subnets of a VPC by configuration, from which the AWS services are reached already."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: GivenNetwork) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=settings.vpc_id,
            availability_zones=list(settings.availability_zones),
            private_subnet_ids=list(settings.subnet_ids),
        )
        self.subnets = ec2.SubnetSelection(subnets=self.vpc.private_subnets)
        self.function_group = self._function_group()
        self.endpoint_group = None


class OwnNetwork(Network):
    """A VPC of this deployment, with the endpoints its functions need."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: NetworkSettings,
        kafka: bool,
        model: bool,
        athena: bool,
        key: kms.IKey,
        log_retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, construct_id)
        private = (
            ec2.SubnetType.PRIVATE_WITH_EGRESS if settings.nat_gateways else ec2.SubnetType.PRIVATE_ISOLATED
        )
        tiers = [ec2.SubnetConfiguration(name="private", subnet_type=private, cidr_mask=20)]
        if settings.nat_gateways:
            tiers.append(
                ec2.SubnetConfiguration(
                    name="public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=24,
                    map_public_ip_on_launch=False,
                )
            )
        flow_log_group = log_group(self, "FlowLogGroup", log_retention, key)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(settings.cidr),
            max_azs=None if settings.zones else settings.availability_zones,
            availability_zones=list(settings.zones) or None,
            nat_gateways=settings.nat_gateways,
            subnet_configuration=tiers,
            restrict_default_security_group=True,
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
            flow_logs={
                "Rejected": ec2.FlowLogOptions(
                    destination=ec2.FlowLogDestination.to_cloud_watch_logs(flow_log_group),
                    traffic_type=ec2.FlowLogTrafficType.REJECT,
                )
            },
        )
        self._close_default_group(key, log_retention)
        self.subnets = ec2.SubnetSelection(subnet_type=private)
        self.function_group = self._function_group()
        self.endpoint_group = endpoint_group = self._group(
            "Endpoints", "The interface endpoints; accept HTTPS from our functions"
        )
        endpoint_group.add_ingress_rule(self.function_group, ec2.Port.tcp(443), "Our functions")
        zones = self.vpc.select_subnets(subnet_type=private).subnets[: settings.endpoint_zones]
        services = {
            **_INTERFACE_ENDPOINTS,
            **(_KAFKA_ENDPOINTS if kafka else {}),
            **(_MODEL_ENDPOINTS if model else {}),
            **(_ATHENA_ENDPOINTS if athena else {}),
        }
        for name, service in services.items():
            self.vpc.add_interface_endpoint(
                f"{name}Endpoint",
                service=service,
                subnets=ec2.SubnetSelection(subnets=zones),
                security_groups=[endpoint_group],
                open=False,
            )

    def _close_default_group(self, key: kms.IKey, log_retention: logs.RetentionDays) -> None:
        """The CDK's own function empties the VPC's default group. Left alone it would log into a group that
        Lambda makes for it, unencrypted, without an end, and left behind when the stack goes."""
        provider = Stack.of(self).node.find_child("Custom::VpcRestrictDefaultSGCustomResourceProvider")
        handler = provider.node.find_child("Handler")
        if not isinstance(handler, CfnResource):
            raise TypeError("the CDK's function is no resource")
        group = log_group(self, "DefaultGroupLog", log_retention, key)
        handler.add_property_override("LoggingConfig", {"LogGroup": group.log_group_name})
        accept_checkov(
            handler,
            {
                "CKV_AWS_115": "The CDK's own function; runs only while the network changes",
                "CKV_AWS_116": "Called by CloudFormation, which waits for its answer",
                "CKV_AWS_117": "Closes the default security group from outside the network",
            },
        )
