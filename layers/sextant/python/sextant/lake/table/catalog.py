"""The tables, through their catalog: Glue on AWS, SQL on Postgres locally.

The catalog decides every race: both kinds move the table by compare-and-set, so of two writers that
saw the same version one fails with CommitFailedException.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import cache
from typing import Final

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationError,
)
from pyiceberg.table import Table

from sextant.lake.errors import CorruptFileError, MissingFileError
from sextant.lake.objects import file_io
from sextant.lake.table import iceberg
from sextant.lake.table.columns import NAMESPACE, OUTPUTS, TABLES, Definition
from sextant.lake.table.settings import LakeSettings

logger = logging.getLogger(__name__)

CATALOG_NAME: Final = "sextant"
# How often the table is asked for again where the metadata that its catalog named is gone.
_RELOADS: Final = 5

_making = threading.Lock()


def load_table(settings: LakeSettings, definition: Definition = OUTPUTS) -> Table:
    """A table as it stands now, made if it isn't there yet; safe to call from many processes at once.

    The catalog and its connections are kept for the process; the table's state is always fresh. Raises UnreadableFileError
    where its metadata is missing or damaged.
    """
    catalog = _catalog(settings)

    def load() -> Table:
        try:
            return catalog.load_table(definition.identifier)
        except NoSuchTableError:
            _create(catalog, settings, definition)
            return catalog.load_table(definition.identifier)

    return _current(load, settings.location_of(definition))


def definition_of(table: Table) -> Definition:
    """Which of our tables it is."""
    return TABLES[table.name()[-1]]


def refresh(table: Table) -> None:
    """Have `table` stand as the catalog has it now.

    Raises UnreadableFileError as `load_table` does.
    """
    _current(table.refresh, table.metadata.location)


def _current(read: Callable[[], Table], location: str) -> Table:
    """What `read` gives of the table at `location`. Raises UnreadableFileError where its metadata is missing or damaged.

    Who is suspended between asking the catalog and reading the metadata it names (Lambda freezes processes) may find that
    deleted as long superseded; the catalog is then asked again.
    """
    for attempt in range(_RELOADS + 1):
        try:
            return read()
        except FileNotFoundError as error:
            if attempt == _RELOADS:
                raise MissingFileError(str(error)) from error
            logger.info("the table's metadata was superseded before it was read")
        except ValidationError as error:
            file_io.forget_cached_files()
            raise CorruptFileError(f"{location}/metadata/") from error
    raise AssertionError("the last attempt returns or raises")


def disconnect(settings: LakeSettings) -> None:
    """Close the connections that `load_table` keeps for these settings; the next call opens new ones."""
    _catalog(settings).close()


def _catalog(settings: LakeSettings) -> Catalog:
    # Under a lock: of two threads that made one at once, one's connections would be left to nobody.
    with _making:
        return _made(settings)


@cache
def _made(settings: LakeSettings) -> Catalog:
    properties = {"py-io-impl": f"{file_io.__name__}.LakeFileIO", "warehouse": settings.warehouse}
    if settings.region:
        properties |= {file_io.REGION: settings.region, "glue.region": settings.region}
    if settings.endpoint_url:
        properties |= {file_io.ENDPOINT: settings.endpoint_url, "glue.endpoint": settings.endpoint_url}
    if settings.catalog == "glue":
        return _glue_catalog(properties)
    if settings.catalog_url is None:
        raise ValueError("a SQL catalog needs a URL")
    return _sql_catalog({**properties, "uri": settings.catalog_url, "pool_pre_ping": "true"})


def _glue_catalog(properties: dict[str, str]) -> Catalog:
    from pyiceberg.catalog.glue import GlueCatalog

    return GlueCatalog(CATALOG_NAME, client=None, **properties)


def _sql_catalog(properties: dict[str, str]) -> Catalog:
    from sextant.lake.table.sql_catalog import RaceSafeSqlCatalog

    return RaceSafeSqlCatalog(CATALOG_NAME, **properties)


def _create(catalog: Catalog, settings: LakeSettings, definition: Definition) -> None:
    try:
        _create_table(catalog, settings, definition)
    except NoSuchNamespaceError:
        # Where a deployment made the namespace, its functions have no right to make one.
        try:
            catalog.create_namespace(NAMESPACE)
        except NamespaceAlreadyExistsError:
            logger.debug("another process made the namespace first")
        _create_table(catalog, settings, definition)


def _create_table(catalog: Catalog, settings: LakeSettings, definition: Definition) -> None:
    try:
        catalog.create_table(
            definition.identifier,
            schema=iceberg.schema_of(definition),
            location=settings.location_of(definition),
            partition_spec=iceberg.PARTITION_SPEC,
            sort_order=iceberg.SORT_ORDER,
            properties=iceberg.PROPERTIES,
        )
    except (TableAlreadyExistsError, CommitFailedException):
        logger.info("another process made the table first")
