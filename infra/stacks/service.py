"""What serves: queues, functions, schedules and the HTTP API, deployed with every release."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from constructs import Construct

from functions.declaration import COMMITTER, FUNCTIONS, MIGRATE, OPERATIONS, QUEUES, Route
from infra.config import StageConfig, UserPool
from infra.constructs.console import Console
from infra.constructs.functions import DeployedFunction
from infra.constructs.http_api import Api
from infra.constructs.layers import Layers
from infra.constructs.migrations import MigrationGate
from infra.constructs.queues import Queues
from infra.constructs.rollout import Rollout
from infra.constructs.triggers import Triggers
from infra.stacks.data import DataStack
from infra.wiring import Wiring

# The alarms of Monitoring that a release must not set off; beside them those on errors of its functions.
_TAKEN_BACK_BY = ("http-errors", "http-latency", "database-circuit-opened")


class ServiceStack(Stack):
    """Every declared function, and what calls it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: StageConfig,
        data: DataStack,
        **options: Any,
    ) -> None:
        super().__init__(scope, construct_id, **options)
        surroundings = data.surroundings
        self.queues = Queues(self, "Queues", declared=QUEUES, prefix=config.prefix, key=surroundings.key)
        wiring = Wiring(config=config, data=data, queues=self.queues)
        layers = Layers(
            self,
            "Layers",
            names=[name for function in FUNCTIONS for name in function.layers],
            bundler=surroundings.bundler,
            settings=config.functions,
            prefix=config.prefix,
        )
        self.functions: dict[str, DeployedFunction] = {}
        for declared in FUNCTIONS:
            deployed = DeployedFunction(
                self,
                declared.name,
                declared=declared,
                surroundings=surroundings,
                layers=layers,
                environment=wiring.environment(declared),
            )
            wiring.allow(deployed.role, declared)
            self.functions[declared.name] = deployed
        gate = MigrationGate(
            self,
            "Migrations",
            migrate=self.functions[MIGRATE.name],
            then=self.functions[COMMITTER.name],
            database=data.database.identifier,
            surroundings=surroundings,
        )
        self.aliases = {
            name: deployed.publish(gate.done)
            for name, deployed in self.functions.items()
            if name != MIGRATE.name
        }
        if config.rollout.kind != "all-at-once":
            answering = [one.name for one in FUNCTIONS if any(isinstance(t, Route) for t in one.triggers)]
            Rollout(
                self,
                "Rollout",
                settings=config.rollout,
                prefix=config.prefix,
                aliases={name: self.aliases[name] for name in answering},
                alarms=[*_TAKEN_BACK_BY, *(f"{name}-errors" for name in answering)],
            )
        triggers = Triggers(
            self,
            "Triggers",
            queues=self.queues,
            kafka=data.kafka,
            dead_records=data.dead_records,
            prefix=config.prefix,
        )
        for name, alias in self.aliases.items():
            triggers.attach(self.functions[name], alias)
        self.dead_records_rule = (
            data.dead_records.tell(triggers, config.prefix, self.aliases[OPERATIONS.name])
            if data.dead_records
            else None
        )
        self.api = Api(
            self,
            "Http",
            settings=config.api,
            prefix=config.prefix,
            issuer=data.issuer,
            client_ids=self._serve_console(config, data),
            routes=[(one, route) for one in FUNCTIONS for route in one.triggers if isinstance(route, Route)],
            targets=self.aliases,
            key=surroundings.key,
            log_retention=surroundings.log_retention,
        )
        CfnOutput(self, "ConsoleUrl", value=self.console.url, description="Where the web console is served")
        CfnOutput(self, "ApiUrl", value=self.api.url, description="Where the API is served")
        CfnOutput(self, "ApiId", value=self.api.api.api_id)

    def _serve_console(
        self, config: StageConfig, data: DataStack
    ) -> Callable[[apigateway.HttpApi], Sequence[str]]:
        """Makes the console for where the API is served, and tells the clients that sign people in to it."""

        def serve(api: apigateway.HttpApi) -> Sequence[str]:
            self.console = Console(
                self,
                "Console",
                api=api,
                issuer=data.issuer,
                storage=data.warehouse.bucket,
                surroundings=data.surroundings,
                protect=config.protect,
                token_minutes=config.identity.token_minutes
                if isinstance(config.identity, UserPool)
                else None,
            )
            return self.console.client_ids

        return serve
