"""The systems of baselines, ready to compute with: read from the form that loads at once, and the last few kept."""

from __future__ import annotations

import logging

from cachetools import LRUCache

from sextant.baselines import repository
from sextant.baselines.model import Baseline, BaselineReference
from sextant.baselines.service import BaselineNotFoundError
from sextant.baselines.tables import InvalidBaselineError, TableStore, digest_of, system_of
from sextant.engine import SystemData
from sextant.engine.packed import FORM, NotPackedError, packed, unpacked
from sextant.ids import TenantId
from sextant.storage import ALL_TENANTS, PlatformDatabase

KEPT = 4
"""Systems that a process keeps; the largest has some 50 MB."""

logger = logging.getLogger(__name__)


_PACKED = "system-"


def packed_location(location: str) -> str:
    """Where the system of the tables at `location` lies in the form of this version of the code."""
    return f"{location}/{_PACKED}{FORM}"


def is_outdated(place: str, location: str) -> bool:
    """Whether `place` holds the tables at `location` in the form of another version of the code, which that makes anew."""
    return place.startswith(f"{location}/{_PACKED}") and place != packed_location(location)


class Systems:
    """Gives the systems that runs pinned; a version never changes, so what was loaded once stays right."""

    def __init__(self, database: PlatformDatabase, objects: TableStore) -> None:
        self._database = database
        self._objects = objects
        self._kept: LRUCache[tuple[TenantId, BaselineReference], SystemData] = LRUCache(KEPT)

    def get(self, tenant: TenantId, reference: BaselineReference) -> SystemData:
        """The system. No session is open while it is loaded.

        Raises `BaselineNotFoundError`, and `InvalidBaselineError` where the tables were altered.
        """
        key = (tenant, reference)
        system = self._kept.get(key)
        if system is None:
            baseline = self._database.run(
                ALL_TENANTS, lambda session: repository.get(session, tenant, reference), idempotent=True
            )
            if baseline is None:
                raise BaselineNotFoundError
            system = self._kept[key] = load(self._objects, baseline)
        return system


def load(objects: TableStore, baseline: Baseline) -> SystemData:
    """The system of a baseline, from the form that loads at once or else from its tables.

    Raises `InvalidBaselineError` where the tables were altered.
    """
    place = packed_location(baseline.location)
    try:
        return unpacked(objects.get(place), name=baseline.name, version=str(baseline.version))
    except FileNotFoundError:
        pass  # uploaded to another version of the code
    except NotPackedError as error:
        logger.warning("packed system is unreadable and made anew", extra={"place": place, "why": str(error)})
    system = _read(objects, baseline)
    objects.put(place, packed(system))
    return system


def _read(objects: TableStore, baseline: Baseline) -> SystemData:
    options = dict(baseline.options)
    tables = {table: objects.get(f"{baseline.location}/{table}") for table in options.pop("tables")}
    if digest_of(tables, options) != baseline.digest:
        raise InvalidBaselineError("The stored tables are not the ones that were checked.")
    return system_of(tables, options, baseline.name, baseline.version)
