"""What calls the functions beside HTTP: the queues and the clock, as declared."""

from __future__ import annotations

import jsii
from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from functions.declaration import QueueTrigger, ScheduleTrigger
from infra.constructs.dead_records import DeadRecords
from infra.constructs.functions import DeployedFunction
from infra.constructs.kafka import CHANNELS, KafkaAccess
from infra.constructs.queues import Queues


class Triggers(Construct):
    """Event source mappings and schedules, each on a function's alias.

    A batch of messages is answered one by one: those that failed return to the queue, the others are done.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queues: Queues,
        kafka: KafkaAccess | None,
        dead_records: DeadRecords | None,
        prefix: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._queues = queues
        self._kafka = kafka
        self._dead_records = dead_records
        self._prefix = prefix

    def attach(self, function: DeployedFunction, alias: lambda_.Alias) -> None:
        """Attach every queue and schedule that `function` declares; its routes are the API's."""
        for trigger in function.declared.triggers:
            if isinstance(trigger, QueueTrigger):
                self._read_queue(function, alias, trigger)
                if self._kafka and self._dead_records and trigger.queue in CHANNELS:
                    self._read_topic(self._kafka, self._dead_records, function, alias, trigger)
            elif isinstance(trigger, ScheduleTrigger):
                self._tick(function, alias, trigger)

    def _read_queue(self, function: DeployedFunction, alias: lambda_.Alias, trigger: QueueTrigger) -> None:
        self._queues.allow_receive(function.role, trigger.queue)
        window = Duration.seconds(trigger.batching_window) if trigger.batching_window else None
        mapping = alias.add_event_source_mapping(
            f"{trigger.queue}-queue",
            event_source_arn=self._queues.by_name[trigger.queue].queue_arn,
            batch_size=trigger.batch_size,
            max_batching_window=window,
            report_batch_item_failures=True,
            max_concurrency=trigger.maximum_concurrency,
        )
        # Lambda asks the role for the queue when the mapping is made.
        mapping.node.add_dependency(function.role)

    def _read_topic(
        self,
        kafka: KafkaAccess,
        dead_records: DeadRecords,
        function: DeployedFunction,
        alias: lambda_.Alias,
        trigger: QueueTrigger,
    ) -> None:
        """Feed the function from the topic as well: with Kafka as the bus, its queue gets no events.

        Lambda gives up on a record, answers a batch record by record and sets aside what failed only with
        provisioned pollers; without them a poisoned record would stop its partition for good.
        """
        kafka.allow_consume(function.role, trigger.queue)
        dead_records.allow_put(function.role)
        # A record that cannot be read at all is set aside by the function itself.
        self._queues.allow_send(function.role, [self._queues.dead_letters[trigger.queue]])
        mapping = alias.add_event_source_mapping(
            f"{trigger.queue}-topic",
            event_source_arn=kafka.cluster_arn,
            kafka_topic=kafka.topic(trigger.queue),
            kafka_consumer_group_id=kafka.topic(trigger.queue),
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=trigger.batch_size,
            report_batch_item_failures=True,
            retry_attempts=5,
            provisioned_poller_config=lambda_.ProvisionedPollerConfig(
                minimum_pollers=kafka.pollers[0],
                maximum_pollers=kafka.pollers[1],
                # The mappings share the capacity they are billed for.
                poller_group_name=self._prefix,
            ),
            on_failure=_WholeRecords(dead_records.bucket.bucket_arn),
        )
        mapping.node.add_dependency(function.role)

    def _tick(self, function: DeployedFunction, alias: lambda_.Alias, trigger: ScheduleTrigger) -> None:
        events.Rule(
            self,
            trigger.name,
            rule_name=f"{self._prefix}-{trigger.name}",
            description=f"Calls {function.declared.name} every {trigger.every} s",
            schedule=events.Schedule.rate(Duration.seconds(trigger.every)),
            # The next tick does what a lost one would have done.
            targets=[targets.LambdaFunction(alias, retry_attempts=0, max_event_age=Duration.minutes(1))],
        )


@jsii.implements(lambda_.IEventSourceDlq)
class _WholeRecords:
    """Where batches go that failed for good; the right to put them there is given apart."""

    def __init__(self, bucket_arn: str) -> None:
        self._bucket_arn = bucket_arn

    def bind(
        self, target: lambda_.IEventSourceMapping, target_handler: lambda_.IFunction
    ) -> lambda_.DlqDestinationConfig:
        del target, target_handler
        return lambda_.DlqDestinationConfig(destination=self._bucket_arn)
