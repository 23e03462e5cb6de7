"""A fresh lake on local S3, its catalog in a database of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from pyiceberg.manifest import clear_manifest_cache
from pyiceberg.table import Table

from local.aws import LocalAws
from local.database import DatabaseUrls
from sextant.ids import new_id
from sextant.lake.objects.file_io import forget_cached_files
from sextant.lake.objects.store import S3Store, s3_store
from sextant.lake.read.data_file import forget_data
from sextant.lake.read.plan import forget_plans
from sextant.lake.read.query import OutputFilter, PageKey
from sextant.lake.read.reader import read_page
from sextant.lake.table.catalog import load_table
from sextant.lake.table.settings import LakeSettings
from sextant.lake.write.commit import commit_batch
from sextant.lake.write.compaction import CompactionPolicy, compact
from sextant.lake.write.datafile import DataFileDescriptor, write_run
from sextant.lake.write.rows import OutputRows, RunIdentity
from tests.unit.lake.samples import Fact, facts, identity, some_rows


@dataclass
class Lake:
    """One table, and what was written to it."""

    settings: LakeSettings
    store: S3Store
    written: dict[UUID, list[Fact]] = field(default_factory=dict)

    def table(self) -> Table:
        return load_table(self.settings)

    def write(
        self, run: RunIdentity, rows: OutputRows | None = None, *, token: int = 1
    ) -> DataFileDescriptor:
        rows = rows if rows is not None else some_rows(20)
        self.written[run.run_id] = facts(rows, run)
        return write_run(self.store, self.settings.table_location, rows, run, token)

    def commit(self, *descriptors: DataFileDescriptor, batch: UUID | None = None) -> int:
        return commit_batch(self.table(), batch or new_id(), descriptors)

    def rows_per_run(self) -> dict[UUID, int]:
        """How often each run's rows stand in the table, by a plain Iceberg scan."""
        runs = self.table().scan(selected_fields=("run_id",)).to_arrow()["run_id"]
        return {UUID(run): count for run, count in Counter(runs.to_pylist()).items()}

    def pages(
        self, tenant: str, scenario: UUID, where: OutputFilter, limit: int, table: Table | None = None
    ) -> list[Fact]:
        """All pages of a scenario, one after another, from one snapshot."""
        table = table or self.table()
        found: list[Fact] = []
        snapshot_id: int | None = None
        after: PageKey | None = None
        while True:
            page = read_page(
                table, tenant, str(scenario), where, limit=limit, snapshot_id=snapshot_id, after=after
            )
            found += [Fact(*row.key[:4], value=row.value) for row in page.rows]
            if page.next is None:
                return found
            assert len(page.rows) == limit
            snapshot_id, after = page.snapshot_id, page.next

    @contextmanager
    def requests(self) -> Iterator[Counter[str]]:
        """Counts the HTTP requests to S3 sent within the block, by method."""
        before = self.store.requests.copy()
        sent: Counter[str] = Counter()
        yield sent
        sent.update(self.store.requests - before)


def begin_cold() -> None:
    """Forget everything a warm process would know."""
    forget_cached_files()
    forget_plans()
    forget_data()
    clear_manifest_cache()


@pytest.fixture
def lake_settings(
    aws: LocalAws, empty_database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> LakeSettings:
    for name, value in aws.variables().items():
        monkeypatch.setenv(name, value)
    bucket = f"t-{empty_database.name.replace('_', '-')}"
    aws.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.variables()["AWS_REGION"]}
    )
    return LakeSettings(
        warehouse=f"s3://{bucket}/warehouse",
        catalog="sql",
        catalog_url=empty_database.catalog,
        region=aws.variables()["AWS_REGION"],
        endpoint_url=aws.endpoint,
    )


@pytest.fixture
def lake(lake_settings: LakeSettings) -> Iterator[Lake]:
    begin_cold()
    made = Lake(lake_settings, s3_store(lake_settings.region, lake_settings.endpoint_url))
    table = made.table()
    yield made
    table.catalog.close()


def compacted_scenario(lake: Lake) -> UUID:
    """A scenario in a table that was committed to, compacted, and committed to again."""
    made = new_id()
    for number in range(4):
        runs = [identity(scenario=made), identity("beta")]
        lake.commit(*(lake.write(run, some_rows(120, seed=number)) for run in runs))
    compact(lake.table(), CompactionPolicy(least_files=2))
    lake.commit(lake.write(identity(scenario=made), some_rows(120, seed=9)))
    return made
