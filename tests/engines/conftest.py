"""Other engines, fetched on first use by Maven and from the package registry, some 700 MB: Spark over the lake's own
catalog and files, and Trino, whose SQL is Athena's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from local.aws import LocalAws
from sextant.lake.table.catalog import CATALOG_NAME
from sextant.lake.table.settings import LakeSettings
from tests.integration.lake.conftest import Lake, lake, lake_settings  # noqa: F401 (fixtures)
from tools.environment import python_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CATALOG = CATALOG_NAME
TABLE = f"{CATALOG}.market.scenario_output"
_MAVEN_WITHIN = 600.0


class EngineError(RuntimeError):
    """What an engine answered instead of rows."""


@dataclass
class Engine:
    """An engine in a process of its own, asked a JSON line at a time."""

    process: subprocess.Popen[str]

    def ask(self, request: object) -> dict[str, Any]:
        """The answer to one request. Raises `EngineError`."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise EngineError("the engine ended")
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise EngineError(found["error"])
        return found

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


class Spark(Engine):
    """A Spark session."""

    def sql(self, statement: str) -> list[list[Any]]:
        """The rows of a statement, dates and times as ISO texts. Raises `EngineError`."""
        return self.ask(statement)["rows"]  # type: ignore[no-any-return]

    def types(self, statement: str) -> dict[str, str]:
        """The columns of a statement and their types, in order."""
        return dict(self.ask(statement)["columns"])


class Trino(Engine):
    """Trino without catalogs: its parser, and what needs no table but values."""

    def parse(self, statement: str) -> None:
        """Raises `EngineError` where it is no statement of Trino's."""
        self.ask({"parse": statement})

    def run(self, statement: str) -> dict[str, Any]:
        """Columns with their types, and rows as texts. Raises `EngineError`."""
        return self.ask({"run": statement})


def jars(name: str) -> list[str]:
    """What `<name>.pom.xml` names and all that needs, as Maven fetches them."""
    for program in ("java", "mvn"):
        assert shutil.which(program), f"the engines need {program} on the PATH (Java 17 and Maven)"
    listed, pom = ROOT / ".tools" / f"{name}-jars" / "classpath", HERE / f"{name}.pom.xml"
    if not (listed.exists() and listed.stat().st_mtime > pom.stat().st_mtime):
        listed.parent.mkdir(parents=True, exist_ok=True)
        maven = ["mvn", "-q", "-B", "-f", str(pom), "dependency:build-classpath"]
        subprocess.run([*maven, f"-Dmdep.outputFile={listed}"], check=True, timeout=_MAVEN_WITHIN)
    return listed.read_text().strip().split(os.pathsep)


@contextmanager
def running(command: list[Any], directory: Path, environment: dict[str, str]) -> Iterator[Any]:
    """A process that answers over its pipes; its log is told when it fails."""
    log = directory / "engine.log"
    with log.open("w") as sink:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
            cwd=directory,
            env={**os.environ, **environment},
        )
        try:
            yield process
        except EngineError as error:
            error.add_note(log.read_text()[-4000:])
            raise


@pytest.fixture
def trino(tmp_path: Path) -> Iterator[Trino]:
    command = ["java", "-Xmx1g", "-cp", os.pathsep.join(jars("trino")), HERE / "Trino.java"]
    with running(command, tmp_path, {"TZ": "UTC"}) as process:
        session = Trino(process)
        try:
            yield session
        finally:
            session.close()


@pytest.fixture
def spark(
    lake_settings: LakeSettings,  # noqa: F811
    aws: LocalAws,
    tmp_path: Path,
) -> Iterator[Spark]:
    """Spark as a stranger would set it up: the catalog by JDBC, the files by Iceberg's own S3 client."""
    python = python_of("spark", HERE / "requirements.txt")
    configuration = json.dumps(_configuration(jars("spark"), lake_settings, aws, tmp_path))
    environment = {**aws.variables(), "SPARK_LOCAL_IP": "127.0.0.1", "TZ": "UTC"}
    with running([python, HERE / "spark_session.py", configuration], tmp_path, environment) as process:
        session = Spark(process)
        try:
            session.read()  # it says its version when it is ready
            yield session
        finally:
            session.close()


def _configuration(
    classpath: list[str], settings: LakeSettings, aws: LocalAws, directory: Path
) -> dict[str, str]:
    url = make_url(str(settings.catalog_url))
    variables = aws.variables()
    catalog = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        "type": "jdbc",
        "uri": f"jdbc:postgresql://{url.host}:{url.port}/{url.database}",
        "jdbc.user": str(url.username),
        "jdbc.password": str(url.password),
        "jdbc.schema-version": "V1",
        "warehouse": settings.warehouse,
        "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        "s3.endpoint": aws.endpoint,
        "s3.path-style-access": "true",
        "s3.access-key-id": variables["AWS_ACCESS_KEY_ID"],
        "s3.secret-access-key": variables["AWS_SECRET_ACCESS_KEY"],
        "client.region": variables["AWS_REGION"],
        "cache-enabled": "false",
    }
    return {
        "spark.master": "local[1]",
        "spark.jars": ",".join(classpath),
        "spark.driver.memory": "1g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(directory / "spark-warehouse"),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        **{f"spark.sql.catalog.{CATALOG}{'.' if key else ''}{key}": value for key, value in catalog.items()},
    }
