"""Random numbers of a run: named streams, correlated, the same bytes wherever a draw is computed.

Each random driver has its own counter-based stream (Philox, keyed by seed and the driver's path), drawn row by row: draw
k is the same whether 10 or 10,000 draws are asked for, and whichever worker computes it. Normals come by inversion
(Wichura's AS 241), which needs no rejection and keeps the copula exact.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np

from sextant.engine.drivers import Assumption, Distribution, Stochastic, TimeSeries, Variation
from sextant.engine.errors import ModelInputError
from sextant.engine.system import FloatArray


def uniforms(seed: int, name: str, shape: tuple[int, ...]) -> FloatArray:
    """Uniforms in (0, 1), fixed by seed and name; a longer first axis begins with the same values."""
    key = int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:16], "little")
    raw = np.random.Philox(key=key).random_raw(math.prod(shape)).reshape(shape)
    return ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


# Wichura (1988), Algorithm AS 241, PPND16: relative accuracy about 1e-16.
_CENTRE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
_MIDDLE = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_TAIL = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
)  # fmt: skip


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: FloatArray) -> FloatArray:
    upper, lower = np.zeros_like(x), np.zeros_like(x)
    for a, b in zip(reversed(coefficients[0]), reversed(coefficients[1]), strict=True):
        upper = upper * x + a
        lower = lower * x + b
    return np.asarray(upper / lower)


def normal_quantile(p: FloatArray) -> FloatArray:
    """Inverse of the standard normal distribution, for p in (0, 1)."""
    q = p - 0.5
    central = q * _ratio(_CENTRE, 0.180625 - q * q)
    r = np.sqrt(-np.log(np.minimum(p, 1.0 - p)))
    outer = np.where(r <= 5.0, _ratio(_MIDDLE, r - 1.6), _ratio(_TAIL, r - 5.0))
    return np.where(np.abs(q) <= 0.425, central, np.copysign(outer, q))


def normal_cdf(z: FloatArray) -> FloatArray:
    """Standard normal distribution function."""
    return np.array([0.5 * math.erfc(-value / math.sqrt(2.0)) for value in z.ravel()]).reshape(z.shape)


def mean_of(driver: Stochastic) -> float:
    """The value that the central case takes: the distribution's mean, clipped as the draws are."""
    if driver.distribution is Distribution.UNIFORM:
        mean = (driver.low + driver.high) / 2.0
    elif driver.distribution is Distribution.TRIANGULAR:
        mean = (driver.low + driver.mode + driver.high) / 3.0
    else:
        mean = driver.mean
    return float(_clip(driver, np.array(mean)))


def _clip(driver: Stochastic, values: FloatArray) -> FloatArray:
    low = -math.inf if driver.minimum is None else driver.minimum
    high = math.inf if driver.maximum is None else driver.maximum
    return np.clip(values, low, high)


def transform(driver: Stochastic, z: FloatArray) -> FloatArray:
    """Standard normals to the driver's distribution, by quantile."""
    if driver.distribution is Distribution.NORMAL:
        values = driver.mean + driver.std * z
    elif driver.distribution is Distribution.LOGNORMAL:
        variance = math.log1p((driver.std / driver.mean) ** 2)
        values = np.exp(math.log(driver.mean) - variance / 2.0 + math.sqrt(variance) * z)
    else:
        u, spread = normal_cdf(z), driver.high - driver.low
        if driver.distribution is Distribution.UNIFORM or spread == 0.0:
            values = driver.low + spread * u
        else:
            rise = (driver.mode - driver.low) / spread
            up = driver.low + np.sqrt(u * spread * (driver.mode - driver.low))
            down = driver.high - np.sqrt((1.0 - u) * spread * (driver.high - driver.mode))
            values = np.where(u < rise, up, down)
    return _clip(driver, values)


def autoregressive(z: FloatArray, persistence: float) -> FloatArray:
    """Independent normals [D, Y] to a stationary AR(1) of unit variance along the years."""
    linked = z.copy()
    scale = math.sqrt(1.0 - persistence**2)
    for year in range(1, z.shape[1]):
        linked[:, year] = persistence * linked[:, year - 1] + scale * z[:, year]
    return linked


class Sampler:
    """Values of every random driver of a scenario, for a range of draws or for the central case."""

    def __init__(self, assumptions: Sequence[Assumption], seed: int, years: int) -> None:
        walked = [inner for outer in assumptions for inner in outer.walk()]
        self._seed, self._years = seed, years
        self._stochastic = {a.path: a.driver for a in walked if isinstance(a.driver, Stochastic)}
        self._irregular = {
            a.path: a.driver.irregular
            for a in walked
            if isinstance(a.driver, TimeSeries) and a.driver.irregular is not None
        }
        self._factor = self._correlation_factor()

    @property
    def random(self) -> bool:
        """Whether anything is drawn at all."""
        return bool(self._stochastic or self._irregular)

    def central(self) -> dict[str, FloatArray]:
        """Path → value [1, Y] of the central case: means, and no noise."""
        values = {path: np.full((1, self._years), mean_of(d)) for path, d in self._stochastic.items()}
        values.update({path: np.zeros((1, self._years)) for path in self._irregular})
        return values

    def draws(self, first: int, last: int) -> dict[str, FloatArray]:
        """Path → values [last − first, Y] of the draws first … last − 1."""
        found: dict[str, FloatArray] = {}
        paths = list(self._stochastic)
        if paths:
            independent = np.stack([self._normals(path, first, last) for path in paths], axis=-1)
            for column, path in enumerate(paths):
                z = np.zeros(independent.shape[:2])
                for other, coefficient in enumerate(self._factor[column]):
                    if coefficient != 0.0:
                        z = z + coefficient * independent[:, :, other]
                driver = self._stochastic[path]
                if driver.variation is Variation.PER_RUN:
                    z = np.repeat(z[:, :1], self._years, axis=1)
                elif driver.variation is Variation.AUTOREGRESSIVE:
                    z = autoregressive(z, driver.persistence)
                found[path] = transform(driver, z)
        for path, noise in self._irregular.items():
            found[path] = noise.std * autoregressive(self._normals(path, first, last), noise.persistence)
        return found

    def _normals(self, path: str, first: int, last: int) -> FloatArray:
        return normal_quantile(uniforms(self._seed, path, (last, self._years))[first:])

    def _correlation_factor(self) -> list[list[float]]:
        """Lower triangular L with L·Lᵀ the correlation matrix of the stochastic drivers, in reading order."""
        paths = list(self._stochastic)
        by_name: dict[str, int] = {}
        for index, path in enumerate(paths):
            name = self._stochastic[path].name
            if name is not None:
                if name in by_name:
                    raise ModelInputError(f"{path}.payload.name", f"unique, {name!r} is taken")
                by_name[name] = index
        size = len(paths)
        matrix = [[1.0 if i == j else 0.0 for j in range(size)] for i in range(size)]
        for index, path in enumerate(paths):
            for k, link in enumerate(self._stochastic[path].correlations):
                place = f"{path}.payload.correlations[{k}]"
                other = by_name.get(link.name)
                if other is None or other == index:
                    raise ModelInputError(
                        f"{place}.name", f"another stochastic driver's name, not {link.name!r}"
                    )
                if matrix[index][other] not in (0.0, link.coefficient):
                    raise ModelInputError(f"{place}.coefficient", "the same on both sides")
                matrix[index][other] = matrix[other][index] = link.coefficient
        return _cholesky(matrix, paths)


def _cholesky(matrix: list[list[float]], paths: Sequence[str]) -> list[list[float]]:
    """Cholesky of a positive semi-definite matrix; a row that depends on earlier ones gets a zero pivot."""
    size = len(matrix)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i][j] - sum(lower[i][k] * lower[j][k] for k in range(j))
            if i == j:
                if rest < -1e-9:
                    raise ModelInputError(
                        f"{paths[i]}.payload.correlations", "positive semi-definite together"
                    )
                lower[i][i] = math.sqrt(max(rest, 0.0)) if rest > 1e-12 else 0.0
            elif lower[j][j] > 0.0:
                lower[i][j] = rest / lower[j][j]
            elif abs(rest) > 1e-9:
                raise ModelInputError(f"{paths[i]}.payload.correlations", "positive semi-definite together")
    return lower
