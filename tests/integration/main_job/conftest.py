"""The parts of the main job in one process: the API's handler, a worker, the committer, real Postgres and S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from pyiceberg.table import Table

from local.aws import LocalAws, Resources
from local.database import DatabaseUrls
from sextant.config import CODE_VERSION
from sextant.execution.worker import Worker
from sextant.identity import Caller
from sextant.ids import RunId, ScenarioId, TenantId, new_id
from sextant.lake.objects.store import s3_store
from sextant.lake.table.catalog import disconnect, load_table
from sextant.lake.table.columns import HOURLY, OUTPUTS, Definition
from sextant.lake.table.settings import LakeSettings
from sextant.outputs import service as outputs
from sextant.outputs.publication import publish
from sextant.runs import service as runs
from sextant.runs.model import RequestedRun, Run
from sextant.runs.options import RunOptions
from sextant.scenarios import service as scenarios
from sextant.scenarios.documents import ScenarioDocument
from sextant.storage import ALL_TENANTS, Database, DatabaseSettings, PlatformDatabase

TENANT = TenantId("acme")

# Few years and no attribution: these tests are about what happens around the engine.
QUICK = {"start_year": 2026, "end_year": 2027, "attribution": False}


@dataclass(frozen=True)
class MainJob:
    """Steps of the main job, each as the function that does it would."""

    app_url: str
    app: Database
    platform: PlatformDatabase
    lake: LakeSettings
    worker: Worker

    def caller(self, tenant: TenantId = TENANT) -> Caller:
        return Caller(tenant, "ana", frozenset({"admin"}), "req", "corr")

    def scenario(self, name: str = "s", tenant: TenantId = TENANT, **fields: Any) -> ScenarioId:
        document = ScenarioDocument.model_validate({"name": name, "parameters": QUICK, **fields})
        return self.app.run(tenant, lambda s: scenarios.create(s, document, self.caller(tenant))).id

    def request(self, scenario: ScenarioId, tenant: TenantId = TENANT, **options: Any) -> RequestedRun:
        asked = RunOptions.model_validate(options)
        with self.app.autocommit(tenant) as session:
            return runs.request(session, scenario, asked, CODE_VERSION, self.caller(tenant))

    def work(self, run: RunId, tenant: TenantId = TENANT) -> str:
        return self.worker.execute(tenant, run, lambda: 900.0)

    def commit(self, may_go_on: Callable[[], bool] = lambda: True) -> int:
        table = load_table(self.lake)

        return outputs.commit_waiting(
            self.platform,
            partial(publish, table, self.hourly),
            owner=f"committer-{new_id()}",
            lease=timedelta(seconds=30),
            limit=1000,
            may_go_on=may_go_on,
        )

    def hourly(self) -> Table:
        """The table of hourly outputs."""
        return load_table(self.lake, HOURLY)

    def run(self, scenario: ScenarioId, run: RunId, tenant: TenantId = TENANT) -> Run:
        with self.app.autocommit(tenant) as session:
            return runs.get(session, scenario, run)

    def rows_by_run(self, definition: Definition = OUTPUTS) -> dict[UUID, int]:
        """How many rows of each run stand in a table, counted by another reader than ours."""
        table = load_table(self.lake, definition)
        if table.current_snapshot() is None:
            return {}
        counted = (
            table.scan(selected_fields=("run_id",))
            .to_arrow()
            .group_by("run_id")
            .aggregate([([], "count_all")])
        )
        return {UUID(row["run_id"]): row["count_all"] for row in counted.to_pylist()}

    def sql(self, query: str, *params: object) -> list[tuple[Any, ...]]:
        with self.platform.autocommit(ALL_TENANTS) as session:
            return session.fetch_all(query, params, row=tuple)


@pytest.fixture
def main_job(
    database: DatabaseUrls, aws: LocalAws, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainJob]:
    for name, value in aws.variables().items():
        monkeypatch.setenv(name, value)
    lake = LakeSettings(
        warehouse=f"s3://{resources.bucket}/warehouse",
        catalog="sql",
        catalog_url=database.catalog,
        region=aws.variables()["AWS_REGION"],
        endpoint_url=aws.endpoint,
    )
    app = Database.connect(DatabaseSettings(url=database.app))
    platform = PlatformDatabase.connect(DatabaseSettings(url=database.platform))
    worker = Worker(
        name="worker",
        database=platform,
        store=s3_store(lake.region, lake.endpoint_url),
        table_location=lake.table_location,
        hourly_location=lake.hourly_location,
        lease=timedelta(seconds=30),
        memory_gb=1.0,
    )
    yield MainJob(database.app, app, platform, lake, worker)
    disconnect(lake)
    app.close()
    platform.close()
