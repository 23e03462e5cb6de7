"""What is watched: one dashboard, and alarms that each have a runbook of their name in docs/runbooks.

An alarm asks for a person, so it fires on what a user would notice or what will become that, not on every
error a retry repairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.declaration import Function, Queue, ScheduleTrigger
from infra.config import Alarms as AlarmSettings
from infra.constructs.database import AuroraDatabase
from infra.constructs.kafka import CHANNELS, KafkaAccess
from infra.constructs.metrics import (
    FIVE_MINUTES,
    MINUTE,
    counted,
    matched,
    of_cluster,
    of_rds,
    own,
    set_aside,
    shared,
)
from sextant.observability import DATABASE_CIRCUIT_OPENED, RUNS_FAILED, RUNS_PUBLISHED

_ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_QUIET = cloudwatch.TreatMissingData.NOT_BREACHING
_LOUD = cloudwatch.TreatMissingData.BREACHING


@dataclass(frozen=True)
class Watched:
    """What the dashboard and the alarms look at."""

    functions: Mapping[str, tuple[Function, lambda_.IFunction]]
    signing_in: lambda_.IFunction | None
    """What puts tenant and roles into tokens, where the users are ours."""
    queues: Mapping[str, tuple[Queue, sqs.IQueue, sqs.IQueue]]
    api: apigateway.IHttpApi
    database: AuroraDatabase | None
    kafka: KafkaAccess | None
    dead_records_rule: str | None


class Monitoring(Construct):
    """The alarms of a deployment, told to one topic, and its dashboard."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: AlarmSettings,
        prefix: str,
        topic: sns.ITopic,
        watched: Watched,
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = prefix
        self._action = actions.SnsAction(topic)
        self._watched = watched
        self.alarms: dict[str, cloudwatch.Alarm] = {}
        self._watch_api(settings)
        self._watch_runs(settings)
        self._watch_outbox(settings)
        self._watch_webhooks(settings)
        self._watch_queues(settings)
        if watched.kafka is not None:
            self._watch_topics(settings, watched.kafka)
        self._watch_functions()
        if watched.database is not None:
            self._watch_database(watched.database)
        self._dashboard()

    # What a user notices ----------------------------------------------------------------------------

    def _watch_api(self, settings: AlarmSettings) -> None:
        api = self._watched.api
        failed = api.metric_server_error(period=FIVE_MINUTES, statistic="Sum")
        self._alarm("http-errors", "Requests keep failing on our side", failed, _AT_LEAST, 5, periods=2)
        # The gateway's own latency holds what requests asked to wait (`wait=20`).
        latency = shared("Latency", "p99", FIVE_MINUTES)
        self._alarm(
            "http-latency",
            f"One request in a hundred takes longer than {settings.p99_latency} s",
            latency,
            _ABOVE,
            settings.p99_latency * 1000,
            periods=3,
        )

    def _watch_runs(self, settings: AlarmSettings) -> None:
        self._alarm(
            "runs-failed",
            f"{settings.failed_runs} runs or more have failed in a quarter of an hour",
            counted(RUNS_FAILED, Duration.minutes(15)),
            _AT_LEAST,
            settings.failed_runs,
        )
        self._alarm(
            "commit-age",
            f"Results wait longer than {settings.commit_age} s to be published",
            own("OldestUncommittedAge", "committer", "Maximum", MINUTE),
            _ABOVE,
            settings.commit_age,
            periods=3,
        )

    def _watch_outbox(self, settings: AlarmSettings) -> None:
        relay = "outbox-relay"
        self._alarm(
            "outbox-lag",
            f"Events wait longer than {settings.outbox_lag} s to be published",
            own("OutboxOldestAge", relay, "Maximum", MINUTE),
            _ABOVE,
            settings.outbox_lag,
            periods=3,
        )
        self._alarm(
            "outbox-failed",
            "An event was given up after its retries",
            own("OutboxFailed", relay, "Sum", FIVE_MINUTES),
            _AT_LEAST,
            1,
        )

    def _watch_webhooks(self, settings: AlarmSettings) -> None:
        deliverer = "webhook-deliverer"
        oldest = own("WebhookOldestAge", deliverer, "Maximum", MINUTE)
        text = f"Webhooks whose endpoints answer wait longer than {settings.webhook_age} s to be sent"
        self._alarm("webhook-age", text, oldest, _ABOVE, settings.webhook_age, periods=3)
        share = own("WebhookFailureShare", deliverer, "Average", Duration.minutes(15))
        text = f"More than {settings.webhook_failures} % of the attempts to deliver webhooks fail"
        self._alarm("webhook-failures", text, share, _ABOVE, settings.webhook_failures, periods=2)

    # What will become that --------------------------------------------------------------------------

    def _watch_queues(self, settings: AlarmSettings) -> None:
        for name, (_, queue, dead) in self._watched.queues.items():
            self._alarm(
                f"{name}-dlq",
                f"A message of '{name}' was set aside after its retries",
                set_aside(dead),
                _AT_LEAST,
                1,
                runbook="dead-letters",
            )
            if self._is_read(name):
                age = queue.metric_approximate_age_of_oldest_message(period=MINUTE, statistic="Maximum")
                self._alarm(
                    f"{name}-age",
                    f"The oldest message of '{name}' waits longer than {settings.queue_age} s",
                    age,
                    _ABOVE,
                    settings.queue_age,
                    periods=5,
                    runbook="queue-age",
                )

    def _watch_topics(self, settings: AlarmSettings, kafka: KafkaAccess) -> None:
        for channel in filter(self._is_read, CHANNELS):
            self._alarm(
                f"{channel}-topic-age",
                f"What reads the topic of '{channel}' is more than {settings.queue_age} s behind",
                kafka.lag(channel, MINUTE),
                _ABOVE,
                settings.queue_age,
                periods=5,
                runbook="queue-age",
            )

        if self._watched.dead_records_rule:
            self._alarm(
                "kafka-dead-letters",
                "Records of Kafka were set aside after their retries",
                matched(self._watched.dead_records_rule),
                _AT_LEAST,
                1,
            )

    def _watch_functions(self) -> None:
        if self._watched.signing_in is not None:
            self._watch_function("token-claims", self._watched.signing_in)
        for name, (declared, function) in self._watched.functions.items():
            self._watch_function(name, function)
            for trigger in declared.triggers:
                if isinstance(trigger, ScheduleTrigger):
                    # Long enough for two ticks to be missed, and never less than five minutes.
                    window = Duration.seconds(max(300, 3 * trigger.every))
                    self._alarm(
                        f"{name}-silent",
                        f"'{name}' was not called although it is due every {trigger.every} s",
                        function.metric_invocations(period=window, statistic="Sum"),
                        _BELOW,
                        1,
                        missing=_LOUD,
                        runbook="function-silent",
                    )

        self._alarm(
            "database-circuit-opened",
            "A function has stopped asking the database, which does not answer",
            counted(DATABASE_CIRCUIT_OPENED, FIVE_MINUTES),
            _AT_LEAST,
            1,
        )

    def _watch_function(self, name: str, function: lambda_.IFunction) -> None:
        self._alarm(
            f"{name}-errors",
            f"'{name}' ends with an error again and again",
            function.metric_errors(period=FIVE_MINUTES, statistic="Sum"),
            _AT_LEAST,
            3,
            periods=2,
            runbook="function-errors",
        )
        self._alarm(
            f"{name}-throttles",
            f"AWS refuses to run more copies of '{name}'",
            function.metric_throttles(period=FIVE_MINUTES, statistic="Sum"),
            _ABOVE,
            10,
            periods=3,
            runbook="function-throttles",
        )

    def _watch_database(self, database: AuroraDatabase) -> None:
        used = of_cluster(database, "ACUUtilization")
        self._alarm(
            "database-capacity", "The database runs at its maximum capacity", used, _AT_LEAST, 90, periods=3
        )
        proxy = {"ProxyName": database.proxy.db_proxy_name}
        waiting = of_rds("DatabaseConnectionsBorrowLatency", proxy)
        # The proxy reports microseconds.
        self._alarm(
            "database-connections",
            "Requests wait for a connection of the proxy",
            waiting,
            _ABOVE,
            100_000,
            periods=2,
        )
        # Each of the proxy's hosts reports its own each minute, so that only their sum says how many there are.
        pinned = of_rds("DatabaseConnectionsCurrentlySessionPinned", proxy, statistic="Sum", period=MINUTE)
        self._alarm(
            "database-pinning",
            "Sessions hold connections of the proxy for themselves",
            pinned,
            _ABOVE,
            5,
            periods=15,
        )

    def _is_read(self, queue: str) -> bool:
        """Whether one of our functions reads the queue; the others are for whoever subscribes."""
        return any(
            queue in declared.drains or any(getattr(one, "queue", None) == queue for one in declared.triggers)
            for declared, _ in self._watched.functions.values()
        )

    def _alarm(
        self,
        name: str,
        description: str,
        metric: cloudwatch.IMetric,
        comparison: cloudwatch.ComparisonOperator,
        threshold: float,
        *,
        periods: int = 1,
        missing: cloudwatch.TreatMissingData = _QUIET,
        runbook: str | None = None,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._prefix}-{name}",
            alarm_description=f"{description}. Runbook: docs/runbooks/{runbook or name}.md",
            metric=metric,
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=periods,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
        self.alarms[name] = alarm

    # The dashboard ----------------------------------------------------------------------------------

    def _dashboard(self) -> None:
        api = self._watched.api
        functions = self._watched.functions
        board = cloudwatch.Dashboard(
            self, "Dashboard", dashboard_name=self._prefix, default_interval=Duration.hours(3)
        )
        board.add_widgets(
            cloudwatch.AlarmStatusWidget(
                title="Alarms", alarms=list(self.alarms.values()), width=24, height=4
            )
        )
        board.add_widgets(
            _graph(
                "Requests",
                [
                    api.metric_count(statistic="Sum"),
                    api.metric_client_error(statistic="Sum"),
                    api.metric_server_error(statistic="Sum"),
                ],
            ),
            _graph("Latency, ms", [api.metric_latency(statistic=s) for s in ("p50", "p95", "p99")]),
            _graph("Runs", [counted(RUNS_PUBLISHED, MINUTE), counted(RUNS_FAILED, MINUTE)]),
        )
        board.add_widgets(
            _graph(
                "Outbox: seconds and events",
                [
                    own("OutboxOldestAge", "outbox-relay", "Maximum", MINUTE),
                    own("OutboxPending", "outbox-relay", "Maximum", MINUTE),
                    own("OutboxPublished", "outbox-relay", "Sum", MINUTE),
                ],
            ),
            _graph(
                "Webhooks: attempts, and seconds the oldest is due",
                [
                    own("WebhookDelivered", "webhook-deliverer", "Sum", MINUTE),
                    own("WebhookAttemptFailed", "webhook-deliverer", "Sum", MINUTE),
                    own("WebhookOldestAge", "webhook-deliverer", "Maximum", MINUTE),
                ],
            ),
            _graph("Results waiting, s", [own("OldestUncommittedAge", "committer", "Maximum", MINUTE)]),
            _graph(
                "Queues: oldest message, s",
                [
                    queue.metric_approximate_age_of_oldest_message()
                    for _, queue, _ in self._watched.queues.values()
                ],
            ),
        )
        board.add_widgets(
            _graph(
                "Duration p99, ms",
                [function.metric_duration(statistic="p99") for _, function in functions.values()],
            ),
            _graph("Errors", [function.metric_errors() for _, function in functions.values()]),
            _graph(
                "Set aside",
                [set_aside(dead) for _, _, dead in self._watched.queues.values()],
            ),
        )
        if self._watched.database is not None:
            database = self._watched.database
            board.add_widgets(
                _graph("Database: capacity, %", [of_cluster(database, "ACUUtilization")]),
                _graph("Database: connections", [of_cluster(database, "DatabaseConnections")]),
                _graph("Database: CPU, %", [of_cluster(database, "CPUUtilization")]),
            )


def _graph(title: str, metrics: Iterable[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8, height=6)
