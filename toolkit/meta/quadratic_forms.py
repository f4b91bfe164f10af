"""The distribution of a quadratic form in normal variables: a sum of chi-squares with weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_NEGLIGIBLE = 1e-13  # weights below this share of the largest do not move a probability
_STEP = 0.1  # of the trapezoidal rule; the nearest singularity is 0.7 away, so its error is of the order of e^-44
_REACH = 20.0  # where the integrand has fallen by e^-40
_BEND = 0.1


def upper_tail(q: float, weights: Array) -> float:
    """P(sum of weights_i X_i > q) for independent chi-square variables X_i with 1 degree of freedom; weights >= 0.

    By inversion of the moment generating function (Imhof 1961, Biometrika 48:419, inverts the characteristic one) along
    a parabola through the saddlepoint in place of the imaginary axis: there the integrand does not swing and falls off
    as a normal density, so that some 200 values give twelve digits, however small the tail.
    """
    largest = weights.max()
    if q <= 0 or largest <= 0:
        return 1.0 if q <= 0 < largest else 0.0
    weights, q = weights[weights > _NEGLIGIBLE * largest] / largest, q / largest
    above = q > weights.sum()
    start = _saddlepoint(q, weights, above=above)
    curvature = np.sum(2.0 * weights**2 / (1.0 - 2.0 * weights * start) ** 2) + start**-2
    width = 1.0 / np.sqrt(curvature)
    t = _STEP * np.arange(int(_REACH / _STEP) + 1)
    path = start + 1j * width * t + _BEND / q * t**2
    direction = width - 2j * _BEND / q * t
    exponent = -0.5 * np.log(1.0 - 2.0 * weights * path[:, None]).sum(-1) - q * path
    values = (np.exp(exponent) / path * direction).real
    values[0] /= 2.0
    tail = float(abs(values.sum()) * _STEP / np.pi)
    return tail if above else 1.0 - tail


def _saddlepoint(q: float, weights: Array, *, above: bool) -> float:
    """Where exp(K(s) - s q) / |s| is least: above 0 for the upper tail, below 0 for the lower one."""
    from scipy.optimize import brentq  # here: 0.1 s that most models do not need

    def slope(s: float) -> float:
        return float(np.sum(weights / (1.0 - 2.0 * weights * s))) - q - 1.0 / s

    if above:
        return brentq(slope, 1e-12 / q, 0.5 * (1.0 - 0.1 / (q + 1.0)))
    low = -1.0
    while slope(low) > 0:
        low *= 4.0
    high = -1e-12
    return brentq(slope, low, high)
