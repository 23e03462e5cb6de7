"""Counts, means and true percentiles of a scenario's values, by any of metric, date, run and tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from sextant.lake.errors import ResultTooLargeError
from sextant.lake.read.scan import Scan
from sextant.lake.read.sql import SWEEP_POINT, Values
from sextant.lake.table.columns import SWEEP_TAG

GroupBy = Literal["metric", "asof_date", "run_id", "tags", "hour"]

_MOST_ROWS: Final = 50_000_000  # 8 bytes each, which DuckDB does not count as memory of its own
_MOST_GROUPS: Final = 200_000


@dataclass(frozen=True)
class Aggregate:
    """One group: its key (the fields grouped by, and what else keeps it apart), its unit, and statistics over its values.

    `percentiles` interpolate linearly between neighbouring values, as PostgreSQL's percentile_cont does.
    `count` leaves out rows without a value.
    """

    key: dict[str, Any]
    unit: str
    count: int
    least: float
    greatest: float
    mean: float
    percentiles: dict[float, float]

    def to_json(self) -> dict[str, Any]:
        """The group as the API shows it."""
        key = {k: v.isoformat() if isinstance(v, date) else v for k, v in self.key.items()}
        return {
            **key,
            "unit": self.unit,
            "count": self.count,
            "min": self.least,
            "max": self.greatest,
            "mean": self.mean,
            "percentiles": {f"p{rank:g}": value for rank, value in self.percentiles.items()},
        }


def aggregate(scan: Scan, by: Sequence[GroupBy], percentiles: Sequence[float] = ()) -> list[Aggregate]:
    """The statistics of each group, in the order of its key. `percentiles` are ranks from 0 to 100.

    What cannot be added up is never in one group: each has one unit, and values of one point of a sweep (which the
    key's `tags` then say). Where the filter names no runs, each group is of one run (which the key then says).

    Percentiles are of all the values, not estimates, so the values are held. Raises ResultTooLargeError beyond
    50 million rows or 200,000 groups, ValueError for a rank out of range.
    """
    if any(not 0 <= rank <= 100 for rank in percentiles):
        raise ValueError("a percentile is between 0 and 100")
    if not scan.where.run_ids and "run_id" not in by:
        by = (*by, "run_id")
    if sum(file.record_count for file in scan.files) > _MOST_ROWS:
        ((rows,),) = scan.rows("count(value)")
        if rows > _MOST_ROWS:
            raise ResultTooLargeError
    values: Values = {}
    ranked = "[]"
    if percentiles:
        ranked, values = "quantile_cont(value, $ranks)", {"ranks": [rank / 100 for rank in percentiles]}
    keys: list[str] = list(by)
    if "tags" not in by:
        keys.append(f"{SWEEP_POINT} AS point")
        values["sweep"] = SWEEP_TAG
    keys.append("unit")
    groups = scan.rows(
        f"{', '.join(keys)}, count(value), min(value), max(value), favg(value), {ranked}",
        then=f"GROUP BY ALL HAVING count(value) > 0 ORDER BY ALL LIMIT {_MOST_GROUPS + 1}",
        values=values,
    )
    if len(groups) > _MOST_GROUPS:
        raise ResultTooLargeError
    return [_group(by, group, percentiles) for group in groups]


def _group(by: Sequence[GroupBy], group: tuple[Any, ...], percentiles: Sequence[float]) -> Aggregate:
    *key_values, unit, number, least, greatest, mean, ranked = group
    key = dict(zip(by, key_values, strict=False))
    if "tags" not in by and (point := key_values[-1]):
        key["tags"] = point
    return Aggregate(
        key, unit, number, least, greatest, mean, dict(zip(percentiles, ranked or (), strict=True))
    )
