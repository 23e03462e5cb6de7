"""Counts, means and true percentiles of a scenario's values, by any of metric, date, run and tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from sextant.lake.errors import ResultTooLargeError
from sextant.lake.objects.cache import WeightedCache
from sextant.lake.read.engine import engine
from sextant.lake.read.scan import Scan
from sextant.lake.read.sql import SWEEP_POINT, Values
from sextant.lake.table.columns import SWEEP_TAG

GroupBy = Literal["metric", "asof_date", "run_id", "tags", "hour"]

_MOST_ROWS: Final = 50_000_000  # 8 bytes each, which DuckDB does not count as memory of its own
_MOST_GROUPS: Final = 200_000
# DuckDB spells bytes that are no text with a backslash, which is out of order.
_KEYS: Final = """
SELECT bool_and(coalesce((stats_max_value < $first OR stats_min_value >= $past)
                         AND NOT contains(concat(stats_min_value, stats_max_value), chr(92)), false))
FROM parquet_metadata($files) WHERE path_in_schema LIKE 'tags, %, key'
"""
_FILES_KEPT: Final = 100_000
_without_points: Final = WeightedCache[str, bool](_FILES_KEPT)


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
    # The least and the greatest are percentiles too, of values that are held anyway.
    ranks = [0, *(rank / 100 for rank in percentiles), 1]
    values: Values = {"ranks": ranks} if percentiles else {}
    ranked = "quantile_cont(value, $ranks)" if percentiles else "[min(value), max(value)]"
    keys: list[str] = list(by)
    if "tags" not in by and _may_have_points(scan):
        keys.append(f"{SWEEP_POINT} AS point")
        values["sweep"] = SWEEP_TAG
    keys.append("unit")
    groups = scan.rows(
        f"{', '.join(keys)}, count(value), favg(value), {ranked}",
        then=f"GROUP BY ALL HAVING count(value) > 0 ORDER BY ALL LIMIT {_MOST_GROUPS + 1}",
        values=values,
    )
    if len(groups) > _MOST_GROUPS:
        raise ResultTooLargeError
    return [_group(by, group, percentiles) for group in groups]


def _may_have_points(scan: Scan) -> bool:
    """Whether a row may be of a point of a sweep: whether the least and the greatest key of a file's tags leave room for one.

    Most files have no such tags, and reading every row's to see it takes half of the time.
    """
    unknown = [file for file in scan.files if _without_points.get(file.location) is None]
    if unknown:
        chunks = engine().rows(
            scan.io,
            unknown,
            _KEYS,
            {"first": SWEEP_TAG, "past": f"{SWEEP_TAG[:-1]}{chr(ord(SWEEP_TAG[-1]) + 1)}"},
        )
        if chunks != [(True,)]:
            return True
        for file in unknown:
            _without_points.put(file.location, True)  # noqa: FBT003
    return False


def _group(by: Sequence[GroupBy], group: tuple[Any, ...], percentiles: Sequence[float]) -> Aggregate:
    *key_values, unit, number, mean, (least, *ranked, greatest) = group
    key = dict(zip(by, key_values, strict=False))
    if len(key_values) > len(by) and (point := key_values[-1]):
        key["tags"] = point
    return Aggregate(key, unit, number, least, greatest, mean, dict(zip(percentiles, ranked, strict=True)))
