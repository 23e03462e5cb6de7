"""What a filter by name can name: the metrics and the tags of a scenario's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sextant.lake.read.scan import Scan


@dataclass(frozen=True, slots=True)
class Names:
    """The metrics, and by each tag's key its values."""

    metrics: frozenset[str]
    tags: Mapping[str, frozenset[str]]


def names_in(readings: Iterable[Scan]) -> Names:
    """The names of all rows of some readings, of which only two columns are read."""
    kinds = [kind for reading in readings for kind in reading.rows("DISTINCT metric, tags")]
    values: defaultdict[str, set[str]] = defaultdict(set)
    for _, tags in kinds:
        for key, value in tags.items():
            values[key].add(value)
    return Names(
        frozenset(metric for metric, _ in kinds), {key: frozenset(of_key) for key, of_key in values.items()}
    )
