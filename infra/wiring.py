"""From what a function declares to what it is told (environment) and what it may do (its role)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from functions.declaration import API, BASELINES_API, MIGRATE, OUTBOX_RELAY, Function
from functions.variables import PLATFORM, Place, variables
from infra.config import StageConfig
from infra.constructs import models
from infra.constructs.database import MIGRATOR
from infra.constructs.encryption import allow_key, allow_secrets
from infra.constructs.functions import LIVE, allow_invoke, function_arn
from infra.constructs.kafka import KafkaAccess
from infra.constructs.queues import Queues

if TYPE_CHECKING:
    from infra.stacks.data import DataStack


class Wiring:
    """One place that knows the contract between a declaration, the environment variables and the grants."""

    def __init__(self, *, config: StageConfig, data: DataStack, queues: Queues) -> None:
        self._config = config
        self._data = data
        self._queues = queues
        self._place = Place(
            stage=config.stage,
            bus="kafka" if data.kafka else "sqs",
            log_level=config.functions.log_level,
            database=data.database.sign_in,
            database_url=lambda role: data.database.url(_user(role)),
            queue_url=lambda name: queues.by_name[name].queue_url,
            function_name=lambda name: f"{config.prefix}-{name}:{LIVE}",
            idempotency_table=data.idempotency.table.table_name,
            alert_topic=data.notifications.escalation.topic_arn,
            webhook_key=data.surroundings.key.key_arn,
            hosts=config.api.hosts,
            lake={"SEXTANT_CATALOG": "glue", "SEXTANT_WAREHOUSE": data.warehouse.location},
            kafka=data.kafka.environment() if data.kafka else {},
            topics=data.kafka.environment_of_topics() if data.kafka else {},
            exports=data.exports.environment() if data.exports else {},
        )

    def environment(self, declared: Function) -> dict[str, str]:
        """The variables that `declared` reads, and those that the configuration gives every function."""
        given = variables(declared, self._place)
        return given if declared.outside else given | dict(self._config.functions.environment)

    def allow(self, role: iam.Role, declared: Function) -> None:
        """Give `role` what `declared` needs, and nothing it does not declare."""
        if declared.database is not None:
            self._data.database.allow(role, _user(declared.database))
        if declared.name == API.name:
            self._data.database.allow(role, PLATFORM)
        if declared.records:
            role.add_to_policy(
                iam.PolicyStatement(
                    sid="Records",
                    actions=[f"dynamodb:{action}Item" for action in ("Get", "Put", "Update", "Delete")],
                    resources=[self._data.idempotency.table.table_arn],
                )
            )
            allow_key(role, self._data.surroundings.key, ["dynamodb"], write=True)
        if declared.sends_to:
            self._queues.allow_send(role, [self._queues.by_name[name] for name in declared.sends_to])
        for queue in declared.drains:
            self._queues.allow_receive(role, queue)
        if declared.watches:
            self._queues.allow_watch(role, declared.watches)
        if declared.alerts:
            self._allow_alerts(role)
        if self._data.kafka:
            _allow_kafka(role, declared, self._data.kafka)
        if declared.calls:
            allow_invoke(
                role, *(function_arn(f"{self._config.prefix}-{name}", LIVE) for name in declared.calls)
            )
        if declared.key is not None:
            allow_secrets(role, self._data.surroundings.key, declared.key)
        if declared.lake is not None:
            self._data.warehouse.allow(role, declared.lake)
        self._allow_files(role, declared)

    def _allow_files(self, role: iam.Role, declared: Function) -> None:
        """What two functions write beside the table."""
        if declared.name == BASELINES_API.name:
            self._data.warehouse.allow_baselines(role)
        if declared.exports == "make":
            self._data.warehouse.allow_exports(role)
        if declared.exports is not None and self._data.exports:
            self._data.exports.allow(role, declared.exports)

    def _allow_alerts(self, role: iam.Role) -> None:
        """Publish to the encrypted topic, and ask the model that the configuration names, if it names one."""
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Escalate",
                actions=["sns:Publish"],
                resources=[self._data.notifications.escalation.topic_arn],
            )
        )
        allow_key(role, self._data.surroundings.key, ["sns"], write=True)
        model = self._config.functions.environment.get("SEXTANT_AI_MODEL")
        if model:
            models.allow(role, model)


def _allow_kafka(role: iam.Role, declared: Function, kafka: KafkaAccess) -> None:
    """The relay publishes to its topics, and the function that migrates makes them; readers are given theirs as triggers."""
    if declared.name == OUTBOX_RELAY.name:
        kafka.allow_publish(role, declared.sends_to)
    if declared.name == MIGRATE.name:
        kafka.allow_topics(role, OUTBOX_RELAY.sends_to)


def _user(database: str) -> str:
    return MIGRATOR if database == "admin" else database
