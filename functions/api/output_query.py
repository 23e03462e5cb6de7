"""What every reading of outputs has in common: its filters, and whether the caller may ask."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from aws_lambda_powertools.event_handler import Response

from functions.api.http.envelopes import Meta
from functions.api.http.parameters import broken, listed
from functions.api.output_parameters import check_switched_on
from functions.api.warehouse import warehouse
from sextant import bootstrap
from sextant.config import ConfigurationError
from sextant.exports.athena import AthenaSettings, athena
from sextant.exports.delivery import Exports
from sextant.identity import Caller
from sextant.ids import ScenarioId
from sextant.lake.errors import UnreadableFile
from sextant.lake.objects.store import EndpointSettings
from sextant.lake.read.export import CsvStyle, ExportFormat
from sextant.lake.read.query import OutputFilter
from sextant.lake.table.columns import HOURLY
from sextant.outputs import service, unreadable_files
from sextant.outputs.cache import OutputCache, OutputCacheSettings, RedisCache
from sextant.outputs.reading import OutputReader
from sextant.scenarios.errors import ScenarioNotFoundError

CACHE_BYTES = 64 * 1024 * 1024


class SnapshotMeta(Meta):
    snapshot_id: str | None = None
    """The state of the table that was read: as a parameter it gives the same again."""


def json_answer(data: Any, request_id: str, snapshot: int | None) -> Response[Any]:
    """The answer with `data` and the snapshot it was read from."""
    meta = {"request_id": request_id} | ({} if snapshot is None else {"snapshot_id": str(snapshot)})
    body = orjson.dumps({"data": data, "meta": meta}).decode()
    return Response(status_code=200, content_type="application/json", body=body)


@bootstrap.part
def reader() -> OutputReader:
    lake = warehouse()
    return OutputReader(lake.settings, lake.objects, _exports(), _report)


def _exports() -> Exports | None:
    """What keeps exports; None where the store gives no links. Raises `ConfigurationError` where Athena's could not be given."""
    lake = warehouse()
    queries = athena(bootstrap.settings(AthenaSettings), bootstrap.settings(EndpointSettings))
    if lake.links is None:
        if queries is not None:
            raise ConfigurationError("SEXTANT_WAREHOUSE must be on s3://, as SEXTANT_EXPORT_ENGINE is athena")
        return None
    return Exports(lake.settings.warehouse, lake.links, bootstrap.database(), queries)


@bootstrap.part
def hourly_reader() -> OutputReader:
    return replace(reader(), definition=HOURLY)


def reader_of(resolution: str | None) -> OutputReader:
    """The reader of the yearly results, or of the hourly ones."""
    return hourly_reader() if resolution == "hour" else reader()


def _report(file: UnreadableFile) -> None:
    unreadable_files.report(bootstrap.database(), bootstrap.operations_policies(), [file])


@bootstrap.part
def answers() -> OutputCache:
    url = bootstrap.settings(OutputCacheSettings).url
    return OutputCache(CACHE_BYTES, RedisCache.connect(url) if url else None)


def cached(
    caller: Caller, scenario: UUID, runs: Collection[UUID], question: str, read: Callable[[], bytes]
) -> bytes:
    """The answer to `question`, which is over `runs`, as the tenant's outputs stand now.

    Raises `ScenarioNotFoundError` where the caller's tenant has no such scenario.
    """
    return answers().answer(OutputCache.key(caller.tenant, readable(caller, scenario, runs), question), read)


def readable(caller: Caller, scenario: UUID, runs: Collection[UUID] = (), *, parameter: str = "runs") -> int:
    """The tenant's output version, where it has the scenario and outputs are not switched off.

    Raises `InvalidParameterError` where `parameter` names a run that the scenario does not have.
    """
    check_switched_on(caller)
    with bootstrap.database().autocommit(caller.tenant) as session:
        outputs = service.readable(session, ScenarioId(scenario), runs)
    if outputs is None:
        raise ScenarioNotFoundError
    if outputs.unknown_runs:
        raise broken(parameter, "exists", f"names {outputs.unknown_runs[0]}, which is no run of the scenario")
    return outputs.version


def csv_style(
    form: ExportFormat | None, separator: str | None, decimal: str | None, *, bom: bool | None
) -> CsvStyle:
    """The style that the parameters spell; raises `InvalidParameterError` where the answer is no CSV."""
    for name, value in (("separator", separator), ("decimal", decimal), ("bom", bom)):
        if value is not None and form is not ExportFormat.CSV:
            raise broken(name, "not_applicable", "goes only with CSV")
    if decimal == "comma" and separator in (None, "comma"):
        raise broken("decimal", "exclusive", "must not be comma where the separator is")
    return CsvStyle(
        {"semicolon": ";", "tab": "\t"}.get(separator or "", ","),
        "," if decimal == "comma" else ".",
        bool(bom),
    )


def check_names(
    caller: Caller,
    scenarios: Collection[ScenarioId],
    where: OutputFilter,
    snapshot: int | None,
    rows: OutputReader | None = None,
) -> None:
    """Tell a misspelt metric or tag from one without rows; to be called where a reading came out empty.

    `rows` is whose names count, the yearly ones' unless it is given.

    Raises `InvalidParameterError` for a name that none of the scenarios' rows has, unless they have no rows at all.
    """
    if where.metric is None and not where.tags:
        return
    names = (rows or reader()).names(caller.tenant, scenarios, snapshot)
    if not names.metrics:
        return
    if where.metric is not None and where.metric not in names.metrics:
        raise broken("metric", "exists", f"must be of {listed(names.metrics)}, not {where.metric!r}")
    for key, value in where.tags.items():
        if key not in names.tags:
            raise broken("tags", "exists", f"must be of {listed(names.tags)}, not {key!r}")
        if value not in names.tags[key]:
            raise broken("tags", "exists", f"must have a {key} of {listed(names.tags[key])}, not {value!r}")


def check_metrics(
    caller: Caller, scenarios: Collection[ScenarioId], metrics: Collection[str], snapshot: int | None
) -> None:
    """Raise `InvalidParameterError` for one of `metrics` that none of the scenarios' rows has."""
    known = reader().names(caller.tenant, scenarios, snapshot).metrics
    if unknown := set(metrics).difference(known):
        raise broken("metric", "exists", f"must be of {listed(known)}, not {min(unknown)!r}")


def filter_of(
    *,
    metric: str | None = None,
    runs: str | None = None,
    start: date | None = None,
    end: date | None = None,
    min_value: float | None = None,
    max_value: float | None = None,
    tags: str | None = None,
) -> OutputFilter:
    """The filter that the parameters spell; raises `InvalidParameterError` where one breaks a rule."""
    if start and end and end < start:
        raise broken("end", "order", "must not lie before start")
    for name, value in (("min_value", min_value), ("max_value", max_value)):
        if value is not None and not math.isfinite(value):
            raise broken(name, "finite_number", "must be a finite number")
    if min_value is not None and max_value is not None and max_value < min_value:
        raise broken("max_value", "order", "must not be less than min_value")
    return OutputFilter(
        metric=metric,
        run_ids=frozenset(run_ids(runs)),
        start=start,
        end=end,
        min_value=min_value,
        max_value=max_value,
        tags=tag_pairs(tags),
    )


def run_ids(text: str | None) -> list[UUID]:
    try:
        return [UUID(part.strip()) for part in text.split(",")] if text else []
    except ValueError as error:
        raise broken("runs", "uuid", "must be a run's id, or several with commas") from error


def tag_pairs(text: str | None) -> dict[str, str]:
    """The pairs in `technology:solar,region:north`."""
    pairs = [pair.partition(":") for pair in text.split(",")] if text else []
    if any(not key.strip() or not colon for key, colon, _ in pairs):
        raise broken("tags", "format", "must be key:value, several separated by commas")
    tags = {key.strip(): value.strip() for key, _, value in pairs}
    if len(tags) != len(pairs):
        raise broken("tags", "unique_key", "must name each key once: a row has one value of it")
    return tags
