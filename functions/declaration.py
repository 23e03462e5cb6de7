"""The one declaration of Sextant's functions, queues and triggers.

Both `local/` (which runs the functions on one machine) and `infra/` (which deploys them) read this
file, so what is tested on a laptop is what is deployed. It imports nothing but the standard library.

Units: memory in MiB, every time in seconds, as AWS Lambda, SQS and EventBridge take them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Route:
    """An HTTP API route that invokes the function; `public` routes carry no authorizer."""

    method: str
    path: str
    public: bool = False


@dataclass(frozen=True)
class QueueTrigger:
    """An SQS event source mapping that reports partial batch failures.

    `maximum_concurrency` bounds how many environments the mapping may drive at once (AWS: 2 or more).
    """

    queue: str
    batch_size: int
    batching_window: int = 0
    maximum_concurrency: int | None = None


@dataclass(frozen=True)
class ScheduleTrigger:
    """An EventBridge schedule; the function receives a `Scheduled Event`."""

    name: str
    every: int


Trigger = Route | QueueTrigger | ScheduleTrigger

# Of asynchronous invocations, which are nudges and ticks: one that failed, or could not start within minutes, is worth
# nothing later, as the next one does the same.
ASYNC_RETRIES = 0
ASYNC_LONGEST_AGE = 300


@dataclass(frozen=True)
class Function:
    """One Lambda function: what runs, what starts it, and what it may reach."""

    name: str
    """Unique; the deployed name has the deployment's prefix before it."""
    handler: str
    """The path of the function that Lambda calls."""
    memory: int
    timeout: int
    triggers: tuple[Trigger, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of its own, beside those that follow from the fields below."""
    layers: tuple[str, ...] = ("runtime",)
    """The dependency layers that it needs."""
    models: bool = False
    """Whether it runs models, and so has the layers of those that a deployment adds."""
    calls: tuple[str, ...] = ()
    """The functions that it invokes."""
    key: Literal["seal", "open"] | None = None
    """Whether it seals the secrets of webhooks under the deployment's key, or opens them; None: neither."""
    outside: bool = False
    """Whether it stands outside the network, with the internet before it and nothing of ours: no layer, no right but its log."""
    sends_to: tuple[str, ...] = ()
    """The queues that it writes to."""
    drains: tuple[str, ...] = ()
    """The queues that it reads by itself when it is called."""
    watches: tuple[str, ...] = ()
    """The queues whose dead letters it looks at."""
    alerts: bool = False
    """Whether it publishes to the topic that people are alerted by."""
    records: bool = False
    """Whether it uses the table of idempotency records."""
    database: str | None = None
    """The database role that its `DATABASE_URL` connects as; None: it has no database."""
    exports: Literal["make", "watch"] | None = None
    """Whether it makes exports of outputs, or watches those that Athena makes; None: neither."""
    lake: str | None = None
    """`read` the table, put `files` beside it, or `write` it, which includes the other two; None: no access."""
    loop: str = ""
    """Why it may be invoked over and over in one chain of functions and queues, which Lambda stops otherwise."""
    reserved_concurrency: int | None = None
    """The most copies that run at once; set only where more would harm something shared."""
    local_concurrency: int = 1
    """The processes that the local system runs it in."""


@dataclass(frozen=True)
class Queue:
    """An SQS queue and the dead-letter queue behind it.

    `visibility_timeout` is six times the timeout of the function that reads the queue, as AWS advises: a message
    whose invocation is throttled is neither delivered twice nor soon out of receives. After `max_receives`
    deliveries a message moves to `<name>-dlq`. A function that reads by `consume` has a failed message delivered again
    within seconds the first four times, so that its queue has four receives more.
    """

    name: str
    visibility_timeout: int
    max_receives: int
    retention: int = 4 * 86_400

    @property
    def dead_letter_name(self) -> str:
        return f"{self.name}-dlq"


# Work that ends with new work is no runaway: each turn takes something off the outbox, which is empty in the end.
_OUTBOX_LOOP = "events make work, and finished work makes events: relay, queue, function, relay"

RUNS_QUEUE = "runs"
COMMITS_QUEUE = "commits"
EVENTS_QUEUE = "events"
JOURNAL_QUEUE = "journal"
WEBHOOKS_QUEUE = "webhooks"

QUEUES: tuple[Queue, ...] = (
    # Not six times the worker's 900 s: after a quarter of an hour no worker can be at it any more, a second delivery
    # finds the run taken, and an hour and a half would be long to wait for a message whose worker died unclaimed.
    Queue(RUNS_QUEUE, visibility_timeout=960, max_receives=9),
    Queue(COMMITS_QUEUE, visibility_timeout=720, max_receives=5),
    Queue(EVENTS_QUEUE, visibility_timeout=300, max_receives=9),
    # Kept as long as SQS can: it waits for the database, however long that is away.
    Queue(JOURNAL_QUEUE, visibility_timeout=120, max_receives=10, retention=14 * 86_400),
    # What wakes the deliverer: the schedule makes up for what is lost.
    Queue(WEBHOOKS_QUEUE, visibility_timeout=720, max_receives=5),
)

_PUBLIC_PATHS = (
    "/",
    "/v1/health",
    "/v1/health/ready",
    "/openapi.json",
    "/docs",
    "/docs/{asset}",
    "/problems",
    "/problems/{code}",
    "/v1/shared-report",
)

API = Function(
    name="api",
    handler="functions.api.api.handler",
    memory=1024,
    timeout=29,
    triggers=(
        *(Route("GET", path, public=True) for path in _PUBLIC_PATHS),
        # A browser asks before it sends a token; without this route `ANY` would take the question, and refuse it.
        Route("OPTIONS", "/{proxy+}", public=True),
        Route("ANY", "/{proxy+}"),
    ),
    calls=("outbox-relay",),
    sends_to=(JOURNAL_QUEUE,),
    key="seal",
    layers=("runtime", "webhooks"),
    records=True,
    database="sextant_app",
    local_concurrency=4,
)

# Requests that wait hold an environment while they do nothing: it is a small one, and those of `api` stay free.
CHANGES_API = Function(
    name="changes-api",
    handler="functions.api.api.handler",
    memory=512,
    timeout=29,
    triggers=(Route("GET", "/v1/changes"),),
    calls=("outbox-relay",),
    database="sextant_app",
    local_concurrency=16,
)

OUTPUTS_API = Function(
    name="outputs-api",
    handler="functions.api.outputs_api.handler",
    memory=2048,
    timeout=29,
    triggers=(
        Route("GET", "/v1/compare"),
        Route("POST", "/v1/reports"),
        Route("GET", "/v1/scenarios/{scenario_id}/outputs"),
        Route("GET", "/v1/scenarios/{scenario_id}/outputs/aggregates"),
        Route("GET", "/v1/scenarios/{scenario_id}/outputs/compare"),
        Route("GET", "/v1/scenarios/{scenario_id}/outputs/files"),
        Route("GET", "/v1/scenarios/{scenario_id}/exports/{export_id}"),
        Route("DELETE", "/v1/scenarios/{scenario_id}/exports/{export_id}"),
    ),
    layers=("runtime", "outputs"),
    calls=("outbox-relay",),
    exports="make",
    database="sextant_app",
    lake="read",
    local_concurrency=1,
)

# Reads tables of CSV and Parquet, checks them with the engine and stores them.
BASELINES_API = Function(
    name="baselines-api",
    handler="functions.api.baselines_api.handler",
    memory=2048,
    timeout=29,
    triggers=(
        Route("GET", "/v1/baselines"),
        Route("POST", "/v1/baselines"),
        Route("POST", "/v1/baselines/uploads"),
        Route("POST", "/v1/baselines/validate"),
        Route("GET", "/v1/baselines/{baseline_id}"),
        Route("DELETE", "/v1/baselines/{baseline_id}"),
        Route("GET", "/v1/baselines/{baseline_id}/merit-order"),
        Route("GET", "/v1/baselines/{baseline_id}/tables"),
        Route("GET", "/v1/baselines/{baseline_id}/versions"),
    ),
    layers=("runtime", "lake"),
    calls=("outbox-relay",),
    database="sextant_app",
    lake="read",
    local_concurrency=1,
)

OUTBOX_RELAY = Function(
    name="outbox-relay",
    handler="functions.outbox_relay.handler.handler",
    memory=512,
    timeout=60,
    triggers=(ScheduleTrigger("outbox-relay", every=60),),
    calls=("outbox-relay",),
    sends_to=(RUNS_QUEUE, EVENTS_QUEUE, WEBHOOKS_QUEUE),
    loop=_OUTBOX_LOOP,
    database="sextant_platform",
    reserved_concurrency=4,
    local_concurrency=2,
)

# One run a message batch: a worker that is killed takes no other run's message with it.
RUN_WORKER = Function(
    name="run-worker",
    handler="functions.worker.run_worker.handler",
    memory=2048,
    timeout=900,
    triggers=(QueueTrigger(RUNS_QUEUE, batch_size=1, maximum_concurrency=100),),
    layers=("runtime", "lake"),
    models=True,
    calls=("outbox-relay",),
    sends_to=(COMMITS_QUEUE,),
    loop=_OUTBOX_LOOP,
    database="sextant_platform",
    lake="files",
    local_concurrency=2,
)

COMMITTER = Function(
    name="committer",
    handler="functions.worker.committer.handler",
    memory=1024,
    timeout=120,
    triggers=(
        QueueTrigger(COMMITS_QUEUE, batch_size=10, maximum_concurrency=2),
        ScheduleTrigger("committer", every=60),
    ),
    layers=("runtime", "lake"),
    calls=("outbox-relay",),
    loop=_OUTBOX_LOOP,
    database="sextant_platform",
    lake="write",
    local_concurrency=1,
)

RUN_RECOVERY = Function(
    name="run-recovery",
    handler="functions.worker.run_recovery.handler",
    memory=512,
    timeout=60,
    triggers=(ScheduleTrigger("run-recovery", every=60),),
    calls=("outbox-relay",),
    exports="watch",
    database="sextant_platform",
    reserved_concurrency=1,
)

# Carries out what was accepted without the database. It is no event source mapping's function: one would receive
# the entries during the outage too, until SQS sets them aside as received too often.
JOURNAL = Function(
    name="journal",
    handler="functions.worker.journal.handler",
    memory=512,
    timeout=60,
    triggers=(ScheduleTrigger("journal", every=60),),
    calls=("outbox-relay",),
    drains=(JOURNAL_QUEUE,),
    records=True,
    database="sextant_platform",
    reserved_concurrency=1,
)

# Detects, decides and acts. Its environment may hold SEXTANT_ALERT_TOPIC, SEXTANT_OPERATIONS_POLICY, SEXTANT_AI_*.
OPERATIONS = Function(
    name="operations",
    handler="functions.operations.handler.handler",
    memory=512,
    timeout=50,
    triggers=(
        QueueTrigger(EVENTS_QUEUE, batch_size=10, maximum_concurrency=10),
        ScheduleTrigger("operations", every=60),
    ),
    calls=("outbox-relay",),
    watches=(RUNS_QUEUE, COMMITS_QUEUE, EVENTS_QUEUE, JOURNAL_QUEUE, WEBHOOKS_QUEUE),
    alerts=True,
    loop=_OUTBOX_LOOP,
    database="sextant_platform",
)

# Decides, signs and records. One waits for what it has sent, so that several look on for what comes meanwhile.
WEBHOOK_DELIVERER = Function(
    name="webhook-deliverer",
    handler="functions.webhook_deliverer.handler.handler",
    memory=512,
    timeout=120,
    triggers=(
        QueueTrigger(WEBHOOKS_QUEUE, batch_size=10, maximum_concurrency=5),
        ScheduleTrigger("webhook-deliverer", every=60),
    ),
    calls=("outbox-relay", "webhook-sender"),
    key="open",
    layers=("runtime", "webhooks"),
    sends_to=(WEBHOOKS_QUEUE,),
    loop=_OUTBOX_LOOP,
    database="sextant_platform",
    local_concurrency=2,
)

# Only sends. What it is given to send it takes from the deliverer alone, and what it could reach is the public internet.
WEBHOOK_SENDER = Function(
    name="webhook-sender",
    handler="functions.webhook_sender.handler.handler",
    memory=256,
    timeout=30,
    layers=(),
    outside=True,
    # As many batches as one tenant may have on their way: with fewer, those of endpoints that hang keep the others waiting.
    local_concurrency=24,
)

MAINTENANCE = Function(
    name="maintenance",
    handler="functions.worker.maintenance.handler",
    memory=2048,
    timeout=900,
    triggers=(ScheduleTrigger("maintenance", every=3600),),
    layers=("runtime", "lake"),
    calls=("outbox-relay",),
    database="sextant_platform",
    lake="write",
    reserved_concurrency=1,
)

MIGRATE = Function(
    name="migrate",
    handler="functions.migrate.handler.handler",
    memory=512,
    timeout=600,
    layers=("runtime", "migrations"),
    database="admin",
    reserved_concurrency=1,
)

FUNCTIONS: tuple[Function, ...] = (
    API,
    CHANGES_API,
    OUTPUTS_API,
    BASELINES_API,
    OUTBOX_RELAY,
    RUN_WORKER,
    COMMITTER,
    RUN_RECOVERY,
    JOURNAL,
    OPERATIONS,
    WEBHOOK_DELIVERER,
    WEBHOOK_SENDER,
    MAINTENANCE,
    MIGRATE,
)
