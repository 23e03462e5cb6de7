"""How random quantities hang together: what `correlations` of stochastic drivers ask for, and whether it can be had.

A coefficient is the correlation of the drivers' normals within every year. Drivers that are linked from year to year with
different persistence reach it only if the innovations, which add to what is left of last year, are correlated more strongly: by
ρ·(1−ab)/√((1−a²)(1−b²)) for persistences a and b. That is at most 1, which bounds what can be asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sextant.drivers.errors import ModelInputError
from sextant.drivers.stochastic import StochasticPayload

Matrix = list[list[float]]


@dataclass(frozen=True)
class Correlations:
    """The drivers by path, those that are drawn once for all years first; matrices are in that order."""

    paths: tuple[str, ...]
    constant: int
    """How many drivers are drawn once for all years."""
    persistence: tuple[float, ...]
    """Of one year's normal with the next; 1 where one draw holds for all years."""
    matrix: Matrix
    """Correlations within a year, as they were asked for."""
    level: Matrix
    """Lower triangular L with L·Lᵀ the matrix."""
    innovation: Matrix
    """The same of the innovations of the drivers that change from year to year."""
    places: Mapping[tuple[int, int], str]
    """Where the coefficient of two drivers, the later first, is stated."""

    @property
    def across(self) -> bool:
        """Whether one that holds for all years is correlated with one that changes."""
        return any(any(row[: self.constant]) for row in self.matrix[self.constant :])


def correlations(drivers: Mapping[str, StochasticPayload]) -> Correlations:
    """What the stochastic drivers, by path in reading order, ask for.

    Raises ModelInputError where names or coefficients do not fit together, or no draws have such correlations.
    """
    paths = sorted(drivers, key=lambda path: drivers[path].variation != "PER_RUN")
    matrix, places = _stated(drivers, paths)
    constant = sum(driver.variation == "PER_RUN" for driver in drivers.values())
    persistence = tuple(_persistence(drivers[path]) for path in paths)
    innovation: Matrix = []
    for i in range(constant, len(paths)):
        row = []
        for j in range(constant, len(paths)):
            a, b, coefficient = persistence[i], persistence[j], matrix[i][j]
            scale = 1.0 if a == b else math.sqrt((1.0 - a * a) * (1.0 - b * b)) / (1.0 - a * b)
            if abs(coefficient) > scale * (1.0 + 1e-12):
                raise ModelInputError(
                    places[max(i, j), min(i, j)],
                    f"must be within ±{math.floor(scale * 1e4) / 1e4:g}, the most that persistences of {a:g} and {b:g} allow",
                )
            row.append(max(-1.0, min(1.0, coefficient / scale)))
        innovation.append(row)
    return Correlations(
        tuple(paths),
        constant,
        persistence,
        matrix,
        _cholesky(matrix, paths, "must be positive semi-definite together"),
        _cholesky(
            innovation, paths[constant:], "must be positive semi-definite together with these persistences"
        ),
        places,
    )


def _persistence(driver: StochasticPayload) -> float:
    if driver.variation == "AUTOREGRESSIVE":
        return float(driver.effective("persistence"))
    return 1.0 if driver.variation == "PER_RUN" else 0.0


def _stated(
    drivers: Mapping[str, StochasticPayload], paths: Sequence[str]
) -> tuple[Matrix, dict[tuple[int, int], str]]:
    by_name: dict[str, int] = {}
    for path in drivers:
        name = drivers[path].name
        if name is not None:
            if name in by_name:
                raise ModelInputError(
                    f"{path}.payload.name", f"must be unique in the scenario; {name!r} is taken"
                )
            by_name[name] = paths.index(path)
    size = len(paths)
    matrix = [[1.0 if i == j else 0.0 for j in range(size)] for i in range(size)]
    stated: dict[tuple[int, int], float] = {}
    places: dict[tuple[int, int], str] = {}
    for path, driver in drivers.items():
        index = paths.index(path)
        for k, link in enumerate(driver.correlations):
            place = f"{path}.payload.correlations[{k}]"
            other = by_name.get(link.name)
            if other is None or other == index:
                names = ", ".join(name for name, at in by_name.items() if at != index) or "none"
                raise ModelInputError(
                    f"{place}.name",
                    f"must be the name of another stochastic driver, not {link.name!r}; there are: {names}",
                )
            if (index, other) in stated:
                raise ModelInputError(
                    f"{place}.name", f"must be named once; {link.name!r} stands above already"
                )
            if stated.get((other, index), link.coefficient) != link.coefficient:
                raise ModelInputError(f"{place}.coefficient", "must be the same on both sides")
            stated[index, other] = link.coefficient
            matrix[index][other] = matrix[other][index] = link.coefficient
            places.setdefault((max(index, other), min(index, other)), f"{place}.coefficient")
    return matrix, places


def _cholesky(matrix: Matrix, paths: Sequence[str], rule: str) -> Matrix:
    """Cholesky of a positive semi-definite matrix; a row that depends on earlier ones gets a zero pivot."""
    size = len(matrix)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i][j] - sum(lower[i][k] * lower[j][k] for k in range(j))
            if i == j:
                if rest < -1e-9:
                    raise ModelInputError(f"{paths[i]}.payload.correlations", rule)
                lower[i][i] = math.sqrt(max(rest, 0.0)) if rest > 1e-12 else 0.0
            elif lower[j][j] > 0.0:
                lower[i][j] = rest / lower[j][j]
            elif abs(rest) > 1e-9:
                raise ModelInputError(f"{paths[i]}.payload.correlations", rule)
    return lower
