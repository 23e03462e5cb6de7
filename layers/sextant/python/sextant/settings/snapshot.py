"""The settings as a process remembers them for a few seconds, so that a hot path asks no one.

A change is seen by every environment within `TTL`; what must be exact (rate limits, concurrency) is not read
here but decided in the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sextant.ids import TenantId
from sextant.settings.model import Kind, Setting

TTL = 5.0
_MOST_TENANTS = 1000

Load = Callable[[TenantId], list[Setting]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What held for one tenant when it was read."""

    values: Mapping[tuple[Kind, str], Mapping[str, Any]]

    def flag(self, name: str, *, default: bool = True) -> bool:
        """Whether the feature is on; `default` where nobody ever set it."""
        return bool(self.values.get(("flag", name), {}).get("enabled", default))

    def config(self, name: str, key: str, default: Any) -> Any:
        return self.values.get(("config", name), {}).get(key, default)


@dataclass
class Remembered:
    """Reads a tenant's settings at most once every `TTL` seconds."""

    load: Load
    clock: Callable[[], float] = time.monotonic
    _kept: dict[TenantId, tuple[float, Snapshot]] = field(default_factory=dict)
    _hits: int = 0
    _misses: int = 0

    def of(self, tenant: TenantId) -> Snapshot:
        kept = self._kept.get(tenant)
        if kept is not None and self.clock() < kept[0]:
            self._hits += 1
            return kept[1]
        self._misses += 1
        fresh = Snapshot({(setting.kind, setting.name): setting.value for setting in self.load(tenant)})
        if len(self._kept) >= _MOST_TENANTS:
            self._kept.clear()
        self._kept[tenant] = (self.clock() + TTL, fresh)
        return fresh

    def forget(self, tenant: TenantId) -> None:
        """Read anew at the next use: this process has just changed something."""
        self._kept.pop(tenant, None)

    def figures(self) -> dict[str, int]:
        return {"kept": len(self._kept), "hits": self._hits, "misses": self._misses}
