"""What calls the functions beside HTTP: the queues and the clock, as declared."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from functions.declaration import Function, QueueTrigger, ScheduleTrigger
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
        aliases: Mapping[str, lambda_.Alias],
        prefix: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._queues = queues
        self._aliases = aliases
        self._prefix = prefix

    def attach(self, function: Function) -> None:
        """Attach every queue and schedule that `function` declares; its routes are the API's."""
        alias = self._aliases[function.name]
        for trigger in function.triggers:
            if isinstance(trigger, QueueTrigger):
                alias.add_event_source(
                    sources.SqsEventSource(
                        self._queues.by_name[trigger.queue],
                        batch_size=trigger.batch_size,
                        max_batching_window=Duration.seconds(trigger.batching_window)
                        if trigger.batching_window
                        else None,
                        report_batch_item_failures=True,
                        max_concurrency=trigger.maximum_concurrency,
                    )
                )
            elif isinstance(trigger, ScheduleTrigger):
                events.Rule(
                    self,
                    trigger.name,
                    rule_name=f"{self._prefix}-{trigger.name}",
                    description=f"Calls {function.name} every {trigger.every} s",
                    schedule=events.Schedule.rate(Duration.seconds(trigger.every)),
                    # The next tick does what a lost one would have done.
                    targets=[
                        targets.LambdaFunction(alias, retry_attempts=0, max_event_age=Duration.minutes(1))
                    ],
                )
