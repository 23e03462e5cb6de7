"""The queues the functions hand work over by, each with a dead-letter queue behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.declaration import Queue
from infra.constructs.encryption import allow_key

_DEAD_LETTER_RETENTION = Duration.days(14)


class Queues(Construct):
    """Standard queues, encrypted, TLS only; a message that fails `max_receives` times is set aside for 14 days.

    Producers name the tenant as message group, which makes SQS share a standard queue fairly between them.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, declared: Iterable[Queue], prefix: str, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters: dict[str, sqs.Queue] = {}
        queues: dict[str, sqs.Queue] = {}
        for queue in declared:
            dead = sqs.Queue(
                self,
                f"{queue.name}-dlq",
                queue_name=f"{prefix}-{queue.dead_letter_name}",
                retention_period=_DEAD_LETTER_RETENTION,
                encryption_master_key=key,
                enforce_ssl=True,
                removal_policy=RemovalPolicy.DESTROY,
                redrive_allow_policy=sqs.RedriveAllowPolicy(
                    redrive_permission=sqs.RedrivePermission.BY_QUEUE,
                    # By name, since the two queues would otherwise each wait for the other.
                    source_queues=[
                        sqs.Queue.from_queue_arn(
                            self,
                            f"{queue.name}-source",
                            f"arn:{Aws.PARTITION}:sqs:{Aws.REGION}:{Aws.ACCOUNT_ID}:{prefix}-{queue.name}",
                        )
                    ],
                ),
            )
            queues[queue.name] = sqs.Queue(
                self,
                queue.name,
                queue_name=f"{prefix}-{queue.name}",
                visibility_timeout=Duration.seconds(queue.visibility_timeout),
                retention_period=Duration.seconds(queue.retention),
                dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=queue.max_receives, queue=dead),
                encryption_master_key=key,
                enforce_ssl=True,
                removal_policy=RemovalPolicy.DESTROY,
            )
            self.dead_letters[queue.name] = dead
        self._key = key
        self.by_name: Mapping[str, sqs.Queue] = queues

    def allow_receive(self, role: iam.Role, name: str) -> None:
        """Let `role`, or the event source mapping that uses it, read the queue of this name."""
        actions = [
            f"sqs:{action}"
            for action in ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes")
        ]
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[self.by_name[name].queue_arn]))
        allow_key(role, self._key, ["sqs"], write=False)

    def allow_watch(self, role: iam.Role, names: Iterable[str]) -> None:
        """Let `role` look into the dead-letter queues behind the queues of these names, taking nothing out."""
        watched = list(names)
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["sqs:GetQueueAttributes"],
                resources=[self.by_name[name].queue_arn for name in watched],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["sqs:ReceiveMessage"],
                resources=[self.dead_letters[name].queue_arn for name in watched],
            )
        )
        allow_key(role, self._key, ["sqs"], write=False)

    def allow_send(self, role: iam.Role, queues: Iterable[sqs.IQueue]) -> None:
        """Let `role` send to `queues`."""
        arns = [queue.queue_arn for queue in queues]
        role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=arns))
        allow_key(role, self._key, ["sqs"], write=True)
