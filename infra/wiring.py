"""From what a function declares to what it is told (environment) and what it may do (its role)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from functions.declaration import API, OUTBOX_RELAY, OUTPUTS_API, Function, QueueTrigger
from infra.config import StageConfig
from infra.constructs.database import MIGRATOR
from infra.constructs.encryption import allow_key
from infra.constructs.functions import LIVE, allow_invoke, function_arn
from infra.constructs.queues import Queues

if TYPE_CHECKING:
    from infra.stacks.data import DataStack

# Administration and figures over all tenants; the API sees everything else as the tenant's own user.
_PLATFORM = "sextant_platform"


class Wiring:
    """One place that knows the contract between a declaration, the environment variables and the grants."""

    def __init__(self, *, config: StageConfig, data: DataStack, queues: Queues) -> None:
        self._config = config
        self._data = data
        self._queues = queues

    def environment(self, declared: Function) -> dict[str, str]:
        """The variables of the contract that `declared` reads."""
        kafka = self._data.kafka
        variables = {"SEXTANT_BUS": "kafka" if kafka else "sqs"}
        if kafka and declared.name == OUTBOX_RELAY.name:
            variables |= kafka.environment()
        if declared.database is not None:
            variables |= self._data.database.environment(_user(declared.database))
        if declared.name == API.name:
            variables["PLATFORM_DATABASE_URL"] = self._data.database.url(_PLATFORM)
        if declared.records:
            variables["SEXTANT_IDEMPOTENCY_TABLE"] = self._data.idempotency.table.table_name
        reads = [trigger.queue for trigger in declared.triggers if isinstance(trigger, QueueTrigger)]
        for queue in (*reads, *declared.sends_to, *declared.drains, *declared.watches):
            variables[f"SEXTANT_QUEUE_URL_{queue.upper()}"] = self._queues.by_name[queue].queue_url
        if declared.alerts:
            variables["SEXTANT_ALERT_TOPIC"] = self._data.notifications.escalation.topic_arn
        if OUTBOX_RELAY.name in declared.calls:
            variables["SEXTANT_RELAY_FUNCTION"] = f"{self._config.prefix}-{OUTBOX_RELAY.name}:{LIVE}"
        if declared.lake is not None:
            variables["SEXTANT_CATALOG"] = "glue"
            variables["SEXTANT_WAREHOUSE"] = self._data.warehouse.location
        if self._data.exports and declared.name == OUTPUTS_API.name:
            variables |= self._data.exports.environment()
        return variables

    def allow(self, role: iam.Role, declared: Function) -> None:
        """Give `role` what `declared` needs, and nothing it does not declare."""
        if declared.database is not None:
            self._data.database.allow(role, _user(declared.database))
        if declared.name == API.name:
            self._data.database.allow(role, _PLATFORM)
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
        if self._data.kafka and declared.name == OUTBOX_RELAY.name:
            self._data.kafka.allow_publish(role, declared.sends_to)
        if declared.calls:
            allow_invoke(
                role, *(function_arn(f"{self._config.prefix}-{name}", LIVE) for name in declared.calls)
            )
        if declared.lake is not None:
            self._data.warehouse.allow(role, declared.lake)
        if declared.name == OUTPUTS_API.name:
            self._allow_exports(role)

    def _allow_exports(self, role: iam.Role) -> None:
        self._data.warehouse.allow_exports(role)
        if self._data.exports:
            self._data.exports.allow(role)

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
            role.add_to_policy(
                iam.PolicyStatement(
                    sid="AskTheModel",
                    actions=["bedrock:InvokeModel"],
                    resources=[f"arn:{Aws.PARTITION}:bedrock:{Aws.REGION}::foundation-model/{model}"],
                )
            )


def _user(database: str) -> str:
    return MIGRATOR if database == "admin" else database
