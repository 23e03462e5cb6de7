"""A tenant's own baselines: checked, stored in object storage, versioned, read back as the engine's system."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from sextant.baselines import repository
from sextant.baselines.model import TABLES, Baseline, BaselineReference
from sextant.errors import ConflictError, FieldError, NotFoundError, ValidationError
from sextant.identity import Caller
from sextant.ids import TenantId, new_id
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session
from sextant.storage.errors import UniqueViolation

if TYPE_CHECKING:
    from sextant.engine import SystemData
    from sextant.engine.baseline import Row

_NEVER = datetime.fromtimestamp(0, UTC)  # the database stamps the row
PARQUET_MAGIC = b"PAR1"

# Every hour of sixty years, the most a baseline may have, and some room.
MAX_ROWS = 600_000
MAX_COLUMNS = 500
MAX_CELLS = 5_000_000
MAX_TABLE_BYTES = 64 * 1024 * 1024


class TableStore(Protocol):
    """Where tables lie; the lake's object stores are such."""

    def get(self, location: str) -> bytes: ...

    def put(self, location: str, data: bytes) -> object: ...


class InvalidBaselineError(ValidationError):
    """The tables break rules; each is named by table, row and column."""

    code, title = "invalid_baseline", "Invalid baseline"


class BaselineNotFoundError(NotFoundError):
    """There is no such baseline."""

    code, title = "baseline_not_found", "Baseline not found"


class BaselineRaceError(ConflictError):
    """Another version of this baseline was stored at the same moment; send it again."""

    code, title = "baseline_changed", "Baseline changed"


def system_of(tables: Mapping[str, bytes], options: Mapping[str, Any], name: str, version: int) -> SystemData:
    """The system that the tables (CSV or Parquet, by their content) describe; raises `InvalidBaselineError`."""
    # Reading outputs, which the same function serves, needs no engine: its start would pay for it.
    from sextant.engine import BaselineError, ModelInputError, baseline_from_tables

    rows = {table: _rows(table, content) for table, content in tables.items()}
    try:
        return baseline_from_tables(
            rows.get("units", []),
            rows.get("load", []),
            rows.get("profiles", []),
            rows.get("prices", []),
            name=name,
            version=str(version),
            **options,
        )
    except BaselineError as error:
        errors = [
            FieldError(
                f"tables.{wrong.table}[{wrong.row}].{wrong.column}".rstrip("."), "baseline", str(wrong)
            )
            for wrong in error.errors
        ]
        raise InvalidBaselineError(
            f"{errors[0].message}."
            if len(errors) == 1
            else f"{len(errors)} rules are broken; the first: {errors[0].message}.",
            errors=errors,
        ) from error
    except ModelInputError as error:
        raise InvalidBaselineError(
            str(error), errors=[FieldError(error.path, "baseline", error.rule)]
        ) from error


def check(tables: Mapping[str, bytes], options: Mapping[str, Any], name: str) -> SystemData:
    """The system that the tables describe, before anything is stored."""
    return system_of(tables, options, name, 1)


def store(
    session: Session,
    objects: TableStore,
    warehouse: str,
    caller: Caller,
    *,
    name: str,
    tables: Mapping[str, bytes],
    options: Mapping[str, Any],
) -> Baseline:
    """Store the next version of the baseline `name`: the tables first, then the row that refers to them.

    A process that is killed between the two leaves tables that nothing refers to. The same tables and options, stored
    again, make no new version.
    """
    newest = repository.newest_by_name(session, name)
    digest = _digest(tables, options)
    if newest is not None and newest.digest == digest:
        return newest
    version = newest.version + 1 if newest else 1
    system = system_of(tables, options, name, version)
    baseline = newest.id if newest else new_id()
    location = f"{warehouse.rstrip('/')}/baselines/{session.tenant_id}/{baseline}/{version}-{digest[:16]}"
    for table, content in tables.items():
        objects.put(f"{location}/{table}", content)
    made = Baseline(
        tenant_id=session.tenant_id,
        id=baseline,
        version=version,
        name=newest.name if newest else name,
        location=location,
        digest=digest,
        options={**options, "tables": [table for table in TABLES if table in tables]},
        summary=summary_of(system),
        created_at=_NEVER,
        created_by=caller.subject,
    )
    try:
        return repository.insert(session, made)
    except UniqueViolation as error:
        raise BaselineRaceError from error


def load(session: Session, objects: TableStore, tenant: TenantId, reference: BaselineReference) -> SystemData:
    """The system that a run pinned, from its tables. Raises `BaselineNotFoundError`, and `InvalidBaselineError` where the
    tables were altered."""
    baseline = repository.get(session, tenant, reference)
    if baseline is None:
        raise BaselineNotFoundError
    options = dict(baseline.options)
    tables = {table: objects.get(f"{baseline.location}/{table}") for table in options.pop("tables")}
    if _digest(tables, options) != baseline.digest:
        raise InvalidBaselineError("The stored tables are not the ones that were checked.")
    return system_of(tables, options, baseline.name, baseline.version)


def versions(session: Session, baseline: UUID) -> list[Baseline]:
    stored = repository.versions(session, baseline)
    if not stored:
        raise BaselineNotFoundError
    return stored


def list_baselines(session: Session, request: PageRequest) -> Page[Baseline]:
    return page(repository.list_page(session, request), request, lambda baseline: baseline.id)


def summary_of(system: SystemData) -> dict[str, Any]:
    """What a user sees of a baseline: its years, its hours and its fleet."""
    capacity: dict[str, float] = {}
    for unit in system.units:
        capacity[unit.technology] = capacity.get(unit.technology, 0.0) + unit.capacity_mw
    return {
        "years": [int(system.years[0]), int(system.years[-1])],
        "hours": len(system.weights),
        "units": len(system.units),
        "capacity_mw": capacity,
        "fuels": sorted(system.fuel_prices),
    }


def _rows(table: str, content: bytes) -> list[Row]:
    from sextant.engine import rows_from_csv

    if len(content) > MAX_TABLE_BYTES:
        raise _unreadable(table, "too_large", f"must not exceed {MAX_TABLE_BYTES:,} bytes")
    try:
        if content.startswith(PARQUET_MAGIC):
            return _parquet_rows(table, content)
        text = content.decode("utf-8-sig")
        if text.count("\n") > MAX_ROWS:
            raise _unreadable(table, "too_long", f"must not have more than {MAX_ROWS:,} rows")
        return list(rows_from_csv(text))
    except (pa.ArrowException, OSError, csv.Error, UnicodeDecodeError) as error:
        raise _unreadable(table, "format", "must be CSV in UTF-8 with a header, or Parquet") from error
    except ValueError as error:
        raise _unreadable(table, "shape", f"must be a table with one cell a column: {error}") from error


def _parquet_rows(table: str, content: bytes) -> list[Row]:
    """The rows, read only after the footer says that they are few: kilobytes may hold millions of equal rows."""
    file = pq.ParquetFile(io.BytesIO(content))
    footer = file.metadata
    if footer.num_rows > MAX_ROWS:
        raise _unreadable(table, "too_long", f"must not have more than {MAX_ROWS:,} rows")
    if footer.num_columns > MAX_COLUMNS:
        raise _unreadable(table, "too_wide", f"must not have more than {MAX_COLUMNS} columns")
    if footer.num_rows * footer.num_columns > MAX_CELLS:
        raise _unreadable(table, "too_large", f"must not have more than {MAX_CELLS:,} cells")
    if (
        sum(footer.row_group(index).total_byte_size for index in range(footer.num_row_groups))
        > MAX_TABLE_BYTES
    ):
        raise _unreadable(table, "too_large", f"must not exceed {MAX_TABLE_BYTES:,} bytes when unpacked")
    for field in file.schema_arrow:
        if pa.types.is_nested(field.type):
            raise _unreadable(
                table, "nested", f"must be flat: {field.name[:64]!r} has more than one value a row"
            )
    return list(file.read().to_pylist())


def _unreadable(table: str, rule: str, message: str) -> InvalidBaselineError:
    return InvalidBaselineError(
        f"The table {table} cannot be read: it {message}.",
        errors=[FieldError(f"tables.{table}", rule, message)],
    )


def _digest(tables: Mapping[str, bytes], options: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(repr(sorted(options.items())).encode())
    for table in TABLES:
        if table in tables:
            digest.update(table.encode() + hashlib.sha256(tables[table]).digest())
    return digest.hexdigest()


def locations(session: Session) -> list[str]:
    """Where the tables of every tenant's baselines lie."""
    return repository.locations(session)
