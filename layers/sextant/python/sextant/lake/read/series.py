"""A scenario's values as series: one for each run, metric, tags and unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sextant.lake.errors import ResultTooLargeError
from sextant.lake.read.scan import Scan

_MOST_VALUES: Final = 500_000
_BY: Final = "metric, run_id, tags, unit"


@dataclass(frozen=True, slots=True)
class Series:
    """The dates of a series in order, and of each its value and the edges of its band; `lower` and `upper` are None
    where no value has a band."""

    metric: str
    run_id: str
    tags: dict[str, str]
    unit: str
    dates: list[str]
    values: list[float | None]
    lower: list[float | None] | None
    upper: list[float | None] | None
    hours: list[int] | None = None
    """The hour of each value, where it is of one."""

    def to_json(self) -> dict[str, Any]:
        """The series as the API shows it."""
        document = {
            "metric": self.metric,
            "tags": self.tags,
            "unit": self.unit,
            "run_id": self.run_id,
            "t": self.dates,
            "v": self.values,
        }
        others = {"lo": self.lower, "hi": self.upper, "h": self.hours}
        return document | {name: values for name, values in others.items() if values is not None}


def series_in(reading: Scan) -> list[Series]:
    """The series of all rows of a reading, in the order of (metric, run, tags, unit).

    Raises ResultTooLargeError beyond half a million values, and as `Engine.rows` does.
    """
    if sum(file.record_count for file in reading.files) > _MOST_VALUES:
        ((rows,),) = reading.rows("count(*)")
        if rows > _MOST_VALUES:
            raise ResultTooLargeError
    order = "asof_date, hour" if reading.table.by_hour else "asof_date"
    lists = [f"list({column} ORDER BY {order})" for column in ("CAST(asof_date AS VARCHAR)", "value")]
    lists += [
        f"CASE WHEN count({column}) > 0 THEN list({column} ORDER BY {order}) END"
        for column in ("band_lower", "band_upper")
    ]
    if reading.table.by_hour:
        lists.append(f"list(hour ORDER BY {order})")
    columns = f"{_BY}, {', '.join(lists)}"
    return [Series(*row) for row in reading.rows(columns, then=f"GROUP BY {_BY} ORDER BY {_BY}")]
