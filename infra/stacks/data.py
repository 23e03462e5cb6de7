"""What holds data and outlives a release: the key, the network, the stores and the users."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.bundling import Bundler
from infra.config import AthenaExports as AthenaSettings
from infra.config import Aurora, GivenDatabase, GivenIssuer, GivenKafka, GivenNetwork, SqsBus, StageConfig
from infra.constructs.athena import AthenaExports
from infra.constructs.bucket_contents import BucketContents
from infra.constructs.database import AuroraDatabase, ExistingDatabase
from infra.constructs.dead_records import DeadRecords
from infra.constructs.encryption import Encryption
from infra.constructs.functions import Surroundings
from infra.constructs.idempotency import IdempotencyTable
from infra.constructs.identity import Issuer, OwnUserPool, given_issuer
from infra.constructs.kafka import KafkaAccess, OwnKafka, given_kafka
from infra.constructs.logs import retention
from infra.constructs.migrations import MigratingUser
from infra.constructs.network import ExistingNetwork, Network, OwnNetwork
from infra.constructs.notifications import Notifications
from infra.constructs.support import SupportFunction
from infra.constructs.warehouse import Warehouse


class DataStack(Stack):
    """Changed rarely and carefully; the service stack is deployed over it with every release."""

    def __init__(
        self, scope: Construct, construct_id: str, *, config: StageConfig, bundler: Bundler, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        log_retention = retention(config.functions.log_days)
        self.encryption = Encryption(self, "Encryption", prefix=config.prefix, protect=config.protect)
        key = self.encryption.key
        self.network = self._network(config)
        self.surroundings = Surroundings(
            prefix=config.prefix,
            stage=config.stage,
            settings=config.functions,
            bundler=bundler,
            key=key,
            network=self.network,
            log_retention=log_retention,
        )
        self.database = self._database(config)
        self.kafka = self._kafka(config)
        restore_days = config.database.backup_days if isinstance(config.database, Aurora) else 1
        self.warehouse = Warehouse(
            self, "Warehouse", key=key, protect=config.protect, restore_days=restore_days
        )
        self.dead_records = (
            DeadRecords(self, "DeadRecords", key=key, protect=config.protect) if self.kafka else None
        )
        if not config.protect:
            buckets = [one.bucket for one in (self.warehouse, self.dead_records) if one]
            BucketContents(self, "Contents", buckets=buckets, surroundings=self.surroundings)
        self.exports = (
            AthenaExports(
                self,
                "Exports",
                settings=config.exports,
                prefix=config.prefix,
                warehouse=self.warehouse,
                key=key,
            )
            if isinstance(config.exports, AthenaSettings)
            else None
        )
        self.idempotency = IdempotencyTable(self, "Idempotency", key=key, protect=config.protect)
        self.notifications = Notifications(
            self,
            "Notifications",
            prefix=config.prefix,
            key=key,
            emails=config.alarms.emails,
            escalation=config.escalation,
        )
        self.claims: lambda_.IFunction | None = None
        self.issuer = self._issuer(config)

    def _network(self, config: StageConfig) -> Network | None:
        if config.network is None:
            return None
        if isinstance(config.network, GivenNetwork):
            return ExistingNetwork(self, "Network", settings=config.network)
        return OwnNetwork(
            self,
            "Network",
            settings=config.network,
            kafka=not isinstance(config.bus, SqsBus),
            model="SEXTANT_AI_MODEL" in config.functions.environment,
            athena=isinstance(config.exports, AthenaSettings),
            key=self.encryption.key,
            log_retention=retention(config.functions.log_days),
        )

    def _database(self, config: StageConfig) -> AuroraDatabase | ExistingDatabase:
        if isinstance(config.database, GivenDatabase):
            return ExistingDatabase(config.database)
        if self.network is None:
            raise TypeError("Aurora needs a network")
        database = AuroraDatabase(
            self,
            "Database",
            settings=config.database,
            network=self.network,
            key=self.encryption.key,
            prefix=config.prefix,
            protect=config.protect,
            log_retention=self.surroundings.log_retention,
        )
        MigratingUser(
            self,
            "MigratingUser",
            database=database,
            key=self.encryption.key,
            surroundings=self.surroundings,
        )
        return database

    def _kafka(self, config: StageConfig) -> KafkaAccess | None:
        if isinstance(config.bus, SqsBus) or self.network is None:
            return None
        if isinstance(config.bus, GivenKafka):
            return given_kafka(self, settings=config.bus, prefix=config.prefix, network=self.network)
        return OwnKafka(
            self,
            "Kafka",
            settings=config.bus,
            prefix=config.prefix,
            network=self.network,
            surroundings=self.surroundings,
        ).access

    def _issuer(self, config: StageConfig) -> Issuer:
        if isinstance(config.identity, GivenIssuer):
            return given_issuer(config.identity)
        claims = SupportFunction(
            self,
            "TokenClaims",
            handler="token_claims",
            surroundings=self.surroundings,
            timeout=Duration.seconds(5),
        )
        users = OwnUserPool(
            self,
            "Users",
            settings=config.identity,
            prefix=config.prefix,
            protect=config.protect,
            claims=claims.function,
        )
        self.claims = claims.function
        CfnOutput(self, "UserPoolId", value=users.pool.user_pool_id)
        CfnOutput(self, "UserPoolClientId", value=users.client.user_pool_client_id)
        return users.issuer
