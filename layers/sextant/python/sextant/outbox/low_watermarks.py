"""Where each lane begins, as far as a relay can know for certain.

Published rows leave dead entries behind in the index until vacuum may remove them, which a long transaction
elsewhere can prevent for hours. A scan that begins at the lane's floor never walks over them.

A floor must be true: no row may stand, or ever appear, below it. Positions are given out before their
transactions commit, so the head that a claim saw is no floor by itself: a lower one may commit later. It is
one as soon as every transaction that could do so has ended, which `outbox_measure` tells.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from sextant.outbox.model import ClaimedEvent, Measured

_REMEMBERED = 256


class LowWatermarks:
    """The floors of the lanes served last. A lane that is forgotten begins at its stored floor again."""

    def __init__(self) -> None:
        self._floors: OrderedDict[str, int] = OrderedDict()
        self._settled = 0
        self._mark: Measured | None = None

    @property
    def known(self) -> Mapping[str, int]:
        return self._floors

    @property
    def watched(self) -> list[str]:
        """The transactions that must end before the last mark is certain."""
        return self._mark.writers if self._mark else []

    def claimed(self, events: Iterable[ClaimedEvent]) -> None:
        """Learn from a claim: its first row of each lane was the lane's head."""
        heads: dict[str, int] = {}
        for event in events:
            heads[event.tenant_id] = min(event.position, heads.get(event.tenant_id, event.position))
        for tenant, head in heads.items():
            floor = min(head, self._settled)
            self._floors[tenant] = max(floor, self._floors.pop(tenant, 0))
        while len(self._floors) > _REMEMBERED:
            self._floors.popitem(last=False)

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
