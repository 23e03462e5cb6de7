"""Fixtures that every test may use: a real Postgres, a real local AWS, the whole system.

postgres        (session)  the embedded server: make or drop databases of your own
template        (session)  the name of a migrated database to clone
database        (test)     a fresh migrated database: its URLs for `admin`, `app`, `platform`, `catalog`
database_url    (test)     `database.app`
empty_database  (test)     the same without migrations
aws             (session)  local S3, SQS, DynamoDB…: `aws.client("sqs")`, `aws.endpoint`, `aws.variables()`
names           (test)     unique resource names
resources       (test)     bucket, declared queues with their DLQs, idempotency table, under unique names
model_layer     (session)  a layer with the example of a model of one's own
system          (session)  the whole system in a process of its own: `system.client("tenant", "analyst")`
make_queue      (test)     a queue with a DLQ and the given visibility timeout and receives
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from functions.declaration import Queue
from local import database as databases
from local.aws import LocalAws, Names, Resources
from local.database import DatabaseUrls
from local.postgres import Postgres
from local.running import RunningSystem, running
from local.runtime_api import ROOT
from local.state import forget


def pytest_configure(config: pytest.Config) -> None:
    """Every local system of this session writes which AWS calls its functions made: for tests/e2e/test_calls.py."""
    config.addinivalue_line("markers", "last: runs after all others of the session")
    os.environ.setdefault("SEXTANT_LOCAL_CALLS", tempfile.mkdtemp(prefix="sextant-calls-"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest group comes first, so that no process is left with it at the end."""
    items.sort(key=_place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return GroupScheduling(config, log)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Where tests run side by side, the tests of a group run in one process, in order."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def _group(nodeid: str) -> str:
    """A file is a group of its own, but for what writes the bundles of the checkout, and what shares a browser."""
    file = nodeid.partition("::")[0]
    if file.startswith("tests/infra/") or file == "tests/e2e/test_deploy.py":
        return "bundles"
    return "console" if file.startswith("tests/console/") else file


def _place(item: pytest.Item) -> int:
    if item.get_closest_marker("last"):
        return 2
    return 0 if _group(item.nodeid) == "bundles" else 1


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A state directory for this session's servers."""
    directory = Path(tempfile.mkdtemp(prefix="sextant-test-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(home: Path) -> Iterator[Postgres]:
    server = Postgres(home, durable=False)
    server.start()
    yield server
    server.forget()


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    return databases.prepare(postgres, "template_sextant").name


@pytest.fixture
def database(postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    made = databases.clone(postgres, template, _unique("test"))
    yield made
    databases.drop(postgres, made.name)


@pytest.fixture
def database_url(database: DatabaseUrls) -> str:
    return database.app


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[DatabaseUrls]:
    name = _unique("empty")
    postgres.create_database(name)
    postgres.create_database(f"{name}_iceberg")
    yield databases.urls(postgres, name)
    databases.drop(postgres, name)


@pytest.fixture(scope="session")
def aws(home: Path) -> Iterator[LocalAws]:
    server = LocalAws(home, persistent=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def model_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of a model of one's own, as pip makes a layer of it."""
    source, layer = tmp_path_factory.mktemp("model"), tmp_path_factory.mktemp("layer")
    shutil.copytree(ROOT / "examples" / "third_party_model", source, dirs_exist_ok=True)
    options = (
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--target",
        str(layer / "python"),
    )
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True)
    return layer


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, model_layer: Path) -> Iterator[RunningSystem]:
    directory = tmp_path_factory.mktemp("system")
    with running(directory, environment={"SEXTANT_LOCAL_MODELS": str(model_layer)}) as started:
        yield started
    # The logs stay for whoever looks into a failure; pytest clears them away after three sessions.
    forget(directory, keep_logs=True)


@pytest.fixture
def names() -> Names:
    return Names(prefix=_unique("t").replace("_", "-"))


@pytest.fixture
def resources(aws: LocalAws, names: Names) -> Resources:
    return aws.make_resources(names)


@dataclass(frozen=True)
class QueuePair:
    """A queue's URL and its dead-letter queue's."""

    url: str
    dead_letter_url: str


@pytest.fixture
def make_queue(aws: LocalAws, names: Names) -> Callable[..., QueuePair]:
    def make(*, visibility_timeout: int = 30, max_receives: int = 5) -> QueuePair:
        queue = Queue(_unique("q").replace("_", "-"), visibility_timeout, max_receives)
        made = aws.make_resources(names, [queue])
        return QueuePair(made.queue_urls[queue.name], made.dead_letter_urls[queue.name])

    return make


def _unique(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:12]}"
