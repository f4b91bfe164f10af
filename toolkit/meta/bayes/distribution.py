"""Posterior distributions: density, cdf, quantiles, and the interval that is central or shortest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from toolkit.errors import ModelInputError
from toolkit.meta.frozen import Frozen
from toolkit.meta.settings import check_choice, check_level, check_numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

_IRRELEVANT = 1e-18  # of a component's weight
_STEP = 1e-14
_ROUNDING = 4 * float(np.finfo(float).eps)


class Interval(NamedTuple):
    """Limits of a credible interval."""

    low: float
    high: float


class IntervalKind(StrEnum):
    """Which credible interval: the shortest one, or the one with equal tails."""

    SHORTEST = "shortest"
    CENTRAL = "central"


class Posterior(Frozen):
    """A posterior distribution of one number, with a density that has one peak.

    ``mean`` and ``sd`` are None where the integrals do not exist, as with heavy tails from few studies.
    """

    mean: float | None
    sd: float | None
    _lowest = -np.inf  # no value lies below

    @property
    def median(self) -> float:
        """The value with half of the probability on either side."""
        return float(self.quantile(0.5))

    @property
    def mode(self) -> float:
        """The value with the highest density."""
        raise NotImplementedError

    def interval(self, level: float, kind: IntervalKind) -> Interval:
        """The interval with probability ``level``.

        The shortest one is found by Newton's method, from the central one, as that with equal densities at both ends.
        Raises ModelInputError for a level outside 0 to 1 and for an unknown kind.
        """
        level, kind = check_level(level), check_choice(IntervalKind, kind, "kind")
        tail = (1.0 - level) / 2
        low, high = (float(value) for value in self.quantile(np.array([tail, 1.0 - tail])))
        if kind == IntervalKind.CENTRAL:
            return Interval(low, high)
        return self._shortest(level, low, high)

    def density(self, x: ArrayLike) -> Array:
        """Density at these values, of their shape."""
        raise NotImplementedError

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of a value up to these, of their shape."""
        raise NotImplementedError

    def quantile(self, p: ArrayLike) -> Array:
        """The values below which lie the probabilities ``p``, of their shape."""
        raise NotImplementedError

    def _slope(self, x: float) -> float:
        """Derivative of the log density."""
        raise NotImplementedError

    def _shortest(self, level: float, low: float, high: float) -> Interval:
        for _ in range(50):
            ends = np.array([low, high])
            density = self.density(ends)
            if not (density > 0).all():
                break
            mass = float(np.diff(self.cdf(ends))[0]) - level
            imbalance = float(np.log(density[0] / density[1]))
            slopes = self._slope(low), -self._slope(high)
            # The two equations d[0] dlow and d[1] dhigh: mass stays, densities become equal.
            matrix = np.array([[-density[0], density[1]], [slopes[0], slopes[1]]])
            try:
                step = -np.linalg.solve(matrix, [mass, imbalance])
            except np.linalg.LinAlgError:
                break
            width = high - low
            following = max(low + step[0], 0.5 * (low + self._lowest)), high + step[1]
            if not (np.isfinite(following).all() and following[0] < following[1]):
                break
            low, high = (float(end) for end in following)
            if np.abs(step).max() <= 1e-12 * width + _ROUNDING * max(abs(low), abs(high)):
                return Interval(low, high)
        return self._shortest_by_search(level)

    def _shortest_by_search(self, level: float) -> Interval:
        """The same over all probabilities below the interval, for densities where Newton's method does not settle."""
        from scipy.optimize import minimize_scalar  # here: most intervals do not need it

        below = np.clip(np.linspace(0.0, 1.0 - level, 201), 1e-9, 1.0 - level - 1e-9)
        widths = self.quantile(below + level) - self.quantile(below)
        best = int(np.argmin(widths))
        ends = below[max(best - 1, 0)], below[min(best + 1, len(below) - 1)]

        def width(p: float) -> float:
            return float(self.quantile(p + level) - self.quantile(p))

        p = minimize_scalar(width, bounds=ends, method="bounded", options={"xatol": 1e-12}).x
        return Interval(float(self.quantile(p)), float(self.quantile(p + level)))


def check_probabilities(p: ArrayLike) -> Array:
    """Probabilities as an array of one dimension. Raises ModelInputError for one that is not between 0 and 1."""
    values = np.ravel(check_numbers(p, "p"))
    if not ((values >= 0) & (values <= 1)).all():
        raise ModelInputError(f"A quantile is asked for by a probability between 0 and 1; got {p!r}.")
    return values


@dataclass(frozen=True, eq=False)
class NormalMixture(Posterior):
    """A mixture of n normal distributions: ``weights``, ``means`` and standard deviations ``sds``, each (n,)."""

    weights: Array
    means: Array
    sds: Array
    mean: float | None
    sd: float | None

    def density(self, x: ArrayLike) -> Array:
        """Density at these values, of their shape."""
        z = self._standardised(x)
        return (np.exp(-0.5 * z**2) / self.sds) @ self.weights / np.sqrt(2 * np.pi)

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of a value up to these, of their shape."""
        return ndtr(self._standardised(x)) @ self.weights

    def quantile(self, p: ArrayLike) -> Array:
        """The values below which lie the probabilities ``p``, of their shape."""
        given = check_probabilities(p)
        wanted = np.clip(given, 1e-300, 1 - 1e-16)
        low, high = self._bracket(wanted)
        x = self._guess(wanted, low, high)
        for _ in range(200):
            excess = self.cdf(x) - wanted
            low, high = np.where(excess < 0, x, low), np.where(excess < 0, high, x)
            with np.errstate(divide="ignore", invalid="ignore"):
                following = x - excess / self.density(x)
            following = np.where((following > low) & (following < high), following, 0.5 * (low + high))
            settled = np.abs(excess) <= _ROUNDING * wanted  # nearer than that the cdf is rounding
            moved, x = np.abs(following - x), np.where(settled, x, following)
            if (settled | (moved <= _ROUNDING * np.abs(x) + _STEP * (high - low + self.sds.min()))).all():
                break
        return np.where(given <= 0, -np.inf, np.where(given >= 1, np.inf, x)).reshape(np.shape(p))

    @property
    def mode(self) -> float:
        """The value with the highest density."""
        spread = self.means[:: max(len(self.means) // 32, 1)]  # by tau, so that they lie along the path of the means
        candidates = np.append(spread, self.median)
        x = float(candidates[np.argmax(self.density(candidates))])
        for _ in range(100):  # each step maximises a bound of the log density, then Newton's method settles
            z = self._standardised(x)
            part = self.weights * np.exp(-0.5 * z**2) / self.sds
            first, second = part @ (-z / self.sds), part @ ((z**2 - 1) / self.sds**2)
            ascent = first / (part @ self.sds**-2.0)
            step = -first / second if second < 0 and abs(first / second) < abs(4 * ascent) else ascent
            x += step
            if abs(step) <= _STEP * (abs(x) + self.sds.min()):
                break
        return float(x)

    def _slope(self, x: float) -> float:
        z = self._standardised(x)
        part = self.weights * np.exp(-0.5 * z**2) / self.sds
        return float(part @ (-z / self.sds) / part.sum())

    def _standardised(self, x: ArrayLike) -> Array:
        return (np.asarray(x, float)[..., None] - self.means) / self.sds

    def _guess(self, p: Array, low: Array, high: Array) -> Array:
        if self.mean is None or self.sd is None:
            return 0.5 * (low + high)
        return np.clip(self.mean + self.sd * ndtri(np.clip(p, 1e-12, 1 - 1e-12)), low, high)

    def _bracket(self, p: Array) -> tuple[Array, Array]:
        """Ends around each quantile, by steps that double from the middle component."""
        middle = int(np.searchsorted(np.cumsum(self.weights), 0.5))
        middle = min(middle, len(self.weights) - 1)
        ends = []
        for side in (-1, 1):
            step = np.full_like(p, self.sds[middle])
            end = self.means[middle] + side * step
            for _ in range(1100):
                short = (side * (self.cdf(end) - p) < 0) & np.isfinite(end)
                if not short.any():
                    break
                step = np.where(short, 2 * step, step)
                end = np.where(short, self.means[middle] + side * step, end)
            ends.append(end)
        return ends[0], ends[1]


def normal_mixture(weights: Array, means: Array, variances: Array, moments: int = 2) -> NormalMixture:
    """A mixture with as many of its ``moments`` (0, 1 or 2) as exist; components that do not matter are left out."""
    mean = float(weights @ means) if moments > 0 else None
    sd = float(np.sqrt(weights @ (variances + (means - mean) ** 2))) if mean is not None and moments > 1 else None
    kept = weights > _IRRELEVANT
    return NormalMixture(weights[kept] / weights[kept].sum(), means[kept], np.sqrt(variances[kept]), mean, sd)
