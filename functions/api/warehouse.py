"""Where the lake's objects are, for what reads or writes beside the table."""

from __future__ import annotations

from dataclasses import dataclass

from sextant import bootstrap
from sextant.lake.objects.store import ObjectStore, S3Store, scheme_of, store_for
from sextant.lake.table.settings import LakeSettings


@dataclass(frozen=True)
class Warehouse:
    """The place of the lake, and the store that its objects are in."""

    settings: LakeSettings
    objects: ObjectStore

    @property
    def links(self) -> S3Store | None:
        """The store where it can give links."""
        return self.objects if isinstance(self.objects, S3Store) else None


@bootstrap.part
def warehouse() -> Warehouse:
    lake = bootstrap.settings(LakeSettings)
    return Warehouse(lake, store_for(scheme_of(lake.warehouse), lake.region, lake.endpoint_url))
