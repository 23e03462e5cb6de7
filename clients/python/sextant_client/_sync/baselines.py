# Made from ../_async/baselines.py by `python -m tools.docs client`: do not edit.
"""Baselines: the market that scenarios change."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sextant_client._sync.pages import items
from sextant_client.files import content_of

if TYPE_CHECKING:
    from sextant_client._generated import models
    from sextant_client._sync.client import Sextant

# Beyond it a table goes to storage by a presigned URL.
_INLINE = 200_000


class Baselines:
    """The tenant's baselines, and the built-in one."""

    def __init__(self, client: Sextant) -> None:
        self._client = client

    def get(self, baseline: UUID | str, version: int | None = None) -> models.WholeBaselineBody:
        """A baseline by id or name (`reference` is the built-in one) with its vocabulary; the newest version unless one is named.

        >>> (sextant.baselines.get("reference")).vocabulary.fuels
        ['biomass', 'coal', 'gas', 'oil', 'uranium']
        """
        return (self._client.api.get_baseline(baseline, version=version)).data

    def list(self) -> Iterator[models.BaselineBody]:
        """The tenant's baselines, the newest first.

        >>> [baseline.name for baseline in sextant.baselines.list()]
        [...]
        """
        for body in items(self._client.api.list_baselines):
            yield body

    def upload(
        self, name: str, tables: Mapping[str, str | bytes | Path], **options: Any
    ) -> models.BaselineEnvelope:
        """Store tables as a baseline, or as the next version of the one of this name. `meta.warnings` says what was assumed.

        tables: `units` and `load`, and where there are some `profiles`, `prices`, `storage`: each a path to a CSV or Parquet
            file, CSV as text, or a file's bytes. How large they are does not matter
        options: `currency`, `price_year`, `value_of_lost_load`, `spill_cost`, `build_mix`, `resolution`, `end_year`, `load_growth`

        What breaks a rule raises `RefusedError`, which names table, row and rule, and nothing is stored.

        >>> hours = [f"2030,{hour},100" for hour in range(1, 8761)]
        >>> stored = sextant.baselines.upload(
        ...     new_name(),
        ...     {
        ...         "units": "name,technology,capacity_mw,fuel,heat_rate\\nGas 1,ccgt,200,gas,7.0\\n",
        ...         "load": "\\n".join(["year,hour,load_mw", *hours]),
        ...     },
        ... )
        >>> stored.data.version
        1
        """
        sources = {table: self._source(content) for table, content in tables.items()}
        return self._client.api.create_baseline({"name": name, "tables": sources, **options})

    def check(
        self, name: str, tables: Mapping[str, str | bytes | Path], **options: Any
    ) -> models.CheckedBaselineEnvelope:
        """Check tables as `upload` would, and store no baseline; `meta.warnings` says what would be assumed.

        Takes what `upload` takes, and raises `RefusedError` as it does.

        >>> units = "name,technology,capacity_mw,fuel,heat_rate\\nGas 1,ccgt,200,gas,7.0\\n"
        >>> load = "\\n".join(["year,hour,load_mw", *(f"2030,{hour},100" for hour in range(1, 8761))])
        >>> checked = sextant.baselines.check(new_name(), {"units": units, "load": load})
        >>> checked.data.version, checked.data.unchanged
        (1, False)
        """
        sources = {table: self._source(content) for table, content in tables.items()}
        return self._client.api.validate_baseline({"name": name, "tables": sources, **options})

    def _source(self, given: str | bytes | Path) -> dict[str, str]:
        content = content_of(given)
        if len(content) > _INLINE:
            place = (self._client.api.create_upload()).data
            self._client.transport.put(place.url, content)
            return {"upload_id": str(place.upload_id)}
        if content[:4] == b"PAR1":
            return {"parquet_base64": base64.b64encode(content).decode()}
        try:
            return {"csv": content.decode("utf-8-sig")}
        except UnicodeDecodeError:
            place = (self._client.api.create_upload()).data
            self._client.transport.put(place.url, content)
            return {"upload_id": str(place.upload_id)}

    def delete(self, baseline_id: UUID | str) -> None:
        """Delete a baseline; runs that pinned it compute on.

        >>> for baseline in sextant.baselines.list():
        ...     sextant.baselines.delete(baseline.id)
        """
        self._client.api.delete_baseline(baseline_id)
