"""The p-curve: are significant results as those of true effects, or of none?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from toolkit.errors import ModelInputError
from toolkit.meta.bias.fit_check import check_fit
from toolkit.meta.display import Shown, number, p_value, studies, with_limits

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_ALPHA, _HALF = 0.05, 0.025
_POWER_BOUNDS = 0.05, 0.99
_TINY = 2.2e-16  # p-values, and p-values of them, are kept this far from 0 and 1, as in the authors' program
_CI_LEVEL = 0.9


@dataclass(frozen=True)
class PCurve(Shown):
    """The p-curve of ``k`` significant results (two-sided p below 0.05), ``k_half`` of them with p below 0.025.

    ``right_skew`` and ``right_skew_half`` are Stouffer's z against no effect, negative where small p-values abound;
    ``flat`` and ``flat_half`` against a power of 33%, negative where the curve is flatter than that; each has a
    one-sided p-value ``..._p`` for a negative z. ``power`` with ``power_low`` and ``power_high`` (90% interval), from
    0.05 to 0.99, is the average power of the tests. Values of the half curve are None where no p is below 0.025.
    """

    k_all: int
    k: int
    k_half: int
    right_skew: float
    right_skew_p: float
    right_skew_half: float | None
    right_skew_half_p: float | None
    flat: float
    flat_p: float
    flat_half: float | None
    flat_half_p: float | None
    power: float
    power_low: float
    power_high: float

    @property
    def evidential_value(self) -> bool:
        """Whether the half curve has p below 0.05, or both curves below 0.1, against no effect (authors, 2015)."""
        if self.right_skew_half_p is None:
            return False
        both = max(self.right_skew_p, self.right_skew_half_p) < 2.0 * _ALPHA
        return self.right_skew_half_p < _ALPHA or both

    def to_frame(self) -> pd.DataFrame:
        """One row with all values."""
        return self._one_row(*self.__dataclass_fields__, "evidential_value")

    def _title(self) -> str:
        return f"P-curve, {self.k} of {studies(self.k_all)} significant"

    def _lines(self) -> list[tuple[str, str]]:
        rows = (
            ("Right skew", self.right_skew, self.right_skew_p),
            ("Right skew, half curve", self.right_skew_half, self.right_skew_half_p),
            ("Flatter than 33% power", self.flat, self.flat_p),
            ("Flatter, half curve", self.flat_half, self.flat_half_p),
        )
        power = with_limits(self.power, self.power_low, self.power_high, _CI_LEVEL)
        return [*((name, f"z {number(z)}, p {p_value(p)}") for name, z, p in rows), ("Power", power)]


def p_curve(result: MetaResult) -> PCurve:
    """Test whether significant results have evidential value, and estimate their average power.

    Simonsohn, Nelson and Simmons (2014, J Exp Psychol Gen 143:534), by Stouffer's method with the half curve
    (2015, J Exp Psychol Gen 144:1146), for z = y / sqrt(v); the sign of an effect is not used. As in the authors'
    program (app 4.052), but for the test of flatness of the half curve: the program takes three times the probability
    of p below 0.025 for that probability, so that its values are never below 2/3 where they should be uniform. Its
    binomial tests are not given.

    Raises ModelInputError for what is no fit of random_effects or regression, and where no result has a p-value below
    0.05.
    """
    check_fit(result, "A p-curve")
    z = np.abs(result.y) / np.sqrt(result.v)
    p = np.maximum(2.0 * ndtr(-z), _TINY)
    significant, half = p < _ALPHA, p < _HALF
    if not significant.any():
        raise ModelInputError("No effect has a two-sided p-value below 0.05: there is no p-curve.")
    skew, flat = _stouffer(p[significant] / _ALPHA), _against(z[significant], 1.0 / 3.0, _ALPHA)
    skew_half = flat_half = None
    if half.any():
        skew_half, flat_half = _stouffer(p[half] / _HALF), _against(z[half], 1.0 / 3.0, _HALF)
    tests = [part for value in (skew, skew_half, flat, flat_half) for part in (value, _lower(value))]
    quantile = float(ndtri((1.0 + _CI_LEVEL) / 2.0))
    powers = [_power_where(z[significant], value) for value in (0.0, quantile, -quantile)]
    return PCurve(result.k, int(significant.sum()), int(half.sum()), *tests, *powers)


def _lower(value: float | None) -> float | None:
    return None if value is None else float(ndtr(value))


def _stouffer(shares: Array) -> float:
    return float(np.sum(ndtri(np.clip(shares, _TINY, 1.0 - _TINY))) / np.sqrt(len(shares)))


def _beyond(z: Array | float, shift: float) -> Array:
    """The probability that a normal test statistic with mean ``shift`` is beyond z on either side."""
    return ndtr(shift - z) + ndtr(-shift - z)


def _against(z: Array, power: float, alpha: float) -> float:
    """Stouffer's z of results below ``alpha`` against tests that have this power at 0.05."""
    shift = _shift(power)
    return -_stouffer(_beyond(z, shift) / _beyond(-float(ndtri(alpha / 2.0)), shift))


def _shift(power: float) -> float:
    """The mean of the test statistic at which two-sided tests at 0.05 have this power."""
    from scipy.optimize import brentq  # here: slow to import

    if power <= _ALPHA:
        return 0.0
    critical = -float(ndtri(_ALPHA / 2.0))
    return float(brentq(lambda shift: float(_beyond(critical, shift)) - power, 0.0, 10.0, xtol=1e-15))


def _power_where(z: Array, value: float) -> float:
    """The power against which Stouffer's z, which falls with it, is ``value``; within its bounds."""
    from scipy.optimize import brentq

    low, high = _POWER_BOUNDS
    if _against(z, low, _ALPHA) <= value:
        return low
    if _against(z, high, _ALPHA) >= value:
        return high
    return float(brentq(lambda power: _against(z, power, _ALPHA) - value, low, high, xtol=1e-14))
