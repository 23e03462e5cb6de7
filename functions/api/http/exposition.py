"""Figures in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Gauge:
    """One family of values that rise and fall; each sample carries its labels."""

    kind: ClassVar[str] = "gauge"

    name: str
    meaning: str
    samples: list[tuple[Mapping[str, str], float]] = field(default_factory=list)

    def text(self) -> str:
        lines = [f"# HELP {self.name} {self.meaning}", f"# TYPE {self.name} {self.kind}"]
        for labels, value in self.samples:
            inside = ",".join(f'{name}="{_escaped(label)}"' for name, label in labels.items())
            lines.append(f"{self.name}{{{inside}}} {value:g}" if inside else f"{self.name} {value:g}")
        return "\n".join(lines)


class Counter(Gauge):
    """A family of values that only rise, from zero at the start of the process; its name ends with `_total`."""

    kind = "counter"


def exposition(families: Iterable[Gauge]) -> str:
    return "\n".join(family.text() for family in families) + "\n"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
