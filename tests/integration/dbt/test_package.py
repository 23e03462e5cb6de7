"""The dbt package on DuckDB over the local lake's Iceberg table, and compiled for Athena."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from local.aws import LocalAws
from local.runtime_api import ROOT
from sextant.ids import new_id
from sextant.lake.write.rows import OutputRows
from tests.duck import connect
from tests.integration.lake.conftest import Lake, lake, lake_settings  # noqa: F401 - fixtures, shared
from tests.unit.lake.samples import identity, some_rows
from tools.environment import python_of

PACKAGE = ROOT / "dbt"
_EXTENSIONS = ("httpfs", "avro", "iceberg")


@dataclass(frozen=True)
class Dbt:
    """dbt in a copy of the package, and the database that it makes."""

    project: Path
    database: Path
    environment: dict[str, str]

    def run(self, *commands: list[str]) -> tuple[list[bool], str]:
        """Which of the commands succeeded, and what they printed."""
        done = subprocess.run(
            [_python(), Path(__file__).with_name("commands.py"), json.dumps(commands)],
            cwd=self.project,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1]), done.stdout

    def rows(self, query: str) -> list[tuple[object, ...]]:
        # Views read the table itself.
        with connect(self.environment) as connection:
            connection.execute(f"ATTACH '{self.database}' AS marts (READ_ONLY)")
            return connection.execute(f"USE marts; {query}").fetchall()


def _python() -> Path:
    return python_of("dbt", PACKAGE / "requirements.txt")


def _extension_directory(folder: Path) -> Path:
    """DuckDB's extensions from the package registry, laid where DuckDB looks for those that were installed."""
    python = _python()
    version = "import duckdb; print(duckdb.__version__); print(duckdb.sql('PRAGMA platform').fetchone()[0])"
    number, platform = subprocess.check_output([python, "-c", version], text=True).split()
    place = folder / f"v{number}" / platform
    place.mkdir(parents=True)
    for name in _EXTENSIONS:
        [file] = python.parents[1].rglob(f"{name}.duckdb_extension")
        shutil.copy(file, place)
    return folder


@pytest.fixture
def dbt(aws: LocalAws, tmp_path: Path) -> Dbt:
    project, database = tmp_path / "dbt", tmp_path / "marts.duckdb"
    shutil.copytree(PACKAGE, project, ignore=shutil.ignore_patterns("target", "logs"))
    variables = aws.variables()
    return Dbt(
        project,
        database,
        {
            **os.environ,
            **variables,
            "DBT_PROFILES_DIR": str(project),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "SEXTANT_DBT_DATABASE": str(database),
            "SEXTANT_DUCKDB_EXTENSIONS": str(_extension_directory(tmp_path / "extensions")),
            "SEXTANT_S3_ENDPOINT": urlsplit(variables["AWS_ENDPOINT_URL"]).netloc,
            "SEXTANT_S3_URL_STYLE": "path",
            "SEXTANT_S3_SSL": "false",
        },
    )


def location(lake: Lake) -> str:  # noqa: F811
    """The table as it stands, as DuckDB reads it."""
    return f"iceberg_scan('{lake.table().metadata_location}')"


def with_bands(count: int, *, seed: int, band: tuple[float, float]) -> OutputRows:
    return replace(some_rows(count, seed=seed), band_lower=[band[0]] * count, band_upper=[band[1]] * count)


def test_the_marts_say_what_each_scenarios_newest_run_says(lake: Lake, dbt: Dbt) -> None:  # noqa: F811
    # Given two tenants, and a scenario that ran twice, the newer run with bands
    acme, bolt = new_id(), new_id()
    earlier, newest, other = identity("acme", acme), identity("acme", acme), identity("bolt", bolt)
    lake.commit(
        lake.write(earlier, some_rows(40, seed=1)),
        lake.write(newest, with_bands(30, seed=2, band=(-3.0, 3.0))),
        lake.write(other, replace(some_rows(20, seed=3), band_lower=None, band_upper=None)),
    )
    dbt = replace(dbt, environment=dbt.environment | {"SEXTANT_OUTPUT_LOCATION": location(lake)})

    # When the package is built, its tests with it, and the sources' age is looked at
    (built, fresh), said = dbt.run(["build"], ["source", "freshness"])
    assert built, said
    assert fresh, said
    assert "WARN freshness of sextant.scenario_output" in said, "the rows are of 2026-11-21"

    # Then the marts hold the newest run of each scenario, with units and bands
    assert dbt.rows(
        "SELECT run_id, tenant_id, standing, output_rows, is_stochastic FROM mart_run ORDER BY run_id"
    ) == [
        (str(earlier.run_id), "acme", "EARLIER", 40, True),
        (str(newest.run_id), "acme", "NEWEST", 30, True),
        (str(other.run_id), "bolt", "NEWEST", 20, False),
    ]
    mart = dbt.rows("SELECT run_id, metric, asof_date, value FROM mart_scenario_output ORDER BY ALL")
    written = [fact for run in (newest, other) for fact in lake.written[run.run_id]]
    assert [row[:3] for row in mart] == sorted((fact.run_id, fact.metric, fact.asof_date) for fact in written)
    assert dbt.rows("SELECT DISTINCT band_width FROM mart_scenario_output WHERE tenant_id = 'acme'") == [
        (6.0,)
    ]
    assert dbt.rows("SELECT DISTINCT unit FROM mart_scenario_output WHERE metric = 'price'") == [("EUR/MWh",)]
    tagged = dbt.rows("SELECT DISTINCT technology, tags_text FROM stg_scenario_output ORDER BY ALL")
    assert ("solar", "technology=solar,zone=north") in tagged
    assert (None, "") in tagged

    # And every column is documented
    properties = {
        model["name"]: [column["name"] for column in model["columns"]]
        for file in sorted((PACKAGE / "models").rglob("_*.yml"))
        for model in yaml.safe_load(file.read_text()).get("models", [])
    }
    for model, documented in properties.items():
        assert [name for name, *_ in dbt.rows(f"DESCRIBE {model}")] == documented

    # And a broken band, and a tenant that is left out, are noticed
    lake.commit(lake.write(identity("acme", acme), with_bands(5, seed=4, band=(3.0, -3.0))))
    dbt = replace(dbt, environment=dbt.environment | {"SEXTANT_OUTPUT_LOCATION": location(lake)})
    only_acme = ["--vars", json.dumps({"sextant_tenants": ["acme"]})]
    outcomes, said = dbt.run(
        ["run", *only_acme], ["test", "--select", "assert_bands_are_in_order", *only_acme]
    )
    assert outcomes == [True, False], said
    assert dbt.rows("SELECT DISTINCT tenant_id FROM mart_run") == [("acme",)]


def test_it_compiles_for_athena_without_a_connection(dbt: Dbt) -> None:
    unset = {name: "" for name in dbt.environment if name.startswith("AWS_ENDPOINT_URL")}
    dbt = replace(dbt, environment=dbt.environment | unset)
    [compiled], said = dbt.run(["compile", "--target", "athena", "--no-introspect", "--no-populate-cache"])
    assert compiled, said
    staging = (dbt.project / "target/compiled/sextant/models/staging/stg_scenario_output.sql").read_text()
    assert "element_at(tags, 'technology')" in staging
    assert '"awsdatacatalog"."market"."scenario_output"' in staging
    mart = (dbt.project / "target/compiled/sextant/models/marts/mart_scenario_output.sql").read_text()
    assert '"awsdatacatalog"."sextant_marts"."mart_run"' in mart
