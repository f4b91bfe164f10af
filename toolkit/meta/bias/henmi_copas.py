"""Henmi and Copas' interval: the common-effect mean, which small studies sway least, with heterogeneity allowed for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import gammainc

from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, number, studies, with_limits

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_NONE = 1e-9  # a quantile so near to 0 that the interval covers nothing
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
    """k and tau2 with the weighted moments of the weights, W1 to W4 of the paper; ``ratio`` is 1 + tau2 W2."""

    k: int
    tau2: float
    w1: float
    w2: float
    w3: float
    w4: float
    ratio: float

    def of_q(self, r: float) -> tuple[float, float]:
        """Mean and variance of Q given that the standardised mean is ``r``."""
        k, t, w1, w2, w3, w4, ratio = self
        spread = w3 - w2**2
        away = (r**2 - 1.0) / ratio
        mean = (k - 1) + t * (w1 - w2) + t**2 * away * spread
        variance = (
            2 * (k - 1)
            + 4 * t * (w1 - w2)
            + 2 * t**2 * (w1 * w2 - 2 * w3 + w2**2)
            + 4 * t**2 * away * spread
            + 4 * t**3 * away * (w4 - 2 * w2 * w3 + w2**3)
            + 2 * t**4 * (1.0 - 2.0 * r**2) / ratio**2 * spread**2
        )
        return mean, variance


def henmi_copas(result: MetaResult) -> HenmiCopas:
    """The interval of Henmi and Copas (2010, Stat Med 29:2969), which publication bias moves less than a usual one.

    The estimate weighs studies by 1 / v, as a common-effect model does, so that small studies, which are the ones
    selected, weigh little; the limits allow for heterogeneity, and for tau2 being estimated (by DerSimonian and
    Laird), whatever the estimator, test and weights of ``result``; the level is its own.

    Raises ModelInputError for a regression and for a single study.
    """
    if result.x is not None:
        raise ModelInputError("Henmi and Copas' interval is for a mean; this model has moderators.")
    k, w = result.k, 1.0 / result.v
    if k == 1:
        raise ModelInputError("Henmi and Copas' interval needs 2 studies or more: it estimates heterogeneity.")
    w1 = float(w.sum())
    w2, w3, w4 = (float(np.sum(w**power)) / w1 for power in (2, 3, 4))
    estimate = float(w @ result.y) / w1
    q = float(w @ (result.y - estimate) ** 2)
    tau2 = max(0.0, (q - (k - 1)) / (w1 - w2))
    ratio = 1.0 + tau2 * w2
    se = float(np.sqrt(ratio / w1))
    quantile = float(np.sqrt(ratio)) * _quantile(_Moments(k, tau2, w1, w2, w3, w4, ratio), result.level)
    half = quantile * se
    return HenmiCopas(k, estimate, se, estimate - half, estimate + half, quantile, tau2, result.level)


def _quantile(moments: _Moments, level: float) -> float:
    """The t0 of the paper: Q is near a gamma distribution given the mean, over which a normal one is taken."""
    from scipy.integrate import quad  # here: slow to import
    from scipy.optimize import brentq

    stretch = moments.w1 / moments.w2 - 1.0

    def excess(t: float) -> float:
        def density(r: float) -> float:
            mean, variance = moments.of_q(r)
            bound = stretch * ((r / t) ** 2 - 1.0) + moments.k - 1
            return float(gammainc(mean**2 / variance, bound * mean / variance)) * np.exp(-0.5 * r * r)

        tail = quad(density, t, t + _NORMAL_ENDS, epsabs=1e-14, epsrel=1e-12, limit=200)[0]
        return float(tail) / np.sqrt(2.0 * np.pi) - (1.0 - level) / 2.0

    high = 2.0
    while excess(high) > 0:
        high *= 2.0
    return float(brentq(excess, _NONE, high, xtol=1e-13, rtol=1e-13))
