"""Henmi and Copas' interval: the common-effect mean, which small studies sway least, with heterogeneity allowed for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import gammainc

from toolkit.errors import ModelInputError
from toolkit.meta.bias.fit_check import check_mean
from toolkit.meta.display import Shown, number, studies, with_limits

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_NORMAL_ENDS = 10.0  # standard deviations beyond which a normal density adds nothing


@dataclass(frozen=True)
class HenmiCopas(Shown):
    """The common-effect mean with its standard error and limits under random effects, on the analysis scale.

    ``quantile`` is what ``se`` is stretched by for the limits; it is not that of a normal or t distribution, so there
    is no p-value. ``tau2`` is DerSimonian and Laird's.
    """

    k: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    quantile: float
    tau2: float
    level: float

    def to_frame(self) -> pd.DataFrame:
        """One row: k, estimate, se, ci_low, ci_high, tau2, level."""
        return self._one_row("k", "estimate", "se", "ci_low", "ci_high", "tau2", "level")

    def _title(self) -> str:
        return f"Henmi and Copas' interval, {studies(self.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        limits = with_limits(self.estimate, self.ci_low, self.ci_high, self.level)
        return [("Estimate", limits), ("Heterogeneity", f"tau² {number(self.tau2)} (DL)")]


class _Moments(NamedTuple):
    """What the distribution of Q needs of the studies' shares of the weight, p = w / W1, in differences that do not
    cancel where one study has nearly all of it.

    ``t`` is tau2 W1; with the paper's moments W1 to W4 of the weights and m = W2 / W1, ``a`` is 1 - m, ``b``
    (W1 W2 - 2 W3 + W2²) / W1², ``s`` (W3 - W2²) / W1², ``c`` (W4 - 2 W2 W3 + W2³) / W1³ and ``ratio`` 1 + tau2 W2.
    """

    k: int
    t: float
    m: float
    a: float
    b: float
    s: float
    c: float

    @property
    def ratio(self) -> float:
        return 1.0 + self.t * self.m

    def of_q(self, r: float) -> tuple[float, float]:
        """Mean and variance of Q given that the standardised mean is ``r``."""
        k, t, _, a, b, s, c = self
        ratio = self.ratio
        away = (r**2 - 1.0) / ratio
        mean = (k - 1) + t * a + t**2 * away * s
        variance = (
            2 * (k - 1)
            + 4 * t * a
            + 2 * t**2 * b
            + 4 * t**2 * away * s
            + 4 * t**3 * away * c
            + 2 * t**4 * (1.0 - 2.0 * r**2) / ratio**2 * s**2
        )
        return mean, variance


def henmi_copas(result: MetaResult) -> HenmiCopas:
    """The interval of Henmi and Copas (2010, Stat Med 29:2969), which publication bias moves less than a usual one.

    The estimate weighs studies by 1 / v, as a common-effect model does, so that small studies, which are the ones
    selected, weigh little; the limits allow for heterogeneity, and for tau2 being estimated (by DerSimonian and
    Laird), whatever the estimator, test and weights of ``result``; the level is its own.

    Raises ModelInputError for a regression and for a single study.
    """
    check_mean(result, "Henmi and Copas' interval")
    k, w = result.k, 1.0 / result.v
    if k == 1:
        raise ModelInputError("Henmi and Copas' interval needs 2 studies or more: it estimates heterogeneity.")
    w1 = float(w.sum())
    estimate = float(w @ result.y) / w1
    q = float(w @ (result.y - estimate) ** 2)
    moments = _moments(w / w1, q)
    tau2 = moments.t / w1
    se = float(np.sqrt(moments.ratio / w1))
    quantile = float(np.sqrt(moments.ratio)) * _quantile(moments, result.level)
    half = quantile * se
    return HenmiCopas(k, estimate, se, estimate - half, estimate + half, quantile, tau2, result.level)


def _moments(p: Array, q: float) -> _Moments:
    k, largest = len(p), int(np.argmax(p))
    others, squares = 1.0 - p, np.sum(p**2) - p**2
    rest = np.delete(p, largest)
    others[largest], squares[largest] = rest.sum(), np.sum(rest**2)
    m, a = float(np.sum(p**2)), float(p @ others)
    off = p * others - squares  # p - m
    t = max(0.0, (q - (k - 1)) / a)
    return _Moments(k, t, m, a, float(p**2 @ (others**2 + squares)), float(p @ off**2), float(p**2 @ off**2))


def _quantile(moments: _Moments, level: float) -> float:
    """The t0 of the paper: Q is near a gamma distribution given the mean, over which a normal one is taken."""
    from scipy.integrate import quad  # here: slow to import
    from scipy.optimize import brentq

    stretch = moments.a / moments.m

    def excess(t: float) -> float:
        def density(r: float) -> float:
            mean, variance = moments.of_q(r)
            bound = stretch * ((r / t) ** 2 - 1.0) + moments.k - 1
            return float(gammainc(mean**2 / variance, bound * mean / variance)) * np.exp(-0.5 * r * r)

        tail = quad(density, t, t + _NORMAL_ENDS, epsabs=1e-14, epsrel=1e-12, limit=200, full_output=True)[0]
        return float(tail) / np.sqrt(2.0 * np.pi) - (1.0 - level) / 2.0

    low, high = 1.0, 2.0
    while excess(low) < 0:
        low /= 2.0
    while excess(high) > 0:
        high *= 2.0
    return float(brentq(excess, low, high, xtol=1e-13, rtol=1e-13))
