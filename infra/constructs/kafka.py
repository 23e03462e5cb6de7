"""Kafka as the bus: an MSK Serverless cluster of this deployment, or an MSK cluster that exists already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aws_cdk import CustomResource, Duration, Fn
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_msk as msk
from constructs import Construct

from functions.declaration import OUTBOX_RELAY
from infra.config import GivenKafka, ManagedKafka
from infra.constructs.functions import Surroundings
from infra.constructs.network import Network
from infra.constructs.support import SupportFunction
from infra.constructs.suppressions import accept_wildcard

# What the relay publishes to, and in SQS the queues of these names.
CHANNELS = OUTBOX_RELAY.sends_to

_IAM_PORT = 9098

_POLLING = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]


@dataclass(frozen=True)
class KafkaAccess:
    """What a producer or consumer needs to know of the cluster, and the ARN its permissions are made from.

    `prefix` begins every topic of this deployment, so that several may share a cluster; `pollers` are the fewest
    and the most that read a topic.
    """

    cluster_arn: str
    bootstrap_servers: str
    prefix: str
    pollers: tuple[int, int]
    partitions: int
    """Of each topic that the deployment makes; 0 where the topics must exist."""

    def environment(self) -> dict[str, str]:
        """The bus settings of a function that publishes."""
        return {
            "SEXTANT_KAFKA_BOOTSTRAP": self.bootstrap_servers,
            "SEXTANT_KAFKA_MECHANISM": "AWS_MSK_IAM",
            "SEXTANT_KAFKA_PREFIX": self.prefix,
        }

    def environment_of_topics(self) -> dict[str, str]:
        """What the function that makes the topics is told beside."""
        return {"SEXTANT_KAFKA_PARTITIONS": str(self.partitions)}

    def topic(self, channel: str) -> str:
        """The topic of a channel, which in SQS would be the queue of that name."""
        return f"{self.prefix}{channel}"

    def allow_publish(self, role: iam.Role, channels: Iterable[str]) -> None:
        """Let `role` write the topics of `channels`, idempotently."""
        topics = [self._resource("topic", self.topic(channel)) for channel in channels]
        _allow(role, ["Connect", "WriteDataIdempotently"], [self.cluster_arn])
        _allow(role, ["DescribeTopic", "WriteData"], topics)

    def allow_topics(self, role: iam.Role, channels: Iterable[str]) -> None:
        """Let `role` make the topics of `channels`, where they are the deployment's, or look for them."""
        topics = [self._resource("topic", self.topic(channel)) for channel in channels]
        _allow(role, ["Connect", "DescribeCluster"], [self.cluster_arn])
        making = ["AlterTopic", "CreateTopic"] if self.partitions else []
        _allow(role, ["DescribeTopic", *making], topics)

    def allow_consume(self, role: iam.Role, channel: str) -> None:
        """Let the event source mapping that uses `role` read the topic of `channel` as the group of that name."""
        topic = self.topic(channel)
        _allow(role, ["Connect", "DescribeClusterDynamicConfiguration"], [self.cluster_arn])
        _allow(role, ["DescribeTopic", "ReadData"], [self._resource("topic", topic)])
        _allow(role, ["AlterGroup", "DescribeGroup"], [self._resource("group", topic)])
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["kafka:DescribeCluster", "kafka:DescribeClusterV2"], resources=[self.cluster_arn]
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["kafka:GetBootstrapBrokers", *_POLLING], resources=["*"])
        )

    def lag(self, channel: str, period: Duration) -> cloudwatch.Metric:
        """How many seconds the group that reads the topic of `channel` is behind, as MSK estimates it."""
        topic = self.topic(channel)
        return cloudwatch.Metric(
            namespace="AWS/Kafka",
            metric_name="EstimatedMaxTimeLag",
            dimensions_map={
                "Cluster Name": Fn.select(1, Fn.split("/", self.cluster_arn)),
                "Consumer Group": topic,
                "Topic": topic,
            },
            period=period,
            statistic="Maximum",
        )

    def _resource(self, kind: str, name: str) -> str:
        """`arn:…:cluster/<name>/<uuid>` → `arn:…:<kind>/<name>/<uuid>/<resource>`."""
        before, cluster = Fn.split(":cluster/", self.cluster_arn, 2)
        return f"{before}:{kind}/{cluster}/{name}"


def _allow(role: iam.Role, actions: list[str], resources: list[str]) -> None:
    named = [f"kafka-cluster:{action}" for action in actions]
    role.add_to_policy(iam.PolicyStatement(actions=named, resources=resources))


class OwnKafka(Construct):
    """An MSK Serverless cluster with IAM authentication only; its topics are made by the function that migrates."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: ManagedKafka,
        prefix: str,
        network: Network,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, construct_id)
        group = ec2.SecurityGroup(
            self,
            "Group",
            vpc=network.vpc,
            description="Kafka; accepts our functions",
            allow_all_outbound=False,
        )
        connect_functions(network, group)
        # An event source mapping polls from inside the network, under this group.
        group.add_ingress_rule(group, ec2.Port.tcp(_IAM_PORT), "The event source mapping")
        group.add_egress_rule(group, ec2.Port.tcp(_IAM_PORT), "The event source mapping")
        # S3's gateway endpoint answers under public addresses: what polls puts dead records there.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "The event source mapping")
        if network.endpoint_group is not None:
            network.endpoint_group.add_ingress_rule(group, ec2.Port.tcp(443), "The event source mapping")
        cluster = msk.CfnServerlessCluster(
            self,
            "Cluster",
            cluster_name=prefix,
            client_authentication=msk.CfnServerlessCluster.ClientAuthenticationProperty(
                sasl=msk.CfnServerlessCluster.SaslProperty(
                    iam=msk.CfnServerlessCluster.IamProperty(enabled=True)
                )
            ),
            vpc_configs=[
                msk.CfnServerlessCluster.VpcConfigProperty(
                    subnet_ids=network.subnet_ids,
                    security_groups=[group.security_group_id],
                )
            ],
        )
        finder = SupportFunction(
            self, "Finder", handler="kafka_brokers", surroundings=surroundings, timeout=Duration.minutes(1)
        )
        finder.role.add_to_policy(
            # It takes no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmanagedstreamingforapachekafka.html
            iam.PolicyStatement(sid="Find", actions=["kafka:GetBootstrapBrokers"], resources=["*"])
        )
        accept_wildcard(finder.role, ["*"], "GetBootstrapBrokers takes no resource")
        brokers = CustomResource(
            self,
            "Brokers",
            service_token=finder.function.function_arn,
            resource_type="Custom::KafkaBrokers",
            properties={"ClusterArn": cluster.ref},
        )
        brokers.node.add_dependency(finder)
        self.access = KafkaAccess(
            cluster.ref,
            brokers.get_att_string("BootstrapServers"),
            f"{prefix}.",
            (settings.minimum_pollers, settings.maximum_pollers),
            settings.partitions,
        )


def given_kafka(scope: Construct, *, settings: GivenKafka, prefix: str, network: Network) -> KafkaAccess:
    """A cluster by configuration, in our network: its topics exist; its security group comes to accept our functions.

    What polls for an event source mapping wears that group too, so it must accept itself on port 9098.
    """
    group = ec2.SecurityGroup.from_security_group_id(scope, "KafkaGroup", settings.security_group_id)
    connect_functions(network, group)
    pollers = (settings.minimum_pollers, settings.maximum_pollers)
    return KafkaAccess(settings.cluster_arn, settings.bootstrap_servers, f"{prefix}.", pollers, partitions=0)


def connect_functions(network: Network, kafka_group: ec2.ISecurityGroup) -> None:
    """Open the IAM port between our functions and the brokers, on our side and on theirs."""
    kafka_group.add_ingress_rule(network.function_group, ec2.Port.tcp(_IAM_PORT), "Our functions")
    network.function_group.add_egress_rule(kafka_group, ec2.Port.tcp(_IAM_PORT), "Kafka")
