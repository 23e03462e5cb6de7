"""S3, SQS, KMS and DynamoDB on the loopback interface, by MiniStack in its own virtual environment.

What survives: S3 objects at once; queues, tables and the key after an orderly stop whole, after a `kill -9` up to
about the last second. Everything the functions need (bucket, queues with their dead-letter queues, the
idempotency table) is made from the one declaration.
"""

from __future__ import annotations

import json
import logging
import os
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from functions.declaration import FUNCTIONS, QUEUES, Queue
from local import calls, processes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

ROOT = Path(__file__).resolve().parent.parent
REGION = "eu-central-1"
SERVICES = ("s3", "sqs", "sns", "dynamodb", "sts", "cloudwatch", "glue", "athena", "secretsmanager", "kms")
_START_WITHIN = 60.0


class LocalAwsError(processes.ServerError):
    """The local stand-in for AWS could not be started."""


@dataclass(frozen=True)
class Names:
    """What the local system's resources are called; tests prefix them to keep apart."""

    prefix: str = "sextant"

    def queue(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    @property
    def warehouse_bucket(self) -> str:
        return f"{self.prefix}-warehouse"

    @property
    def dead_records_bucket(self) -> str:
        return f"{self.prefix}-dead-records"

    @property
    def idempotency_table(self) -> str:
        return f"{self.prefix}-idempotency"

    @property
    def alert_topic(self) -> str:
        return f"{self.prefix}-alerts"

    @property
    def webhook_key(self) -> str:
        return f"alias/{self.prefix}"


@dataclass(frozen=True)
class Resources:
    """The resources of one system: queue URLs by declared name, the buckets, the table and the topic's ARN."""

    queue_urls: Mapping[str, str]
    dead_letter_urls: Mapping[str, str]
    bucket: str
    dead_records: str
    idempotency_table: str
    alert_topic: str
    webhook_key: str


def client_for(service: str, endpoint: str, key: str = "test") -> Any:
    """A boto3 client for a local endpoint, whatever the environment says; `key` says whose credentials it has."""
    import boto3
    from botocore.config import Config

    make: Any = boto3.client
    return make(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key="test",  # noqa: S106 (what local AWS takes)
        config=Config(
            max_pool_connections=64,
            retries={"max_attempts": 3, "mode": "standard"},
            s3={"addressing_style": "path"},
            proxies={},
        ),
    )


class LocalAws(processes.Server):
    """One MiniStack process. `persistent=False` forgets everything when it stops."""

    end_within = 20

    def __init__(
        self,
        home: Path,
        *,
        port: int = 0,
        persistent: bool = True,
        services: Sequence[str] = SERVICES,
        log: Path | None = None,
    ) -> None:
        self.home = home
        self.persistent = persistent
        self._services = services
        self._log = log or home / "aws.log"
        self._wanted_port = port
        self.calls = calls.path_in(home)
        """The record of the calls that came."""
        self.port = 0

    @property
    def endpoint(self) -> str:
        return f"http://{processes.LOOPBACK}:{self.port}"

    # Life ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the process and returns when it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        # Queue URLs carry the port.
        self.port = processes.choose_port(self._wanted_port, self.home / "aws.port")
        python = ROOT / ".tools" / "ministack" / "bin" / "python"
        if not python.exists():
            raise LocalAwsError("the local AWS is not installed; run `make setup`")
        with self._log.open("ab") as log:
            self._process = processes.start(
                [python, Path(__file__).with_name("ministack_server.py")],
                log=log,
                environment=self._environment(),
                directory=self.home,
            )
        self._wait_until_ready()

    def _environment(self) -> dict[str, str]:
        state = self.home / "aws"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
        return {
            **kept,
            "BIND_HOST": processes.LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "SERVICES": ",".join(self._services),
            "PERSIST_STATE": "1" if self.persistent else "0",
            "S3_PERSIST": "1" if self.persistent else "0",
            "CALLS": str(self.calls),
            "CALLERS": ",".join(function.name for function in FUNCTIONS),
            "STATE_DIR": str(state / "state"),
            "S3_DATA_DIR": str(state / "s3"),
            # Each would open a port of its own, on every interface.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # It would remove containers of other MiniStacks from the machine's Docker.
            "DOCKER_HOST": f"unix://{state}/no-docker.sock",
            "TMPDIR": str(self._temporary_directory()),
            "LOG_LEVEL": "WARNING",
        }

    def _temporary_directory(self) -> Path:
        directory = self.home / "aws" / "tmp"
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_WITHIN
        while True:
            if self._process is None or self._process.poll() is not None:
                tail = processes.last_lines(self._log)
                raise LocalAwsError(f"the local AWS ended while starting; its log is {self._log}\n{tail}")
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2):  # noqa: S310
                    return
            except (URLError, OSError) as error:
                if time.monotonic() > deadline:
                    raise LocalAwsError(f"the local AWS does not answer; its log is {self._log}") from error
            time.sleep(0.02)

    # Access -------------------------------------------------------------------------------------------

    def variables(self) -> dict[str, str]:
        """The environment by which any AWS SDK reaches this stand-in and nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """A boto3 client for this stand-in, whatever the environment says."""
        return client_for(service, self.endpoint)

    def make_resources(self, names: Names, queues: Sequence[Queue] = QUEUES) -> Resources:
        """Makes what the declaration names; what exists is kept."""
        urls, dead_letter_urls = _make_queues(self.client("sqs"), names, queues)
        for bucket in (names.warehouse_bucket, names.dead_records_bucket):
            _make_bucket(self.client("s3"), bucket)
        _make_table(self.client("dynamodb"), names.idempotency_table)
        topic: str = self.client("sns").create_topic(Name=names.alert_topic)["TopicArn"]
        return Resources(
            urls,
            dead_letter_urls,
            names.warehouse_bucket,
            names.dead_records_bucket,
            names.idempotency_table,
            topic,
            _make_key(self.client("kms"), names.webhook_key),
        )


def _make_queues(
    client: SQSClient, names: Names, queues: Sequence[Queue]
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    urls: dict[str, str] = {}
    dead_letter_urls: dict[str, str] = {}
    for queue in queues:
        dead_letter = client.create_queue(
            QueueName=names.queue(queue.dead_letter_name),
            Attributes={"MessageRetentionPeriod": str(14 * 86_400)},
        )["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=dead_letter, AttributeNames=["QueueArn"])
        attributes = {
            "VisibilityTimeout": str(queue.visibility_timeout),
            "MessageRetentionPeriod": str(queue.retention),
            "RedrivePolicy": json.dumps(
                {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": queue.max_receives}
            ),
        }
        url = client.create_queue(QueueName=names.queue(queue.name))["QueueUrl"]
        # Separately, because creating an existing queue with other attributes is an error.
        client.set_queue_attributes(QueueUrl=url, Attributes=attributes)  # type: ignore[arg-type]
        urls[queue.name], dead_letter_urls[queue.name] = url, dead_letter
    return urls, dead_letter_urls


def _make_bucket(client: S3Client, name: str) -> None:
    try:
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})  # type: ignore[typeddict-item,unused-ignore]
    except client.exceptions.BucketAlreadyOwnedByYou:
        logging.getLogger(__name__).debug("bucket %s is there", name)


def _make_key(client: KMSClient, alias: str) -> str:
    """The key of that alias; its material lies in a file of the stand-in's state."""
    if alias not in (known["AliasName"] for known in client.list_aliases()["Aliases"]):
        client.create_alias(AliasName=alias, TargetKeyId=client.create_key()["KeyMetadata"]["KeyId"])
    return alias


def _make_table(client: DynamoDBClient, name: str) -> None:
    """The table of Powertools idempotency: key `id`, records expiring by `expiration`."""
    try:
        client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except client.exceptions.ResourceInUseException:
        return
    client.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiration"}
    )
