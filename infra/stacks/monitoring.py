"""What watches: alarms, dashboard and budget."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from constructs import Construct

from functions.declaration import FUNCTIONS, QUEUES
from infra.config import StageConfig
from infra.constructs.budget import CostBudget
from infra.constructs.database import AuroraDatabase
from infra.constructs.monitoring import Monitoring, Watched
from infra.stacks.data import DataStack
from infra.stacks.service import ServiceStack


class MonitoringStack(Stack):
    """Told to the topic of the data stack."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: StageConfig,
        data: DataStack,
        service: ServiceStack,
        **options: Any,
    ) -> None:
        super().__init__(scope, construct_id, **options)
        topic = data.notifications.topic
        self.monitoring = Monitoring(
            self,
            "Monitoring",
            settings=config.alarms,
            prefix=config.prefix,
            topic=topic,
            watched=Watched(
                functions={
                    declared.name: (declared, service.functions[declared.name].function)
                    for declared in FUNCTIONS
                    if declared.name in service.aliases
                },
                signing_in=data.claims,
                queues={
                    queue.name: (
                        queue,
                        service.queues.by_name[queue.name],
                        service.queues.dead_letters[queue.name],
                    )
                    for queue in QUEUES
                },
                api=service.api.api,
                database=data.database if isinstance(data.database, AuroraDatabase) else None,
                kafka=data.kafka,
                dead_records_rule=service.dead_records_rule,
            ),
        )
        if config.budget is not None:
            CostBudget(self, "Budget", settings=config.budget, prefix=config.prefix, topic=topic)
