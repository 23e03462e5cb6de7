"""Runs beside a baseline run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sextant_client._generated import models


class Comparison:
    """An answered comparison. `body` is the whole of it: the rows, and what differs in the assumptions of each run."""

    def __init__(self, body: models.ComparisonBody) -> None:
        self.body = body

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.body.runs)} runs, {len(self.body.rows)} rows>"

    @property
    def rows(self) -> list[Any]:
        """One for each metric, date and tags: the baseline's value, and of each run value, `delta` and `relative`.

        >>> comparison = sextant.compare(run, baseline=other, metric="price")
        >>> [row.asof_date for row in comparison.rows]
        ['2029-01-01', '2030-01-01']
        """
        return list(self.body.rows)

    def records(self) -> list[dict[str, Any]]:
        """A flat record for each row and run: metric, year, unit, tags, run, value, baseline, delta, relative.

        `relative` is a share: 0.1 is ten per cent more than the baseline run has.

        >>> first, last = sextant.compare(run, baseline=other, metric="price").records()
        >>> last["delta"] < 0, last["unit"]
        (True, 'EUR/MWh')
        """
        from sextant_client import frames

        return frames.compared(self.body)

    def to_pandas(self) -> pd.DataFrame:
        """The records as a pandas frame. Needs `sextant-client[pandas]`.

        >>> sextant.compare(run, baseline=other, metric="price").to_pandas().year.to_list()
        [2029, 2030]
        """
        from sextant_client import frames

        table: pd.DataFrame = frames.library("pandas", "pandas").DataFrame(self.records())
        return table

    def plot(self, metric: str | None = None, ax: Axes | None = None) -> Axes:
        """A picture of one metric: lines over the years, or bars where it has one value. Needs `sextant-client[matplotlib]`.

        metric: the first of the comparison where it is left out

        >>> ax = sextant.compare(run, baseline=other, metric="price").plot()
        >>> ax.get_ylabel()
        'EUR/MWh'
        """
        from sextant_client import charts

        return charts.comparison(self.records(), metric, ax)
