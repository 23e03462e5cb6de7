"""What runs computed: a question that is put when its values are asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from sextant_client._async.pages import items
from sextant_client.files import File

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import xarray
    from matplotlib.axes import Axes

    from sextant_client._async.client import AsyncSextant
    from sextant_client._generated import models

_PAGE = 1000


class AsyncOutputs:
    """Values of a scenario's runs.

    metric            one metric, such as `price` (EUR/MWh); all where it is left out
    runs              ids of runs, as one text with commas; all of the scenario where it is left out
    start, end        days, the end included: a year's values are of its first day
    tags              what a value must be of, such as `{"technology": "solar"}`
    resolution        `year`, or `hour` for the hourly results of runs that were asked for them
    min_value, max_value   bounds of the values, in their unit
    snapshot_id       the state of the table to read: that of an earlier answer gives the same again
    """

    def __init__(
        self,
        client: AsyncSextant,
        scenario_id: UUID | str,
        *,
        metric: str | None = None,
        runs: str | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
        tags: Mapping[str, str] | None = None,
        resolution: Literal["year", "hour"] | None = None,
        min_value: float | None = None,
        max_value: float | None = None,
        snapshot_id: str | None = None,
    ) -> None:
        self._client = client
        self._scenario_id = scenario_id
        self._filters: dict[str, Any] = {
            "metric": metric,
            "runs": runs,
            "start": start,
            "end": end,
            "tags": ",".join(f"{name}:{value}" for name, value in (tags or {}).items()) or None,
            "resolution": resolution,
            "min_value": min_value,
            "max_value": max_value,
            "snapshot_id": snapshot_id,
        }

    async def rows(self) -> AsyncIterator[models.OutputBody]:
        """The values one by one, in the order of metric, date and run.

        >>> [(row.asof_date.year, row.unit) async for row in run.outputs(metric="price").rows()]
        [(2029, 'EUR/MWh'), (2030, 'EUR/MWh')]
        """
        async for row in items(
            self._client.api.read_outputs, self._scenario_id, limit=_PAGE, **self._filters
        ):
            yield row

    async def series(self) -> list[models.SeriesBody]:
        """All values at once: for each metric, run, tags and unit the dates `t`, the values `v` and the bands `lo`, `hi`.

        >>> (solar,) = await run.outputs(metric="generation", tags={"technology": "solar"}).series()
        >>> len(solar.v), solar.unit
        (2, 'MWh')
        """
        answer = await self._client.api.read_outputs(self._scenario_id, shape="series", **self._filters)
        series: Any = answer.data
        return list(series)

    async def aggregate(
        self, *, by: str | None = None, percentiles: str | None = None
    ) -> list[models.AggregateBody]:
        """Count, least, largest and mean of groups, and percentiles of choice.

        by: what makes a group, such as `metric,year`
        percentiles: ranks with commas, such as `5,50,95`

        >>> (prices,) = await run.outputs(metric="price").aggregate(by="metric", percentiles="50")
        >>> prices.count, prices.unit
        (2, 'EUR/MWh')
        """
        answer = await self._client.api.aggregate_outputs(
            self._scenario_id, by=by, percentiles=percentiles, **self._filters
        )
        return answer.data

    async def file(self, format: Literal["parquet", "csv", "arrow"] = "parquet", **how: Any) -> File:
        """All values as one file, however many they are.

        format: `parquet`, `csv` or `arrow`
        how: of CSV: `separator` (`comma`, `semicolon`, `tab`), `decimal` (`point`, `comma`), `bom`

        >>> (await run.outputs(metric="price").file("csv")).text.splitlines()[0][:24]
        '"scenario_id","run_id","'
        """
        return await self._client.api.read_outputs_file(
            self._scenario_id, format=format, **how, **self._filters
        )

    async def save(
        self, path: str | Path, format: Literal["parquet", "csv", "arrow"] = "parquet", **how: Any
    ) -> Path:
        """Write all values to a file; answers with its path.

        >>> (await run.outputs().save(folder / "run.parquet")).name
        'run.parquet'
        """
        return (await self.file(format, **how)).save(path)

    async def download(self, folder: str | Path) -> list[Path]:
        """The table's Parquet files that hold the scenario's rows, straight from storage: for what is too large for one file.

        A file may hold rows of other runs and scenarios of the tenant: filter by `run_id`. The other filters do not act here.
        Answers with the files' paths in `folder`.

        >>> [path.suffix for path in await scenario.outputs().download(folder)][:1]
        ['.parquet']
        """
        paths: list[Path] = []
        snapshot = self._filters["snapshot_id"]
        read = self._client.api.list_output_files
        async for each in items(read, self._scenario_id, snapshot_id=snapshot):
            file = await self._client.transport.fetch(each.url)
            paths.append(file.save(Path(folder) / f"outputs-{len(paths):05d}.parquet"))
        return paths

    async def to_pandas(self) -> pd.DataFrame:
        """All values as a pandas frame, its dates as `datetime64`, a column for each tag. Needs `sextant-client[pandas]`.

        >>> frame = await run.outputs(metric="generation").to_pandas()
        >>> float(frame[frame.technology == "solar"].value.min()) > 0
        True
        """
        from sextant_client import frames

        return frames.to_pandas(await self.file())

    async def to_polars(self) -> pl.DataFrame:
        """All values as a Polars frame, a column for each tag. Needs `sextant-client[polars]`.

        >>> (await run.outputs(metric="price").to_polars())["unit"].unique().to_list()
        ['EUR/MWh']
        """
        from sextant_client import frames

        return frames.to_polars(await self.file())

    async def to_xarray(self) -> xarray.Dataset:
        """All values as an xarray dataset: a variable for each metric with its unit, over date, run and tags. Needs `sextant-client[xarray]`.

        >>> dataset = await run.outputs().to_xarray()
        >>> dataset["price"].attrs["units"], dataset["generation"].dims
        ('EUR/MWh', ('date', 'run', 'technology'))
        """
        from sextant_client import frames

        return frames.to_xarray(frames.to_pandas(await self.file()))

    async def plot(self, ax: Axes | None = None) -> Axes:
        """A picture of the values over the years, with bands where something is random. Needs `sextant-client[matplotlib]`.

        >>> ax = await run.outputs(metric="generation").plot()
        >>> ax.get_title(loc="left"), ax.get_ylabel()
        ('Generation', 'TWh')
        """
        from sextant_client import charts

        return charts.outputs(await self.series(), ax)
