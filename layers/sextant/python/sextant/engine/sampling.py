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

from sextant.drivers.assumptions import PlacedDriver
from sextant.drivers.correlation import Correlations, correlations
from sextant.drivers.errors import ModelInputError
from sextant.drivers.stochastic import StochasticPayload
from sextant.drivers.time_series import TimeSeriesPayload
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


def mean_of(driver: StochasticPayload) -> float:
    """The value that the central case takes: the distribution's mean, clipped as the draws are."""
    mean: float
    if driver.distribution == "UNIFORM":
        mean = (driver.effective("low") + driver.effective("high")) / 2.0
    elif driver.distribution == "TRIANGULAR":
        mean = (driver.effective("low") + driver.effective("mode") + driver.effective("high")) / 3.0
    else:
        mean = driver.effective("mean")
    return float(_clip(driver, np.array(mean)))


def _clip(driver: StochasticPayload, values: FloatArray) -> FloatArray:
    low = -math.inf if driver.minimum is None else driver.minimum
    high = math.inf if driver.maximum is None else driver.maximum
    return np.clip(values, low, high)


def transform(driver: StochasticPayload, z: FloatArray) -> FloatArray:
    """Standard normals [D, Y] to the driver's distribution, by quantile."""
    if driver.distribution in ("NORMAL", "LOGNORMAL"):
        mean, std = driver.effective("mean"), driver.effective("std")
        if driver.distribution == "NORMAL":
            return _clip(driver, mean + std * z)
        # The bound keeps the square of a large spread about a tiny mean within the floats.
        variance = math.log1p(min(std / mean, 1e150) ** 2)
        return _clip(driver, np.exp(math.log(mean) - variance / 2.0 + math.sqrt(variance) * z))
    low, high = driver.effective("low"), driver.effective("high")
    u, spread = normal_cdf(z), high - low
    if driver.distribution == "UNIFORM" or spread == 0.0:
        return _clip(driver, low + spread * u)
    mode = driver.effective("mode")
    up = low + np.sqrt(u * spread * (mode - low))
    down = high - np.sqrt((1.0 - u) * spread * (high - mode))
    return _clip(driver, np.where(u < (mode - low) / spread, up, down))


def autoregressive(z: FloatArray, persistence: float) -> FloatArray:
    """Independent normals [D, Y] to a stationary AR(1) of unit variance along the years."""
    linked = z.copy()
    scale = math.sqrt(1.0 - persistence**2)
    for year in range(1, z.shape[1]):
        linked[:, year] = persistence * linked[:, year - 1] + scale * z[:, year]
    return linked


def _mixed(factor: list[list[float]], normals: FloatArray) -> FloatArray:
    """Σ_j factor[i][j]·normals[..., j], term by term: the same bytes whatever the number of draws."""
    mixed = np.zeros((*normals.shape[:-1], len(factor)))
    for row, coefficients in enumerate(factor):
        for column, coefficient in enumerate(coefficients):
            if coefficient != 0.0:
                mixed[..., row] += coefficient * normals[..., column]
    return mixed


def _residual(links: Correlations, years: int) -> FloatArray:
    """Factor [Y·N, Y·N], year by year, of what is left of the N changing drivers once the constant ones are known.

    A driver that holds for all years shares as much of each year with a changing one. So the changing one's years have that
    much in common, and it may be no more than its persistence leaves: 1ᵀK⁻¹1·ρ² ≤ 1 for its correlations K over the years.
    Raises ModelInputError where it is more.
    """
    fixed = links.constant
    persistence = np.array(links.persistence[fixed:])
    for (i, j), place in links.places.items():
        if j < fixed <= i:
            a = links.persistence[i]
            most = math.sqrt((1.0 + a) / (years - (years - 2) * a)) if years > 1 else 1.0
            if abs(links.matrix[i][j]) > most:
                raise ModelInputError(
                    place,
                    f"must be within ±{math.floor(most * 1e4) / 1e4:g}, the most that a draw for all of {years} years can have with one of "
                    f"persistence {a:g}",
                )
    lag = np.arange(years)[:, None] - np.arange(years)[None, :]
    # What is left of the earlier year after so many years is in the later one: of the first driver's if it comes later.
    later, earlier = (persistence[:, None, None] ** np.maximum(sign * lag, 0) for sign in (1, -1))
    decay = later[:, None] * earlier[None, :]
    within = np.array(links.matrix)[fixed:, fixed:, None, None]
    shared = np.array([row[:fixed] for row in links.level[fixed:]])
    left = within * decay - np.einsum("ik,jk->ij", shared, shared)[:, :, None, None]
    size = years * len(persistence)
    matrix = left.transpose(2, 0, 3, 1).reshape(size, size)
    factor = np.zeros((size, size))
    for k in range(size):
        column = matrix[k:, k] - np.einsum("ij,j->i", factor[k:, :k], factor[k, :k])
        if column[0] > 1e-12:
            factor[k:, k] = column / math.sqrt(column[0])
        elif column[0] < -1e-9 or np.any(np.abs(column) > 1e-6):
            driver = links.paths[fixed + k % len(persistence)]
            raise ModelInputError(
                f"{driver}.payload.correlations",
                f"must be attainable together over {years} years: they are too strong",
            )
    return factor


class Sampler:
    """Values of every random driver of a scenario, for a range of draws or for the central case."""

    def __init__(self, assumptions: Sequence[PlacedDriver], seed: int, years: int) -> None:
        walked = [inner for outer in assumptions for inner in outer.walk()]
        self._seed, self._years = seed, years
        self._stochastic = {a.path: a.driver for a in walked if isinstance(a.driver, StochasticPayload)}
        self._irregular = {
            a.path: a.driver.irregular
            for a in walked
            if isinstance(a.driver, TimeSeriesPayload) and a.driver.irregular is not None
        }
        self._correlations = correlations(self._stochastic)
        self._residual = _residual(self._correlations, years) if self._correlations.across else None

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
        values: dict[str, FloatArray] = {}
        if self._stochastic:
            paths = self._correlations.paths
            independent = np.stack([self._normals(path, first, last) for path in paths], axis=-1)
            normals = self._linked(independent)
            values = {
                path: transform(driver, normals[:, :, paths.index(path)])
                for path, driver in self._stochastic.items()
            }
        for path, noise in self._irregular.items():
            values[path] = noise.std * autoregressive(self._normals(path, first, last), noise.persistence)
        return values

    def _linked(self, independent: FloatArray) -> FloatArray:
        """Independent normals [D, Y, N] to those of the drivers: correlated within each year, linked from year to year."""
        links = self._correlations
        fixed = links.constant
        linked = _mixed(links.level, independent)
        linked[:, :, :fixed] = linked[:, :1, :fixed]
        if self._residual is not None:
            shared = _mixed([row[:fixed] for row in links.level[fixed:]], independent[:, :1, :fixed])
            flat = independent[:, :, fixed:].reshape(len(independent), -1)
            own = np.einsum("dk,jk->dj", flat, self._residual)
            linked[:, :, fixed:] = shared + own.reshape(linked[:, :, fixed:].shape)
            return linked
        innovations = _mixed(links.innovation, independent[:, :, fixed:])
        innovations[:, 0] = linked[:, 0, fixed:]
        for column, persistence in enumerate(links.persistence[fixed:]):
            linked[:, :, fixed + column] = autoregressive(innovations[:, :, column], persistence)
        return linked

    def _normals(self, path: str, first: int, last: int) -> FloatArray:
        return normal_quantile(uniforms(self._seed, path, (last, self._years))[first:])
