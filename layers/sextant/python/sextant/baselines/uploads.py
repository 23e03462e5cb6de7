"""A tenant's upload of a baseline: its tables read and checked, put into object storage, and stored as a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sextant.baselines import repository
from sextant.baselines.model import TABLES, Baseline
from sextant.baselines.systems import packed_location
from sextant.baselines.tables import TableStore, digest_of, system_of
from sextant.engine import SystemData
from sextant.engine.packed import packed
from sextant.engine.vocabulary import vocabulary_of
from sextant.errors import ConflictError
from sextant.identity import Caller
from sextant.ids import TenantId, new_id
from sextant.storage import Session
from sextant.storage.errors import UniqueViolation

_NEVER = datetime.fromtimestamp(0, UTC)  # the database stamps the row


class BaselineRaceError(ConflictError):
    """Another version of this baseline was stored at the same moment; send it again."""

    code, title = "baseline_changed", "Baseline changed"


@dataclass(frozen=True)
class Upload:
    """Tables that were read and checked, and where they lie once they are put."""

    name: str
    tables: Mapping[str, bytes]
    options: Mapping[str, Any]
    system: SystemData
    digest: str
    location: str


def read(
    warehouse: str, tenant: TenantId, *, name: str, tables: Mapping[str, bytes], options: Mapping[str, Any]
) -> Upload:
    """Read and check the tables, before anything is stored; raises `InvalidBaselineError`."""
    location = f"{warehouse.rstrip('/')}/baselines/{tenant}/{new_id()}"
    system = system_of(tables, options, name, 1)
    return Upload(name, tables, options, system, digest_of(tables, options), location)


def unchanged(session: Session, upload: Upload) -> Baseline | None:
    """The newest version of the baseline, if it has these very tables and options; nothing needs to be stored then."""
    return _same(session, repository.newest_by_name(session, upload.name), upload)


def _same(session: Session, newest: Baseline | None, upload: Upload) -> Baseline | None:
    """The newest version, where it has the upload's tables and options and was not deleted."""
    if newest is None or newest.digest != upload.digest or repository.is_deleted(session, newest):
        return None
    return newest


def becomes(session: Session, upload: Upload) -> tuple[int, bool]:
    """Which version the upload would be, and whether it is stored as that one already."""
    newest = repository.newest_by_name(session, upload.name)
    if (same := _same(session, newest, upload)) is not None:
        return same.version, True
    return (newest.version + 1 if newest else 1), False


def put(objects: TableStore, upload: Upload) -> None:
    """Put the tables, and the system in the form that loads at once, into object storage; no session is needed.

    A process that is killed afterwards leaves objects that nothing refers to.
    """
    for table, content in upload.tables.items():
        objects.put(f"{upload.location}/{table}", content)
    objects.put(packed_location(upload.location), packed(upload.system))


def store(session: Session, upload: Upload, caller: Caller) -> Baseline:
    """Store the next version of the baseline; its tables were put before, as the row refers to them.

    The same tables and options as the newest version's make no new version.
    """
    newest = repository.newest_by_name(session, upload.name)
    if (same := _same(session, newest, upload)) is not None:
        return same
    made = Baseline(
        tenant_id=session.tenant_id,
        id=newest.id if newest else new_id(),
        version=newest.version + 1 if newest else 1,
        name=newest.name if newest else upload.name,
        location=upload.location,
        digest=upload.digest,
        options={**upload.options, "tables": [table for table in TABLES if table in upload.tables]},
        summary=summary_of(upload.system),
        created_at=_NEVER,
        created_by=caller.subject,
    )
    try:
        return repository.insert(session, made, vocabulary_of(upload.system).document())
    except UniqueViolation as error:
        raise BaselineRaceError from error


def summary_of(system: SystemData) -> dict[str, Any]:
    """What a user sees of a baseline: its years, its hours and its fleet."""
    capacity: dict[str, float] = {}
    for unit in system.units:
        capacity[unit.technology] = capacity.get(unit.technology, 0.0) + unit.capacity_mw
    return {
        "years": [int(system.years[0]), int(system.years[-1])],
        "hours": len(system.weights),
        **({"weather_years": [weather.year for weather in system.weather]} if system.weather else {}),
        "units": len(system.units),
        "capacity_mw": capacity,
        "fuels": sorted(system.fuel_prices),
        "currency": system.currency,
        "warnings": [asdict(note) for note in system.notes],
    }
