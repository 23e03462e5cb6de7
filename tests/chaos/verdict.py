"""What a campaign injected and what it found, as a table, a file and an exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parents[2] / "bench" / "results"


@dataclass
class Verdict:
    """`injected` counts the faults, `found` the facts, `wrong` what must not be."""

    name: str
    seed: int
    injected: dict[str, int] = field(default_factory=dict)
    found: dict[str, float] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)

    def inject(self, fault: str) -> None:
        self.injected[fault] = self.injected.get(fault, 0) + 1

    def conclude(self) -> int:
        """Print and keep the verdict; 1 when anything is wrong, else 0."""
        for title, facts in (
            ("injected", self.injected),
            ("found", self.found),
            ("must be none", self.wrong),
        ):
            sys.stdout.write(f"\n  {title}\n")
            _table(facts)
        RESULTS.mkdir(parents=True, exist_ok=True)
        document = {
            "name": f"chaos-{self.name}",
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "seed": self.seed,
            "injected": self.injected,
            "found": self.found,
            "wrong": self.wrong,
        }
        (RESULTS / f"chaos-{self.name}.json").write_text(
            json.dumps(document, indent=2) + "\n", encoding="utf-8"
        )
        passed = not any(self.wrong.values())
        sys.stdout.write(f"\n  seed {self.seed}: {'nothing lost, nothing twice' if passed else 'FAILED'}\n")
        return 0 if passed else 1


def _table(facts: Mapping[str, float]) -> None:
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        sys.stdout.write(f"    {name.ljust(width)}  {value:,.6g}\n")
