"""Where the lake is. Imports no pyiceberg, so that a worker, which only writes data files, starts without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sextant.config import ConfigurationError, Settings, choice, optional, text
from sextant.lake.table.columns import HOURLY, OUTPUTS, Definition

CatalogKind = Literal["sql", "glue"]


@dataclass(frozen=True)
class LakeSettings(Settings):
    """Where the lake is, and the AWS region and endpoint where they differ from the environment's."""

    warehouse: str = text("SEXTANT_WAREHOUSE", "Where the lake's objects are: `s3://bucket/prefix`")
    catalog: CatalogKind = choice(
        "SEXTANT_CATALOG", "What keeps the table's present version", "glue", ("sql", "glue")
    )
    catalog_url: str | None = optional(
        "SEXTANT_CATALOG_URL", "The SQL catalog's database: `postgresql+psycopg://…`", secret=True
    )
    region: str | None = optional("AWS_REGION", "Set by Lambda: the region of bucket and catalog")
    endpoint_url: str | None = None

    def __post_init__(self) -> None:
        if self.catalog == "sql" and not self.catalog_url:
            raise ConfigurationError(
                "SEXTANT_CATALOG_URL is not set: it must be a URL, as SEXTANT_CATALOG is sql"
            )

    @property
    def table_location(self) -> str:
        """Where the table of outputs lies."""
        return self.location_of(OUTPUTS)

    @property
    def hourly_location(self) -> str:
        """Where the table of hourly outputs lies."""
        return self.location_of(HOURLY)

    def location_of(self, table: Definition) -> str:
        """Where a table lies."""
        return table.location(self.warehouse)
