"""Whole scenarios as files, and questions over many rows."""

from __future__ import annotations

import csv
import io
import json
import statistics
import urllib.request
from collections import Counter, defaultdict
from datetime import timedelta
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sextant.ids import new_id
from sextant.lake.errors import ResultTooLargeError
from sextant.lake.objects.store import PART_BYTES
from sextant.lake.read.aggregate import aggregate
from sextant.lake.read.compare import RunReference, pair
from sextant.lake.read.export import ExportFormat, export, exported
from sextant.lake.read.query import EVERYTHING, OutputFilter
from sextant.lake.read.scan import scan
from sextant.lake.table.columns import OUTPUTS, canonical_tags
from tests.integration.lake.conftest import Lake
from tests.unit.lake.samples import FIRST_DAY, Fact, identity, some_rows

EXPORTED = tuple(column.name for column in exported(OUTPUTS))


def fill(lake: Lake, scenario: UUID, runs: int = 4) -> list[Fact]:
    found: list[Fact] = []
    for number in range(runs):
        run = identity(scenario=scenario)
        lake.commit(lake.write(run, some_rows(200, seed=number)), lake.write(identity("beta", scenario)))
        found += lake.written[run.run_id]
    return found


@pytest.mark.parametrize("form", list(ExportFormat))
def test_every_format_holds_the_same_rows(lake: Lake, form: ExportFormat) -> None:
    # Given a scenario of four runs
    scenario = new_id()
    written = fill(lake, scenario)
    where = OutputFilter(tags={"technology": "solar"}, start=FIRST_DAY + timedelta(9))

    # When it is exported
    data = b"".join(export(scan(lake.table(), "acme", str(scenario), where), form))

    # Then the file holds every wanted row, run by run, all columns but the tenant
    match form:
        case ExportFormat.CSV:
            rows = list(csv.DictReader(io.StringIO(data.decode())))
            found = [
                Fact(
                    row["metric"],
                    FIRST_DAY.fromisoformat(row["asof_date"]),
                    row["run_id"],
                    canonical_tags(json.loads(row["tags"]).items()),
                    float(row["value"]) if row["value"] else None,
                )
                for row in rows
            ]
            assert tuple(rows[0]) == EXPORTED
        case _:
            table = (
                pq.read_table(pa.BufferReader(data))
                if form is ExportFormat.PARQUET
                else pa.ipc.open_stream(data).read_all()
            )
            found = [
                Fact(r["metric"], r["asof_date"], r["run_id"], canonical_tags(r["tags"]), r["value"])
                for r in table.to_pylist()
            ]
            assert tuple(table.column_names) == EXPORTED
    expected = sorted((f for f in written if f.passes(where)), key=lambda f: (f.run_id, f))
    assert found == expected


@pytest.mark.parametrize("form", list(ExportFormat))
def test_an_export_of_nothing_is_a_readable_file(lake: Lake, form: ExportFormat) -> None:
    data = b"".join(export(scan(lake.table(), "acme", str(new_id()), EVERYTHING), form))
    match form:
        case ExportFormat.CSV:
            assert data.decode().splitlines() == [",".join(f'"{name}"' for name in EXPORTED)]
        case ExportFormat.PARQUET:
            assert pq.read_table(pa.BufferReader(data)).num_rows == 0
        case ExportFormat.ARROW:
            assert pa.ipc.open_stream(data).read_all().num_rows == 0


def test_a_large_result_goes_to_the_store_and_is_fetched_by_its_url(lake: Lake) -> None:
    # Given pieces of more than two parts
    pieces = [bytes([n % 251]) * 700_000 for n in range(30)]
    location = f"{lake.settings.warehouse}/exports/large.bin"
    # When they are uploaded and fetched by a presigned URL
    size = lake.store.upload(location, iter(pieces), "application/octet-stream")
    url = lake.store.presigned_url(location, expires_in=timedelta(minutes=5), filename="large.bin")
    with urllib.request.urlopen(url) as answer:
        data = answer.read()
    # Then they arrive whole
    assert size == len(data) == 21_000_000 > 2 * PART_BYTES
    assert data == b"".join(pieces)

    # And a small one takes a single request
    with lake.requests() as sent:
        lake.store.upload(f"{location}.small", iter([b"a", b"b"]), "text/plain")
    assert (dict(sent), lake.store.get(f"{location}.small")) == ({"PUT": 1}, b"ab")


def test_an_upload_whose_rows_fail_leaves_nothing(lake: Lake) -> None:
    def failing() -> object:
        yield b"x" * (PART_BYTES + 1)
        raise RuntimeError("the snapshot is gone")

    location = f"{lake.settings.warehouse}/exports/broken.bin"
    with pytest.raises(RuntimeError):
        lake.store.upload(location, failing(), "text/plain")  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        lake.store.get(location)


def test_percentiles_are_those_of_all_values(lake: Lake) -> None:
    # Given four runs
    scenario = new_id()
    written = fill(lake, scenario)
    chosen = OutputFilter(run_ids=frozenset(UUID(fact.run_id) for fact in written))
    reading = scan(lake.table(), "acme", str(scenario), chosen)
    ranks = (0, 5, 50, 95, 100)

    # When the values of all of them are aggregated by metric and tags
    found = {
        (one.key["metric"], canonical_tags(one.key["tags"].items())): one
        for one in aggregate(reading, ("metric", "tags"), ranks)
    }

    # Then each group is what numpy says of its values
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for fact in written:
        if fact.value is not None:
            values[fact.metric, fact.tags].append(fact.value)
    assert found.keys() == values.keys()
    for place, one in found.items():
        those = values[place]
        assert one.count == len(those)
        assert (one.least, one.greatest) == (min(those), max(those))
        assert one.mean == pytest.approx(statistics.fmean(those))
        assert list(one.percentiles.values()) == pytest.approx(np.percentile(those, ranks).tolist())

    # And the same holds by date, by run, and over everything, each unit by itself
    unit_of = {one.key["metric"]: one.unit for one in found.values()}
    with_value = [fact for fact in written if fact.value is not None]
    for by, key_of in (
        (("asof_date",), lambda fact: fact.asof_date),
        (("run_id",), lambda fact: fact.run_id),
        ((), lambda fact: ()),
    ):
        groups = aggregate(reading, by)  # type: ignore[arg-type]
        counted = Counter((key_of(fact), unit_of[fact.metric]) for fact in with_value)
        assert [(*one.key.values(), one.unit) for one in groups] == sorted(
            (key, unit) if by else (unit,) for key, unit in counted
        )
        assert [one.count for one in groups] == [counted[place] for place in sorted(counted)]
    assert aggregate(scan(lake.table(), "beta", str(new_id()), EVERYTHING), ("metric",)) == []
    document = aggregate(reading, ("metric", "asof_date"), (50,))[0].to_json()
    assert json.loads(json.dumps(document)) == document
    with pytest.raises(ValueError, match="between"):
        aggregate(reading, (), (101,))


def test_too_large_a_question_is_refused(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = new_id()
    fill(lake, scenario, runs=1)
    for limit, least in (("_MOST_GROUPS", 3), ("_MOST_ROWS", 10)):
        with monkeypatch.context() as limits:
            limits.setattr(f"sextant.lake.read.aggregate.{limit}", least)
            with pytest.raises(ResultTooLargeError):
                aggregate(scan(lake.table(), "acme", str(scenario), EVERYTHING), ("metric", "asof_date"))


def test_runs_of_different_scenarios_are_compared_with_a_baseline(lake: Lake) -> None:
    # Given a reference run and two variants, in scenarios of their own, with gaps in different places
    runs = [identity() for _ in range(3)]
    for number, run in enumerate(runs):
        lake.commit(lake.write(run, some_rows(900, seed=number)))
    references = [RunReference(run.scenario_id, run.run_id) for run in runs]
    where = OutputFilter(metric="price")

    # When they are compared
    result = pair(lake.table(), "acme", references[0], references[1:], where=where).compared()

    # Then every place that any has is a row, in order, with each one's difference
    values = [
        {(f.metric, f.asof_date, f.tags): f.value for f in lake.written[run.run_id] if f.passes(where)}
        for run in runs
    ]
    places = sorted(values[0].keys() | values[1].keys() | values[2].keys())
    assert [(row.metric, row.asof_date, canonical_tags(row.tags.items())) for row in result.rows] == places
    for place, row in zip(places, result.rows, strict=True):
        base = values[0].get(place)
        assert row.baseline == base
        for delta, of_run in zip(row.runs, values[1:], strict=True):
            value = of_run.get(place)
            assert delta.value == value
            if value is None or base is None:
                assert (delta.delta, delta.relative) == (None, None)
            else:
                assert delta.delta == value - base
                assert delta.relative == pytest.approx((value - base) / abs(base))
    assert json.loads(json.dumps(result.rows[0].to_json())) == result.rows[0].to_json()

    # And another tenant's run is as good as none
    assert pair(lake.table(), "beta", references[0], references[1:]).compared().rows == ()
