"""Where the lake is. Imports no pyiceberg, so that a worker, which only writes data files, starts without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sextant.lake.table import columns

CatalogKind = Literal["sql", "glue"]


@dataclass(frozen=True)
class LakeSettings:
    """Where the lake is: `warehouse` (`s3://bucket/prefix`), the catalog's kind, for SQL its URL
    (`postgresql+psycopg://…`, a database or schema of its own), and the AWS region and endpoint where
    they differ from the environment's."""

    warehouse: str
    catalog: CatalogKind
    catalog_url: str | None = None
    region: str | None = None
    endpoint_url: str | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> LakeSettings:
        """Settings from SEXTANT_WAREHOUSE, SEXTANT_CATALOG, SEXTANT_CATALOG_URL and AWS_REGION.

        Raises ValueError naming the variable that is missing or wrong.
        """
        warehouse = env.get("SEXTANT_WAREHOUSE")
        if not warehouse:
            raise ValueError("SEXTANT_WAREHOUSE is not set")
        kind = env.get("SEXTANT_CATALOG", "glue")
        if kind not in ("sql", "glue"):
            raise ValueError(f"SEXTANT_CATALOG is sql or glue, not {kind!r}")
        url = env.get("SEXTANT_CATALOG_URL")
        if kind == "sql" and not url:
            raise ValueError("SEXTANT_CATALOG_URL is not set, and SEXTANT_CATALOG is sql")
        return cls(warehouse, "sql" if kind == "sql" else "glue", url, env.get("AWS_REGION"))

    @property
    def table_location(self) -> str:
        return columns.table_location(self.warehouse)
