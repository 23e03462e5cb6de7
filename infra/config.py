"""What may differ between deployments, typed and validated before anything is synthesized.

A stage is a complete, named set of settings (`dev`, `prod`, and `local` for an emulator on this machine).
`cdk.json` may override single settings of a stage under the context key `sextant`, and the command line
may override both with `-c settings='{...}'`; an unknown or impossible setting fails the synthesis with
the name of the field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

StageName = Literal["local", "dev", "prod"]
Architecture = Literal["arm64", "x86_64"]


class Settings(BaseModel):
    """The base of every group: immutable, and a field nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Network(Settings):
    """A VPC of isolated subnets; its functions reach AWS through endpoints, not through the internet."""

    cidr: str = "10.40.0.0/16"
    availability_zones: Annotated[int, Field(ge=2, le=3)] = 2
    endpoint_zones: Annotated[int, Field(ge=1, le=3)] = 1
    """Zones that hold an interface endpoint; each costs by the hour. More than one survives a zone's loss."""
    nat_gateways: Annotated[int, Field(ge=0, le=3)] = 0
    """Needed only when something in the VPC must reach the internet (webhooks, a foreign AI provider)."""

    @model_validator(mode="after")
    def _endpoints_need_subnets(self) -> Self:
        if self.endpoint_zones > self.availability_zones:
            raise ValueError("endpoint_zones cannot exceed availability_zones")
        return self


class Aurora(Settings):
    """Aurora PostgreSQL Serverless v2 behind RDS Proxy. Capacity in Aurora capacity units (2 GiB each)."""

    kind: Literal["aurora"] = "aurora"
    min_capacity: Annotated[float, Field(ge=0.5, le=128, multiple_of=0.5)] = 0.5
    """Not 0: the proxy holds connections open, so a cluster behind it never pauses."""
    max_capacity: Annotated[float, Field(ge=1, le=256, multiple_of=0.5)] = 4
    readers: Annotated[int, Field(ge=0, le=2)] = 0
    """Standby instances in other zones; with none, the loss of the writer costs minutes."""
    backup_days: Annotated[int, Field(ge=1, le=35)] = 7
    max_connections_percent: Annotated[int, Field(ge=10, le=100)] = 90
    """The share of the database's connections the proxy may use; the rest is left for people and repairs."""

    @model_validator(mode="after")
    def _capacity_in_order(self) -> Self:
        if self.min_capacity > self.max_capacity:
            raise ValueError("min_capacity cannot exceed max_capacity")
        return self


class GivenDatabase(Settings):
    """A PostgreSQL that exists already, by URL; the passwords stand in the functions' environment."""

    kind: Literal["given"] = "given"
    app_url: SecretStr
    platform_url: SecretStr
    admin_url: SecretStr


class SqsBus(Settings):
    """Events go to SQS, and the worker is fed by its queue."""

    kind: Literal["sqs"] = "sqs"


class ManagedKafka(Settings):
    """Events go to an MSK Serverless cluster that this deployment owns."""

    kind: Literal["msk-serverless"] = "msk-serverless"
    partitions: Annotated[int, Field(ge=1, le=600)] = 12


class GivenKafka(Settings):
    """Events go to an MSK cluster that exists already, over IAM authentication."""

    kind: Literal["msk"] = "msk"
    cluster_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:kafka:")]
    bootstrap_servers: str
    security_group_id: Annotated[str, Field(pattern=r"^sg-")]


class UserPool(Settings):
    """Users sign in at a Cognito user pool of this deployment."""

    kind: Literal["user-pool"] = "user-pool"
    mfa: Literal["optional", "required"] = "optional"
    token_minutes: Annotated[int, Field(ge=5, le=1440)] = 60


class GivenIssuer(Settings):
    """Tokens come from an OpenID Connect issuer that puts `tenant_id` and `roles` into them."""

    kind: Literal["issuer"] = "issuer"
    issuer: Annotated[str, Field(pattern=r"^https://")]
    audience: Annotated[tuple[str, ...], Field(min_length=1)]


class HttpApi(Settings):
    """Limits of the HTTP API as a whole; the limits per tenant are the application's."""

    requests_per_second: Annotated[int, Field(ge=1)] = 200
    burst: Annotated[int, Field(ge=1)] = 400
    cors_origins: tuple[str, ...] = ()


class Functions(Settings):
    """How the functions are built and run."""

    architecture: Architecture = "arm64"
    python: Annotated[str, Field(pattern=r"^3\.(11|12|13)$")] = "3.13"
    snapstart: frozenset[str] = frozenset()
    """Functions that start from a snapshot of their initialised memory."""
    provisioned: Mapping[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """Environments kept initialised per function; not together with `snapstart`."""
    reserve_concurrency: bool = True
    """False where the account's limit is too low to reserve from (a new account has 10; AWS keeps 100 free)."""
    tracing: bool = True
    log_level: Literal["DEBUG", "INFO", "WARNING"] = "INFO"
    log_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 180, 365] = 14
    bundle_sdk: bool = False
    """Ship boto3 in the runtime layer: for an emulator whose runtime has none."""
    environment: Mapping[str, str] = Field(default_factory=dict)
    """Added to every function; for an emulator's addresses."""

    @model_validator(mode="after")
    def _one_way_to_start_warm(self) -> Self:
        both = self.snapstart & self.provisioned.keys()
        if both:
            raise ValueError(f"AWS allows SnapStart or provisioned concurrency, not both: {sorted(both)}")
        return self


class Alarms(Settings):
    """When somebody is told; times in seconds."""

    emails: tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = ()
    outbox_lag: Annotated[int, Field(ge=1)] = 120
    commit_age: Annotated[int, Field(ge=1)] = 300
    queue_age: Annotated[int, Field(ge=1)] = 900
    p99_latency: Annotated[float, Field(gt=0)] = 2.0
    failed_runs: Annotated[int, Field(ge=1)] = 5
    """Failed runs in 15 minutes."""


class Budget(Settings):
    """A monthly cost budget over everything this deployment tags."""

    monthly_usd: Annotated[int, Field(ge=1)]


Database = Annotated[Aurora | GivenDatabase, Field(discriminator="kind")]
Bus = Annotated[SqsBus | ManagedKafka | GivenKafka, Field(discriminator="kind")]
Identity = Annotated[UserPool | GivenIssuer, Field(discriminator="kind")]


class StageConfig(Settings):
    """Everything that is decided before a deployment."""

    stage: StageName
    network: Network | None
    database: Database
    bus: Bus = SqsBus()
    identity: Identity = UserPool()
    api: HttpApi = HttpApi()
    functions: Functions = Functions()
    alarms: Alarms = Alarms()
    budget: Budget | None = None
    protect: bool
    """Data outlives the stack: deletion protection on, stores retained. False: a teardown leaves nothing."""
    account: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    region: str | None = None

    @property
    def prefix(self) -> str:
        """The beginning of every name this deployment gives."""
        return f"sextant-{self.stage}"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if isinstance(self.database, GivenDatabase) != (self.stage == "local"):
            raise ValueError("a given database is for the stage 'local', and it is the only kind there")
        if isinstance(self.database, Aurora) and self.network is None:
            raise ValueError("Aurora needs a network")
        if not isinstance(self.bus, SqsBus) and self.network is None:
            raise ValueError("Kafka needs a network")
        if self.stage == "prod" and not self.protect:
            raise ValueError("prod must protect its data")
        return self


_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "local": {
        "network": None,
        "protect": False,
        "functions": {"bundle_sdk": True, "tracing": False, "log_days": 1},
    },
    "dev": {
        "network": {},
        "database": {"kind": "aurora"},
        "protect": False,
        "functions": {"reserve_concurrency": False},
        "budget": {"monthly_usd": 300},
    },
    "prod": {
        "network": {"endpoint_zones": 2},
        "database": {
            "kind": "aurora",
            "min_capacity": 1,
            "max_capacity": 16,
            "readers": 1,
            "backup_days": 14,
        },
        "protect": True,
        "functions": {"log_days": 90, "snapstart": ["api", "outputs-api"]},
        "api": {"requests_per_second": 1000, "burst": 2000},
        "budget": {"monthly_usd": 2000},
    },
}


def load(stage: str, *overrides: Mapping[str, Any]) -> StageConfig:
    """The settings of `stage`: its defaults, then each of `overrides` laid over them, group by group.

    Raises ValueError (pydantic's `ValidationError` is one) naming the field that does not hold.
    """
    defaults = _DEFAULTS.get(stage)
    if defaults is None:
        raise ValueError(f"unknown stage {stage!r}: one of {', '.join(_DEFAULTS)}")
    settings: dict[str, Any] = {**defaults, "stage": stage}
    for override in overrides:
        settings = _laid_over(settings, override)
    return StageConfig.model_validate(settings)


def parse_settings(text: str | None) -> Mapping[str, Any]:
    """The `settings` context value, a JSON object; nothing when it is absent."""
    if not text:
        return {}
    parsed = json.loads(text)
    if not isinstance(parsed, dict):
        raise TypeError("the context value 'settings' must be a JSON object")
    return parsed


def _laid_over(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Merge objects by key; a group of another `kind` replaces the whole group, for its fields differ."""
    merged = dict(base)
    for key, value in override.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            replaced = "kind" in value and value["kind"] != below.get("kind")
            merged[key] = dict(value) if replaced else _laid_over(below, value)
        else:
            merged[key] = value
    return merged
