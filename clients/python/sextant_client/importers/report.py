"""What an import did with what it read: mapped, converted, left out, assumed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


class ImportRefusedError(ValueError):
    """What was to be imported cannot become a baseline; the message names the place, the rule and what there is."""


@dataclass(frozen=True)
class Entry:
    """One line of the report: what was read, what became of it, and how many of it there were."""

    source: str
    outcome: str
    count: int = 0

    def __str__(self) -> str:
        counted = f" ({self.count:,})" if self.count else ""
        return f"{self.source}{counted}: {self.outcome}"


@dataclass
class Report:
    """What became of what was read.

    mapped      taken over as it is
    converted   taken over in another unit or form, with the factor
    left_out    read, and without a place in a baseline; the results are without its effect
    assumed     not in the source, and needed: what stands for it
    """

    source: str
    mapped: list[Entry] = field(default_factory=list)
    converted: list[Entry] = field(default_factory=list)
    left_out: list[Entry] = field(default_factory=list)
    assumed: list[Entry] = field(default_factory=list)

    def map(self, source: str, outcome: str, count: int = 0) -> None:
        self.mapped.append(Entry(source, outcome, count))

    def convert(self, source: str, outcome: str, count: int = 0) -> None:
        self.converted.append(Entry(source, outcome, count))

    def leave_out(self, source: str, reason: str, count: int = 0) -> None:
        self.left_out.append(Entry(source, reason, count))

    def assume(self, source: str, outcome: str, count: int = 0) -> None:
        self.assumed.append(Entry(source, outcome, count))

    def to_dict(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [self.source]
        for title, entries in (
            ("mapped", self.mapped),
            ("converted", self.converted),
            ("left out", self.left_out),
            ("assumed", self.assumed),
        ):
            lines += [f"  {title}", *(f"    {entry}" for entry in entries)] if entries else []
        return "\n".join(lines)
