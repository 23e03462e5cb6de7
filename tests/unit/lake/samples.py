"""Runs to write and read in tests of the lake."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sextant.ids import new_id
from sextant.lake.read.query import OutputFilter
from sextant.lake.table.columns import canonical_tags
from sextant.lake.write.rows import OutputRows, RunIdentity

METRICS = ("capacity_factor", "generation", "npv", "price")
TAGS: tuple[dict[str, str], ...] = (
    {},
    {"technology": "gas"},
    {"technology": "solar"},
    {"technology": "solar", "zone": "north"},
)
FIRST_DAY = date(2030, 1, 1)
COMPUTED = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)


def identity(
    tenant: str = "acme", scenario: UUID | None = None, computed: datetime = COMPUTED
) -> RunIdentity:
    return RunIdentity(tenant, scenario or new_id(), new_id(), "ab" * 32, computed)


def some_rows(count: int, *, seed: int = 0, days: int = 90) -> OutputRows:
    """`count` rows of different metric, date and tags, in no order; every eighth has no value."""
    rng = random.Random(seed)
    places = rng.sample(list(itertools.product(METRICS, range(days), range(len(TAGS)))), count)
    return OutputRows(
        metric=[metric for metric, _, _ in places],
        asof_date=[FIRST_DAY + timedelta(day) for _, day, _ in places],
        value=[float("nan") if rng.random() < 0.125 else rng.uniform(-1, 1) for _ in places],
        unit=[{"price": "EUR/MWh", "generation": "MWh", "npv": "EUR"}.get(m, "1") for m, _, _ in places],
        band_lower=[rng.uniform(-2, -1) for _ in places],
        band_upper=[float("nan")] * count,
        tags=[TAGS[tag] for _, _, tag in places],
        attribution=['{"carbon": 1.5}' if metric == "npv" else None for metric, _, _ in places],
    )


@dataclass(frozen=True, order=True)
class Fact:
    """A row as it was written, in the order pages have."""

    metric: str
    asof_date: date
    run_id: str
    tags: str
    value: float | None

    def passes(self, where: OutputFilter) -> bool:
        pairs = set(self.tags.split("\x1e"))
        value = self.value
        return (
            where.metric in (None, self.metric)
            and (not where.run_ids or UUID(self.run_id) in where.run_ids)
            and (where.start is None or self.asof_date >= where.start)
            and (where.end is None or self.asof_date <= where.end)
            and (where.min_value is None or (value is not None and value >= where.min_value))
            and (where.max_value is None or (value is not None and value <= where.max_value))
            and all(f"{key}\x1f{text}" in pairs for key, text in where.tags.items())
        )


def facts(rows: OutputRows, run: RunIdentity) -> list[Fact]:
    """What a reader should find of the rows."""
    assert rows.tags is not None
    return [
        Fact(
            str(metric),
            day,
            str(run.run_id),
            canonical_tags(tags.items()),
            None if math.isnan(value) else value,
        )
        for metric, day, tags, value in zip(rows.metric, rows.asof_date, rows.tags, rows.value, strict=True)
    ]
