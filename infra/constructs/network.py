"""The private network: isolated subnets, endpoints to the AWS services used, and no way to the internet."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.config import Network as NetworkSettings
from infra.constructs.acknowledged import accept_checkov

# What the functions call: the queues, each other, the catalogue, the notifications. S3 and DynamoDB
# have gateway endpoints, which cost nothing; logs leave a function without the network.
_INTERFACE_ENDPOINTS = {
    "Sqs": ec2.InterfaceVpcEndpointAwsService.SQS,
    "Lambda": ec2.InterfaceVpcEndpointAwsService.LAMBDA_,
    "Glue": ec2.InterfaceVpcEndpointAwsService.GLUE,
    "Sns": ec2.InterfaceVpcEndpointAwsService.SNS,
}
# What polls Kafka for a function stands in the network too, and asks for its role there.
_KAFKA_ENDPOINTS = {"Sts": ec2.InterfaceVpcEndpointAwsService.STS}


class Network(Construct):
    """A VPC and the security group that every function of ours wears."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: NetworkSettings,
        kafka: bool,
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
        flow_log_group = logs.LogGroup(
            self,
            "FlowLogGroup",
            retention=log_retention,
            encryption_key=key,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(settings.cidr),
            max_azs=settings.availability_zones,
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
        closing = Stack.of(self).node.find_child("Custom::VpcRestrictDefaultSGCustomResourceProvider")
        accept_checkov(
            closing.node.find_child("Handler"),
            {
                "CKV_AWS_115": "The CDK's own function; runs only while the network changes",
                "CKV_AWS_116": "Called by CloudFormation, which waits for its answer",
                "CKV_AWS_117": "Closes the default security group from outside the network",
            },
        )
        self.subnets = ec2.SubnetSelection(subnet_type=private)
        self.function_group = self._group("Functions", "Every function of ours; accepts nothing")
        # The gateway endpoints answer under public addresses, so the rule cannot be narrower; with no NAT
        # there is no route to anything else.
        self.function_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS services by HTTPS")
        self.endpoint_group = endpoint_group = self._group(
            "Endpoints", "The interface endpoints; accept HTTPS from our functions"
        )
        endpoint_group.add_ingress_rule(self.function_group, ec2.Port.tcp(443), "Our functions")
        zones = self.vpc.select_subnets(subnet_type=private).subnets[: settings.endpoint_zones]
        for name, service in {**_INTERFACE_ENDPOINTS, **(_KAFKA_ENDPOINTS if kafka else {})}.items():
            self.vpc.add_interface_endpoint(
                f"{name}Endpoint",
                service=service,
                subnets=ec2.SubnetSelection(subnets=zones),
                security_groups=[endpoint_group],
                open=False,
            )

    def _group(self, name: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self, f"{name}Group", vpc=self.vpc, description=description, allow_all_outbound=False
        )
