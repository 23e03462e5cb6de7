"""Figures in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Gauge:
    """One family of values; each sample carries its labels."""

    name: str
    meaning: str
    samples: list[tuple[Mapping[str, str], float]] = field(default_factory=list)

    def text(self) -> str:
        lines = [f"# HELP {self.name} {self.meaning}", f"# TYPE {self.name} gauge"]
        for labels, value in self.samples:
            inside = ",".join(f'{name}="{_escaped(label)}"' for name, label in labels.items())
            lines.append(f"{self.name}{{{inside}}} {value:g}" if inside else f"{self.name} {value:g}")
        return "\n".join(lines)


def exposition(gauges: Iterable[Gauge]) -> str:
    return "\n".join(gauge.text() for gauge in gauges) + "\n"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
