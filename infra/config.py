"""The settings of a deployment: what may differ between two, typed and validated before anything is synthesized.

`infra.stages` has the defaults of each stage and loads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from functions.declaration import FUNCTIONS, Route
from local import model_layers

StageName = Literal["local", "dev", "prod"]
Architecture = Literal["arm64", "x86_64"]
LAYER_VERSION = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:layer:[A-Za-z0-9_-]+:\d+$")
"""The ARN of a layer's version."""
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class Settings(BaseModel):
    """The base of every group: immutable, and a field nobody knows is an error.

    What was given is not repeated in an error: it may hold a password.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )


class Network(Settings):
    """A VPC of isolated subnets; its functions reach AWS through endpoints, not through the internet."""

    kind: Literal["own"] = "own"
    cidr: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+\.\d+/(16|17|18)$")] = "10.40.0.0/16"
    availability_zones: Annotated[int, Field(ge=2, le=3)] = 2
    endpoint_zones: Annotated[int, Field(ge=1, le=3)] = 1
    """Zones that hold an interface endpoint; each costs by the hour. More than one survives a zone's loss."""
    zones: tuple[Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")], ...] = ()
    """Which zones; none: the region's first ones. Not every zone has every instance of Aurora, nor MSK."""
    nat_gateways: Annotated[int, Field(ge=0, le=3)] = 0
    """Needed only when something in the VPC must reach the internet (a foreign AI provider)."""

    @model_validator(mode="after")
    def _endpoints_need_subnets(self) -> Self:
        if self.endpoint_zones > self.availability_zones:
            raise ValueError("endpoint_zones cannot exceed availability_zones")
        return self

    @model_validator(mode="after")
    def _as_many_zones_as_named(self) -> Self:
        if self.zones and len(set(self.zones)) != self.availability_zones:
            raise ValueError(
                f"zones must name availability_zones ({self.availability_zones}) different ones, and names {len(set(self.zones))}"
            )
        return self


class GivenNetwork(Settings):
    """Private subnets of a VPC that exists already, one a zone.

    S3, DynamoDB, SQS, Lambda, Glue, SNS and KMS (with Kafka STS, with Athena's exports Athena too) must be reachable from them, through endpoints or NAT.
    """

    kind: Literal["given"] = "given"
    vpc_id: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$")]
    subnet_ids: Annotated[
        tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")], ...], Field(min_length=2)
    ]
    availability_zones: Annotated[tuple[str, ...], Field(min_length=2)]
    """The zone of each subnet, in their order."""

    @model_validator(mode="after")
    def _a_zone_for_each_subnet(self) -> Self:
        if len(self.availability_zones) != len(self.subnet_ids):
            raise ValueError("availability_zones must name one zone for each of subnet_ids")
        return self


class Restored(Settings):
    """The database begins as a copy of another cluster at an instant, taken from its backups.

    Setting it replaces the cluster by a new one, and so does changing or removing it: it stays for good.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=20)]
    """Ends the new cluster's name: `<prefix>-<name>`."""
    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    """The name of the cluster to copy."""
    time: AwareDatetime
    """The instant, with its time zone, within the source's backup days."""


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
    restored: Restored | None = None
    """Where this database comes from, after a restore."""

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


class Polled(Settings):
    """How Lambda reads topics: by pollers that are paid for, without which it neither gives up nor parts a batch."""

    minimum_pollers: Annotated[int, Field(ge=1, le=200)] = 1
    maximum_pollers: Annotated[int, Field(ge=1, le=2000)] = 2

    @model_validator(mode="after")
    def _pollers_in_order(self) -> Self:
        if self.minimum_pollers > self.maximum_pollers:
            raise ValueError("minimum_pollers cannot exceed maximum_pollers")
        return self


class ManagedKafka(Polled):
    """Events go to an MSK Serverless cluster that this deployment owns."""

    kind: Literal["msk-serverless"] = "msk-serverless"
    partitions: Annotated[int, Field(ge=1, le=600)] = 12
    """Of each topic. A partition is read in order, so there are never more runs at once than partitions."""


class GivenKafka(Polled):
    """Events go to an MSK cluster that exists already, over IAM authentication, in the given network.

    Its topics must exist: `<prefix>.runs` and `<prefix>.events`; the deployment fails, naming what is missing.
    """

    kind: Literal["msk"] = "msk"
    cluster_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:kafka:")]
    bootstrap_servers: str
    """Those for IAM authentication, port 9098, separated by commas."""
    security_group_id: Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")]
    """The cluster's; it is given a rule that accepts our functions."""


class OwnExports(Settings):
    """Every export is made by the function that is asked for it."""

    kind: Literal["own"] = "own"


class AthenaExports(Settings):
    """Exports of `rows` and more are made by Athena, each scanning at most `scan_limit_gib`; paid by what is scanned."""

    kind: Literal["athena"] = "athena"
    rows: Annotated[int, Field(ge=0)] = 1_000_000
    scan_limit_gib: Annotated[int, Field(ge=1, le=7 * 1024)] = 10


class UserPool(Settings):
    """Users sign in at a Cognito user pool of this deployment."""

    kind: Literal["user-pool"] = "user-pool"
    mfa: Literal["optional", "required"] = "optional"
    """Whether a second factor (TOTP) must be enrolled."""
    token_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    """How long a token is good for, and so how long a stolen one is."""


class GivenIssuer(Settings):
    """Tokens come from an OpenID Connect issuer that puts `tenant_id` and `roles` into them."""

    kind: Literal["issuer"] = "issuer"
    issuer: Annotated[str, Field(pattern=r"^https://")]
    """Its address, as `iss` says it; `/.well-known/openid-configuration` must answer below it."""
    audience: Annotated[tuple[str, ...], Field(min_length=1)]
    """What `aud` or `client_id` must be one of."""


class HttpApi(Settings):
    """Limits of the HTTP API as a whole; the limits per tenant are the application's."""

    requests_per_second: Annotated[int, Field(ge=1)] = 200
    burst: Annotated[int, Field(ge=1)] = 400
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may call the API from a browser."""
    hosts: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")], ...] = ()
    """Names of one's own under which the API or the console is reached, such as CloudFront's: no webhook may lead there. The name
    under which the API is asked for a webhook is refused anyway."""


class Functions(Settings):
    """How the functions are built and run."""

    architecture: Architecture = "arm64"
    """The processor; the bundles are made for it."""
    python: Annotated[str, Field(pattern=r"^3\.(11|12|13)$")] = "3.13"
    """A Python of this version must be on the machine that deploys, to compile for it."""
    snapstart: frozenset[str] = frozenset()
    """Functions that start from a snapshot of their initialised memory: those that answer HTTP. The others are known
    to the database by a name that each process gives itself when it starts, and copies of one snapshot would share it."""
    provisioned: Mapping[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """Environments kept initialised per function; not together with `snapstart`."""
    reserve_concurrency: bool = True
    """False where the account's limit is too low to reserve from (a new account has 10; AWS keeps 100 free)."""
    tracing: bool = True
    """X-Ray traces of each invocation."""
    log_level: Literal["DEBUG", "INFO", "WARNING"] = "INFO"
    log_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 180, 365] = 14
    bundle_sdk: bool = False
    """Ship boto3 in the runtime layer: for an emulator whose runtime has none."""
    models: Annotated[tuple[str, ...], Field(max_length=2)] = ()
    """Layers with models of your own, for the worker that computes runs: folders, or ARNs of layers' versions."""
    environment: Mapping[str, str] = Field(default_factory=dict)
    """Added to every function; for an emulator's addresses."""

    @field_validator("models")
    @classmethod
    def _hold_models(cls, models: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            one if LAYER_VERSION.match(one) else str(model_layers.checked(Path(one))) for one in models
        )

    @model_validator(mode="after")
    def _leaves_the_tenants_apart(self) -> Self:
        taken = sorted({"SEXTANT_STAGE", "SEXTANT_AUTH_DISABLED"} & self.environment.keys())
        if taken:
            raise ValueError(
                f"environment cannot set {', '.join(taken)}: they decide whether tokens are asked for"
            )
        return self

    @model_validator(mode="after")
    def _of_functions_there_are(self) -> Self:
        for name, given in (("snapstart", self.snapstart), ("provisioned", self.provisioned)):
            unknown = sorted(set(given) - {function.name for function in FUNCTIONS})
            if unknown:
                raise ValueError(f"{name} names no function of ours: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _no_two_of_one_name(self) -> Self:
        answering = {f.name for f in FUNCTIONS if any(isinstance(one, Route) for one in f.triggers)}
        if not self.snapstart <= answering:
            raise ValueError(
                f"snapstart is for {' and '.join(sorted(answering))}: the others would share the name that leases are held by"
            )
        return self

    @model_validator(mode="after")
    def _one_way_to_start_warm(self) -> Self:
        both = self.snapstart & self.provisioned.keys()
        if both:
            raise ValueError(f"AWS allows SnapStart or provisioned concurrency, not both: {sorted(both)}")
        return self


class Rollout(Settings):
    """How requests come to a release's new code; only what answers HTTP is moved so. An alarm meanwhile takes all of it back."""

    kind: Literal["all-at-once", "canary", "linear"] = "all-at-once"
    """`canary`: a share first, then the rest; `linear`: the share grows step by step."""
    percent: Annotated[int, Field(ge=1, le=99)] = 10
    """The share of the first step, and with `linear` of each."""
    minutes: Annotated[int, Field(ge=1, le=2880)] = 15
    """How long a step is; shorter than ten minutes the alarms on errors have not counted yet."""


class Escalation(Settings):
    """Who is told of an incident that was escalated: the subscriptions of the topic `incident-escalation`."""

    emails: tuple[Email, ...] = ()
    urls: tuple[Annotated[str, Field(pattern=r"^https://\S+$")], ...] = ()
    """HTTPS endpoints, such as a pager's; each must confirm SNS's subscription once."""


class Alarms(Settings):
    """When somebody is told; times in seconds."""

    emails: tuple[Email, ...] = ()
    """Told when an alarm begins and ends, and before the budget is spent. Each address must confirm once."""
    outbox_lag: Annotated[int, Field(ge=1)] = 120
    """How long an event may wait to be published."""
    commit_age: Annotated[int, Field(ge=1)] = 300
    """How long a result may wait to be committed to the lake."""
    queue_age: Annotated[int, Field(ge=1)] = 900
    """How long a message may wait in a queue, or a reader be behind its topic."""
    webhook_age: Annotated[int, Field(ge=1)] = 300
    """How long a webhook that is due may wait to be sent, where its endpoint answers."""
    webhook_failures: Annotated[int, Field(ge=1, le=100)] = 50
    """The share of attempts to deliver webhooks that may fail in 15 minutes, in percent."""
    p99_latency: Annotated[float, Field(gt=0)] = 2.0
    """Of the slowest hundredth of requests."""
    failed_runs: Annotated[int, Field(ge=1)] = 5
    """Failed runs in 15 minutes."""


class Budget(Settings):
    """A monthly cost budget over everything this deployment tags."""

    monthly_usd: Annotated[int, Field(ge=1)]


NetworkKind = Annotated[Network | GivenNetwork, Field(discriminator="kind")]
Database = Annotated[Aurora | GivenDatabase, Field(discriminator="kind")]
Bus = Annotated[SqsBus | ManagedKafka | GivenKafka, Field(discriminator="kind")]
Exports = Annotated[OwnExports | AthenaExports, Field(discriminator="kind")]
Identity = Annotated[UserPool | GivenIssuer, Field(discriminator="kind")]


class StageConfig(Settings):
    """Everything that is decided before a deployment."""

    stage: StageName
    network: NetworkKind | None
    database: Database
    bus: Bus = SqsBus()
    identity: Identity = UserPool()
    exports: Exports = OwnExports()
    api: HttpApi = HttpApi()
    functions: Functions = Functions()
    rollout: Rollout = Rollout()
    alarms: Alarms = Alarms()
    escalation: Escalation = Escalation()
    budget: Budget | None = None
    protect: bool
    """Data outlives the stack: deletion protection on, stores retained. False: a teardown leaves nothing."""
    account: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    """The account to deploy into; without it the one of the credentials. Set it, so that no stage lands elsewhere."""
    region: str | None = None
    """The region, likewise."""

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
        in_given = isinstance(self.network, GivenNetwork)
        if isinstance(self.bus, GivenKafka) and not in_given:
            raise ValueError(
                "a given Kafka cluster stands in a network of its own: set network.kind to 'given'"
            )
        if self.stage == "prod" and not self.protect:
            raise ValueError("prod must protect its data")
        return self
