"""The dbt package's sources: the lake's tables with their columns, as the lake itself describes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sextant.lake.table.columns import HOURLY, NAMESPACE, OUTPUTS, Definition

ROOT = Path(__file__).resolve().parents[2]
_HEAD = (
    "# Made from the code by `python -m tools.docs dbt_sources`; `make check` fails where it has drifted.\n"
)
_ABOUT = {
    OUTPUTS.name: "What runs computed, by year: a row a run, metric, date and set of tags. Only whole runs stand in it, each once.",
    HOURLY.name: "The hours of runs that asked for them.",
}
_LOCATIONS = {OUTPUTS.name: "SEXTANT_OUTPUT_LOCATION", HOURLY.name: "SEXTANT_HOURLY_LOCATION"}


def files() -> Mapping[Path, str]:
    document = {
        "version": 2,
        "sources": [
            {
                "name": "sextant",
                "description": "The lake's Iceberg tables (docs/lake.md).",
                "database": "{{ target.database if target.type == 'duckdb' else var('sextant_catalog') }}",
                "schema": "{{ var('sextant_schema') }}",
                "tables": [_table(table) for table in (OUTPUTS, HOURLY)],
            }
        ],
    }
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    return {ROOT / "dbt/models/staging/_sources.yml": _HEAD + text}


def _table(table: Definition) -> dict[str, Any]:
    config: dict[str, Any] = {
        # DuckDB reads it from here: `iceberg_scan('s3://…/metadata.json')`, or a table of an attached catalog.
        "external_location": f"{{{{ env_var('{_LOCATIONS[table.name]}', '{NAMESPACE}.{table.name}') }}}}",
        "loaded_at_field": "computed_ts",
    }
    if table is OUTPUTS:
        config["freshness"] = {"warn_after": {"count": 7, "period": "day"}}
    return {
        "name": table.name,
        "description": _ABOUT[table.name],
        "config": config,
        "columns": [
            {
                "name": column.name,
                "description": column.doc[:1].upper() + column.doc[1:] + ".",
                **({"data_tests": ["not_null"]} if column.required and table is OUTPUTS else {}),
            }
            for column in table.columns
        ],
    }
