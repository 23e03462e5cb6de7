"""Pages of outputs against a plain list of what was written."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from sextant.ids import new_id
from sextant.lake.errors import InvalidCursorError, SnapshotExpiredError
from sextant.lake.objects.file_io import forget_cached_files
from sextant.lake.read.query import EVERYTHING, OutputFilter, OutputRow, PageKey
from sextant.lake.read.reader import read_page
from sextant.lake.write.compaction import CompactionPolicy, compact
from sextant.lake.write.maintenance import expire_snapshots
from tests.integration.lake.conftest import Lake, begin_cold
from tests.unit.lake.samples import COMPUTED, FIRST_DAY, METRICS, Fact, identity, some_rows


def fill(lake: Lake, scenario: UUID, *, runs: int = 5, rows: int = 200) -> list[Fact]:
    """Several runs of a scenario, among runs of another and of another tenant's; its facts in order."""
    found: list[Fact] = []
    for number in range(runs):
        run = identity(scenario=scenario)
        others = [identity(), identity("beta", scenario)]
        lake.commit(
            lake.write(run, some_rows(rows, seed=number)),
            *(lake.write(other, some_rows(30, seed=100 + number)) for other in others),
        )
        found += lake.written[run.run_id]
    return sorted(found)


def some_filter(rng: random.Random, runs: list[UUID]) -> OutputFilter:
    return OutputFilter(
        metric=rng.choice([None, *METRICS, "unknown"]),
        run_ids=frozenset(rng.sample(runs, rng.choice([0, 0, 1, 2]))),
        start=rng.choice([None, FIRST_DAY + timedelta(30)]),
        end=rng.choice([None, FIRST_DAY + timedelta(60)]),
        min_value=rng.choice([None, -0.5]),
        max_value=rng.choice([None, 0.5]),
        tags=rng.choice(
            [{}, {}, {"technology": "solar"}, {"zone": "north", "technology": "solar"}, {"zone": "south"}]
        ),
    )


@pytest.mark.parametrize("compacted", [False, True])
def test_pages_hold_every_wanted_row_once_in_order_both_ways(lake: Lake, compacted: bool) -> None:
    # Given a scenario of five runs, in five files or in one
    scenario = new_id()
    written = fill(lake, scenario)
    runs = sorted({UUID(fact.run_id) for fact in written})
    table = lake.table()
    if compacted:
        assert compact(table, CompactionPolicy(least_files=2)).files_before > 5
    rng = random.Random(3)
    for _ in range(40):
        where = some_filter(rng, runs)
        expected = [fact for fact in written if fact.passes(where)]
        limit = rng.choice([7, 50, 1000]) if len(expected) < 300 else rng.choice([99, 1000])

        # When its pages are turned forwards, then they are the plain list
        assert lake.pages("acme", scenario, where, limit, table) == expected

        # And backwards from anywhere, likewise
        if expected:
            place = rng.randrange(len(expected))
            fact = expected[place]
            edge = PageKey(fact.metric, fact.asof_date, fact.run_id, fact.tags)
            page = read_page(table, "acme", str(scenario), where, limit=limit, before=edge)
            assert [Fact(*row.key[:4], value=row.value) for row in page.rows] == expected[
                max(0, place - limit) : place
            ]
            assert (page.previous is None) == (place <= limit)


def test_a_row_shows_everything_that_was_written(lake: Lake) -> None:
    run, rows = identity(), some_rows(60)
    lake.commit(lake.write(run, rows))
    page = read_page(lake.table(), "acme", str(run.scenario_id), OutputFilter(metric="npv"), limit=1)
    row = page.rows[0]
    place = next(
        i
        for i, metric in enumerate(rows.metric)
        if metric == "npv" and rows.asof_date[i] == row.asof_date and (rows.tags or ())[i] == row.tags
    )
    assert row == OutputRow(
        metric="npv",
        asof_date=rows.asof_date[place],
        value=row.value,
        unit="EUR",
        band_lower=(rows.band_lower or ())[place],
        band_upper=None,
        tags=(rows.tags or ())[place],
        run_id=str(run.run_id),
        scenario_id=str(run.scenario_id),
        attribution='{"carbon": 1.5}',
        version_hash=run.version_hash,
        computed_ts=COMPUTED,
    )


def test_another_tenants_scenario_is_empty(lake: Lake) -> None:
    run = identity("acme")
    lake.commit(lake.write(run))
    for tenant in ("beta", "", "acm", "acme2"):
        assert read_page(lake.table(), tenant, str(run.scenario_id), EVERYTHING, limit=10).rows == ()


def test_an_empty_table_and_an_unknown_scenario_have_an_empty_page(lake: Lake) -> None:
    page = read_page(lake.table(), "acme", str(new_id()), EVERYTHING, limit=10)
    assert (page.rows, page.snapshot_id, page.next, page.previous) == ((), None, None, None)
    lake.commit(lake.write(identity()))
    assert read_page(lake.table(), "acme", str(new_id()), EVERYTHING, limit=10).rows == ()


def test_a_pinned_reading_does_not_see_what_comes_after(lake: Lake) -> None:
    # Given a first page
    scenario = new_id()
    written = fill(lake, scenario, runs=2)
    first = read_page(lake.table(), "acme", str(scenario), EVERYTHING, limit=100)
    # When another run is committed, and everything is compacted
    lake.commit(lake.write(identity(scenario=scenario), some_rows(200, seed=50)))
    compact(lake.table(), CompactionPolicy(least_files=2))
    # Then the next page goes on in the same snapshot, and a fresh reading has the new rows
    second = read_page(
        lake.table(),
        "acme",
        str(scenario),
        EVERYTHING,
        limit=1000,
        snapshot_id=first.snapshot_id,
        after=first.next,
    )
    assert [Fact(*row.key[:4], value=row.value) for row in (*first.rows, *second.rows)] == written
    assert len(lake.pages("acme", scenario, EVERYTHING, 1000)) == 600


def test_an_expired_snapshot_says_so(lake: Lake) -> None:
    run = identity()
    snapshot = lake.commit(lake.write(run))
    lake.commit(lake.write(identity()))
    expire_snapshots(lake.table(), protect=[], keep=1)
    with pytest.raises(SnapshotExpiredError):
        read_page(lake.table(), "acme", str(run.scenario_id), EVERYTHING, limit=1, snapshot_id=snapshot)


def test_reading_one_run_costs_few_requests(lake: Lake) -> None:
    # Given a process that knows the table, and a run committed since by another one
    scenario = new_id()
    fill(lake, scenario, runs=3)
    begin_cold()
    read_page(lake.table(), "acme", str(scenario), EVERYTHING, limit=100)
    knows = lake.table()
    run = identity(scenario=scenario)
    lake.commit(lake.write(run, some_rows(300, seed=9)))
    forget_cached_files()
    where = OutputFilter(run_ids=frozenset({run.run_id}))

    # When all of that run is read, once and again, and once more by a process that knows nothing
    with lake.requests() as first:
        page = read_page(lake.table(), "acme", str(scenario), where, limit=1000)
    with lake.requests() as again:
        read_page(knows.refresh(), "acme", str(scenario), where, limit=100)
    begin_cold()
    with lake.requests() as cold:
        read_page(lake.table(), "acme", str(scenario), where, limit=1000)

    # Then it takes the metadata, the manifest list, the new manifest and the file; then nothing; and
    # from cold one manifest more for each commit before
    assert len(page.rows) == 300
    assert dict(first) == {"GET": 4}
    assert not again.total()
    assert dict(cold) == {"GET": 7}


def test_a_large_file_is_read_by_its_end_and_the_blocks_that_matter(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a file too large to fetch whole, of three row groups
    monkeypatch.setattr("sextant.lake.read.data_file.WHOLE_FILE_BYTES", 1)
    run = identity()
    days = [date(1900, 1, 1) + timedelta(day) for day in range(45_000)]
    rng = random.Random(1)
    rows = replace(
        some_rows(0),
        metric=["price"] * 45_000,
        asof_date=days,
        value=[rng.random() for _ in days],
        unit=["EUR/MWh"] * 45_000,
        band_lower=None,
        band_upper=None,
        tags=[{}] * 45_000,
        attribution=None,
    )
    lake.commit(lake.write(run, rows))
    begin_cold()
    table = lake.table()
    expected = lake.written[run.run_id]
    # When a page from its middle is read
    with lake.requests() as sent:
        page = read_page(table, "acme", str(run.scenario_id), OutputFilter(start=days[25_000]), limit=500)
    # Then that took its end and the two blocks with its later row groups, besides manifest list and manifest
    assert [Fact(*row.key[:4], value=row.value) for row in page.rows] == expected[25_000:25_500]
    assert dict(sent) == {"GET": 5}
    assert lake.pages("acme", run.scenario_id, EVERYTHING, 20_000) == expected


def test_cursors_come_back_from_json_and_nothing_else_does() -> None:
    key = PageKey("price", date(2030, 1, 1), str(new_id()), "technology\x1fsolar")
    assert PageKey.from_json(key.to_json()) == key
    for broken in (None, ["price"], ["price", "2030-13-01", "r", ""], ["price", 1, "r", ""]):
        with pytest.raises(InvalidCursorError):
            PageKey.from_json(broken)


def test_a_page_begins_at_one_edge_and_has_a_limit(lake: Lake) -> None:
    key = PageKey("price", FIRST_DAY, "", "")
    with pytest.raises(ValueError, match="limit"):
        read_page(lake.table(), "acme", "s", EVERYTHING, limit=0)
    with pytest.raises(ValueError, match="edge"):
        read_page(lake.table(), "acme", "s", EVERYTHING, limit=1, after=key, before=key)
