"""The whole system: servers, functions, gateway, event sources and schedules, from the one declaration."""

from __future__ import annotations

import asyncio
import compileall
import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import aiohttp

from functions.declaration import (
    FUNCTIONS,
    MIGRATE,
    OPERATIONS,
    OUTBOX_RELAY,
    QUEUES,
    Function,
    QueueTrigger,
    ScheduleTrigger,
)
from local import database as databases
from local import place, tokens
from local.authorizer import JwtAuthorizer
from local.aws import REGION, LocalAws, Names, Resources
from local.calls import CallLog
from local.concurrency import account_limit
from local.console import Console
from local.database import DatabaseUrls
from local.dead_records import DeadRecords
from local.event_sources import EventSource, SourceQueue
from local.gateway import Gateway
from local.identity_provider import IdentityProvider
from local.invocations import FunctionPool, Functions, Machine
from local.lambda_api import LambdaApi
from local.logs import Journal
from local.postgres import Postgres
from local.processes import ServerError
from local.routes import RouteTable
from local.runtime_api import ROOT, Outcome
from local.scheduler import Scheduler
from local.state import Endpoints, take

if TYPE_CHECKING:
    from local.kafka_brokers import Broker
    from local.kafka_sources import KafkaSource

DATABASE = "sextant"
_STARTS_IN_A_ROW = 10


class StartError(RuntimeError):
    """The system could not be started."""


def auth_disabled() -> bool:
    return os.environ.get("SEXTANT_AUTH_DISABLED", "").lower() in ("1", "true", "yes")


def bus() -> str:
    """`sqs` or `kafka`. Raises StartError for anything else."""
    chosen = os.environ.get("SEXTANT_BUS") or "sqs"
    if chosen not in ("sqs", "kafka"):
        raise StartError(f"SEXTANT_BUS is {chosen!r}: neither 'sqs' nor 'kafka'")
    return chosen


class System:
    """One local system. `take_home` and `start_servers` before the event loop, `start` and `stop` inside it.

    The servers are child processes that end with the thread that starts them, hence the order.
    """

    def __init__(self, home: Path, journal: Journal, *, port: int = 0, durable: bool = True) -> None:
        self.home = home
        self._journal = journal
        self._port = port
        self._lock: IO[str] | None = None
        logs = journal.directory
        self._postgres = Postgres(home, durable=durable, log=logs / "postgres.log")
        self._aws = LocalAws(home, log=logs / "aws.log")
        self._broker: Broker | None = None
        self._functions: Functions | None = None
        self._lambda_api: LambdaApi | None = None
        self._gateway: Gateway | None = None
        self._sources: list[EventSource | KafkaSource] = []
        self._scheduler: Scheduler | None = None
        self._failed_starts: Counter[str] = Counter()

    # Servers ------------------------------------------------------------------------------------------

    def take_home(self) -> None:
        """Makes the state directory this system's own. Raises AlreadyRunningError."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = take(self.home)

    def start_servers(self) -> None:
        """Starts Postgres, local AWS and, where it is the bus, Kafka."""
        _compile()
        self._postgres.start()
        self._aws.start()
        if bus() == "kafka":
            self._start_broker()

    def _start_broker(self) -> None:
        # Imported here: who does without Kafka does without its client.
        from local import kafka_brokers

        try:
            self._broker, why = kafka_brokers.choose(self.home / "kafka")
            self._broker.start()
        except kafka_brokers.NoBrokerError as error:
            raise StartError(f"there is no Kafka broker: {error}") from error
        self._journal.say(f"Kafka is {self._broker.name} at {self._broker.bootstrap}: {why}")

    def revive_servers(self) -> None:
        """Starts again what has ended of the servers, at the same ports and with its data.

        Raises ServerError where one has not started ten times in a row.
        """
        servers = (("Postgres", self._postgres), ("local AWS", self._aws), ("Kafka", self._broker))
        for name, server in servers:
            if server is not None and not server.alive:
                self._journal.say(f"WARNING {name} ended; starting it again")
                self._revive(name, server)

    def _revive(self, name: str, server: Postgres | LocalAws | Broker) -> None:
        try:
            server.start()
        except ServerError as error:
            # Something ended it while it recovered, as it had before; the next look starts it again.
            self._failed_starts[name] += 1
            if self._failed_starts[name] == _STARTS_IN_A_ROW:
                raise
            self._journal.say(f"WARNING {name} did not start: {error}")
        else:
            self._failed_starts[name] = 0

    def stop_servers(self) -> None:
        if self._broker is not None:
            self._broker.stop()
        self._aws.stop()
        self._postgres.stop()
        (self.home / "system.json").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    # Everything else ----------------------------------------------------------------------------------

    async def start(self) -> Endpoints:
        """Brings the database up to date and starts serving; returns when the API answers."""
        resources = self._aws.make_resources(Names())
        urls = self._make_databases()
        lambda_api_port = await self._start_functions(resources, urls)
        await self._migrate()
        self._start_triggers(resources)
        endpoints = Endpoints(
            pid=os.getpid(),
            url=await self._start_gateway(),
            aws=self._aws.endpoint,
            functions=f"http://127.0.0.1:{lambda_api_port}",
            database=urls,
            logs=str(self._journal.directory),
            auth_disabled=auth_disabled(),
            kafka=self._broker.bootstrap if self._broker else "",
        )
        endpoints.write(self.home)
        return endpoints

    async def stop(self) -> None:
        """Takes no more work, lets what runs end within seconds, and ends every process."""
        if self._scheduler is not None:
            await self._scheduler.stop()
        if self._gateway is not None:
            await self._gateway.stop()
        await asyncio.gather(*(source.stop() for source in self._sources))
        if self._lambda_api is not None:
            await self._lambda_api.stop()
        if self._functions is not None:
            await self._functions.close()

    def _make_databases(self) -> DatabaseUrls:
        for name in (DATABASE, f"{DATABASE}_iceberg"):
            if not self._postgres.has_database(name):
                self._postgres.create_database(name)
        return databases.urls(self._postgres, DATABASE)

    async def _start_functions(self, resources: Resources, urls: DatabaseUrls) -> int:
        broker = self._broker.bootstrap if self._broker else None
        here = place.local_place(bus(), resources, urls, broker)
        of_this_machine: dict[str, Mapping[str, str]] = {}
        scratch = self.home / "tmp"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            configured = {function.name: place.configured(function, here) for function in FUNCTIONS}
            self._functions = Functions(
                FUNCTIONS,
                configured,
                self._journal.write,
                machine=Machine(of_this_machine, scratch, processes=place.processes()),
                account_limit=account_limit(),
            )
        except ValueError as error:
            raise StartError(str(error)) from error
        self._lambda_api = LambdaApi(self._functions, CallLog(self._aws.calls))
        await self._lambda_api.start()
        # Known only now: the functions call each other at this endpoint.
        for function in FUNCTIONS:
            of_this_machine[function.name] = place.of_this_machine(
                function, self._aws, urls, self._lambda_api.endpoint
            )
        return self._lambda_api.port

    async def _migrate(self) -> None:
        """By the same function that the deployment calls."""
        assert self._functions is not None
        outcome = await self._functions[MIGRATE.name].invoke(b"{}")
        if outcome.error is not None:
            raise StartError(f"the migrations failed: {_message_in(outcome)}")
        self._postgres.give_password(*databases.APPLICATION_ROLES)
        await self._functions[MIGRATE.name].close()

    def _start_triggers(self, resources: Resources) -> None:
        assert self._functions is not None
        client = self._aws.client("sqs")
        declared = {queue.name for queue in QUEUES}
        for function in FUNCTIONS:
            for trigger in function.triggers:
                if not isinstance(trigger, QueueTrigger):
                    continue
                assert trigger.queue in declared
                url = resources.queue_urls[trigger.queue]
                queue = SourceQueue(url, self._queue_arn(client, url), REGION)
                pool = self._functions[function.name]
                self._sources.append(EventSource(trigger, queue, pool, client, self._journal.say))
                # With Kafka as the bus, the relay's channels are read from their topics; as deployed, their
                # queues are read too.
                if self._broker is not None and trigger.queue in OUTBOX_RELAY.sends_to:
                    self._sources.append(self._topic_source(self._broker, trigger, resources, pool))
        for source in self._sources:
            source.start()
        self._scheduler = Scheduler(self._functions, FUNCTIONS, REGION)
        self._scheduler.start()

    def _topic_source(
        self, broker: Broker, trigger: QueueTrigger, resources: Resources, pool: FunctionPool
    ) -> KafkaSource:
        from local import kafka_sources

        functions, loop = self._functions, asyncio.get_running_loop()
        assert functions is not None

        def tell(event: bytes) -> None:
            loop.call_soon_threadsafe(functions.invoke_later, OPERATIONS.name, event)

        dead_records = DeadRecords(self._aws.client("s3"), resources.dead_records, tell)
        topic = kafka_sources.SourceTopic(f"{place.TOPIC_PREFIX}{trigger.queue}", broker.bootstrap)
        return kafka_sources.KafkaSource(trigger, topic, pool, dead_records, self._journal.say)

    @staticmethod
    def _queue_arn(client: Any, url: str) -> str:
        return str(
            client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        )

    async def _start_gateway(self) -> str:
        assert self._functions is not None
        key_set = tokens.ensure_key(self.home)
        authorizer = None
        if not auth_disabled():
            authorizer = JwtAuthorizer.from_jwks(key_set, issuer=tokens.ISSUER, audience=tokens.AUDIENCE)
        console = Console(signs_in=authorizer is not None, storage=self._aws.endpoint)
        beside = [*IdentityProvider(self.home).routes(), *console.routes()]
        self._gateway = Gateway(
            self._functions, RouteTable(FUNCTIONS), authorizer, self._access, beside=beside
        )
        await self._gateway.start(self._port)
        await asyncio.gather(
            *(self._warm(function) for function in FUNCTIONS if _is_on_the_main_path(function))
        )
        await self._check_health(self._gateway.url)
        return self._gateway.url

    async def _warm(self, function: Function) -> None:
        """Starts one process of the function, so that the first request does not wait for it."""
        assert self._functions is not None
        failure = await self._functions[function.name].warm()
        if failure is not None:
            raise StartError(f"function {function.name} does not start: {_message_in(failure)}")

    async def _check_health(self, url: str) -> None:
        """A handler that cannot be imported fails only when it is called."""
        async with aiohttp.ClientSession() as client, client.get(f"{url}/v1/health") as answer:
            if answer.status >= 500:
                log = self._journal.path("api")
                raise StartError(f"the API answers {answer.status} on /v1/health; the reason is in {log}")

    def _access(self, line: str) -> None:
        self._journal.write("gateway", line)


def _compile() -> None:
    """Compile what the functions import and may not write beside it, as a deployment's bundles are compiled."""
    for package in ("functions", "layers", "migrations"):
        compileall.compile_dir(ROOT / package, quiet=2)


def _message_in(outcome: Outcome) -> str:
    try:
        document = json.loads(outcome.payload)
        return f"{document['errorType']}: {document['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return outcome.payload.decode(errors="replace")


def _is_on_the_main_path(function: Function) -> bool:
    """Whether a user's first run would wait for its first start."""
    return any(
        not isinstance(trigger, ScheduleTrigger) or trigger.every <= 300 for trigger in function.triggers
    )
