"""What a filter by name can name: the metrics and the tags of a scenario's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from sextant.lake.read.group import RowGroup
from sextant.lake.read.scan import Scan
from sextant.lake.table.columns import tags_of


@dataclass(frozen=True, slots=True)
class Names:
    """The metrics, and by each tag's key its values."""

    metrics: frozenset[str]
    tags: Mapping[str, frozenset[str]]


def names_in(readings: Iterable[Scan]) -> Names:
    """The names of all rows of some readings, of which only two columns are read."""
    metrics: set[str] = set()
    tag_sets: set[str] = set()
    for group in chain.from_iterable(reading.tables(("metric", "tags")) for reading in readings):
        metrics.update(group["metric"].unique().to_pylist())
        tags = RowGroup(group).tags.coded()
        tag_sets.update(tags.values[code] for code in np.unique(tags.codes).tolist())
    values: defaultdict[str, set[str]] = defaultdict(set)
    for text in tag_sets:
        for key, value in tags_of(text).items():
            values[key].add(value)
    return Names(frozenset(metrics), {key: frozenset(found) for key, found in values.items()})
