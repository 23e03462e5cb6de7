"""The low watermark of each tenant queue: the position below which it has no pending event and never will have one.

Published rows leave dead entries behind in the index until vacuum may remove them, which a long transaction
elsewhere can prevent for hours. A scan that begins at the low watermark never walks over them.

Positions are given out before their transactions commit. So the first position that a claim saw is no low watermark
by itself: a lower one may commit later. It becomes one when every transaction that could do so has ended, which
`outbox_measure` reports.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from sextant.outbox.model import ClaimedEvent, Measured

_REMEMBERED = 256


class LowWatermarks:
    """The low watermarks of the tenant queues served last. One that is forgotten is read from the database again."""

    def __init__(self) -> None:
        self._positions: OrderedDict[str, int] = OrderedDict()
        self._settled = 0
        self._mark: Measured | None = None

    @property
    def known(self) -> Mapping[str, int]:
        return self._positions

    @property
    def watched(self) -> list[str]:
        """The transactions that must end before the last mark is certain."""
        return self._mark.writers if self._mark else []

    def claimed(self, events: Iterable[ClaimedEvent]) -> None:
        """Learn from a claim: its first row of each tenant was the head of the tenant's queue."""
        heads: dict[str, int] = {}
        for event in events:
            heads[event.tenant_id] = min(event.position, heads.get(event.tenant_id, event.position))
        for tenant, head in heads.items():
            watermark = min(head, self._settled)
            self._positions[tenant] = max(watermark, self._positions.pop(tenant, 0))
        while len(self._positions) > _REMEMBERED:
            self._positions.popitem(last=False)

    def measured(self, measured: Measured) -> None:
        """Learn which positions are certain: all up to the mark whose writers have ended."""
        if self._mark and measured.complete:
            self._settled = max(self._settled, self._mark.position)
            self._mark = None
        if not measured.writers:
            self._settled = max(self._settled, measured.position)
            self._mark = None
        elif self._mark is None:
            self._mark = measured
