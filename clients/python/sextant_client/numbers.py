"""Numbers as people read them: a unit that fits the size, and as many digits as say something. As the console has it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LADDERS: dict[str, tuple[tuple[float, float, str], ...]] = {
    "MWh": ((1e6, 1e6, "TWh"), (1e3, 1e3, "GWh")),
    "MW": ((1e4, 1e3, "GW"),),
    "t": ((1e6, 1e6, "Mt"), (1e3, 1e3, "kt")),
    "bytes": ((1e9, 1e9, "GB"), (1e6, 1e6, "MB"), (1e3, 1e3, "kB")),
}
_MONEY = ((1e9, 1e9, "bn "), (1e6, 1e6, "m "), (1e4, 1e3, "k "))


@dataclass(frozen=True)
class Scale:
    """By what values are divided, and what their unit is called then."""

    factor: float
    unit: str

    def text(self, value: float | None, *, signed: bool = False) -> str:
        """A value in this scale, with three to four digits; a dash where there is none."""
        if value is None:
            return "–"
        size = abs(value / self.factor)
        digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 or size == 0 else 4
        return f"{value / self.factor:{'+' if signed else ''},.{digits}f}"


def scale_of(unit: str, largest: float) -> Scale:
    """The scale in which values up to `largest` of a unit are shown; a share (unit `1`) is shown in per cent."""
    if unit == "1":
        return Scale(0.01, "%")
    size = abs(largest)
    money = re.fullmatch(r"[A-Z]{3}", unit) is not None
    for least, factor, name in _MONEY if money else _LADDERS.get(unit, ()):
        if size >= least:
            return Scale(factor, f"{name}{unit}" if money else name)
    return Scale(1.0, unit)
