"""How the probability that a result is published falls with its p-value: the weight functions of selection models."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DELTA_MAX = 100.0


class Weight(StrEnum):
    """Weight functions by metafor's names; p is the p-value, c a measure of imprecision (1 where none is asked for).

    ``stepfun`` delta_j in the interval between two steps, 1 in the first (Hedges 1992; Vevea and Hedges 1995);
    ``beta`` p^(delta_1 - 1) (1 - p)^(delta_2 - 1) (Citkowicz and Vevea 2017); ``halfnorm`` exp(-delta c p²);
    ``negexp`` exp(-delta c p); ``logistic`` 2 exp(-delta c p) / (1 + exp(-delta c p)); ``power`` (1 - p)^(delta c)
    (these four: Preston, Ashby and Smyth 2004); ``negexppow`` exp(-delta_1 c p^(1 / delta_2)) (Begg and Mazumdar 1994).
    With one step, a smooth function is 1 up to there and falls from there on.
    """

    STEPFUN = "stepfun"
    BETA = "beta"
    HALFNORM = "halfnorm"
    NEGEXP = "negexp"
    LOGISTIC = "logistic"
    POWER = "power"
    NEGEXPPOW = "negexppow"


class Values(NamedTuple):
    """Log weights of any shape s, with gradients (s, d) and second derivatives (s, d, d) in delta."""

    log: Array
    gradient: Array
    hessian: Array


@dataclass(frozen=True)
class SmoothWeight:
    """A smooth weight function, which is 1 up to the p-value ``step``."""

    kind: Weight
    step: float = 0.0

    @property
    def count(self) -> int:
        """Number of parameters."""
        return 2 if self.kind in (Weight.BETA, Weight.NEGEXPPOW) else 1

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest delta, as metafor has them."""
        return (0.0 if self.kind not in (Weight.BETA, Weight.NEGEXPPOW) else 1e-5), DELTA_MAX

    @property
    def p_min(self) -> float:
        """P-values nearer than this to 0 and 1 are moved there, for functions without a finite limit (as metafor)."""
        return 1e-5 if self.kind in (Weight.BETA, Weight.POWER) else 0.0

    def values(self, p: Array, upper: Array, precision: Array | float, delta: Array) -> Values:
        """Log weights at p-values ``p``, ``upper`` being 1 - p without its rounding."""
        p, upper = (np.clip(part, self.p_min, 1.0 - self.p_min) for part in (p, upper))
        found = self._plain(p, upper, precision, delta)
        if not self.step:
            return found
        start = self._plain(np.full_like(p, self.step), np.full_like(p, 1.0 - self.step), precision, delta)
        beyond = p > self.step
        parts = zip(found, start, strict=True)
        log, gradient, hessian = (part - before for part, before in parts)
        return Values(
            np.where(beyond, log, 0.0),
            np.where(beyond[..., None], gradient, 0.0),
            np.where(beyond[..., None, None], hessian, 0.0),
        )

    def _plain(self, p: Array, upper: Array, c: Array | float, delta: Array) -> Values:
        if self.kind == Weight.BETA:
            slopes = np.stack([np.log(p), np.log(upper)], -1)
            return Values(slopes @ (delta - 1.0), slopes, np.zeros((*p.shape, 2, 2)))
        if self.kind == Weight.NEGEXPPOW:
            return _exponential_power(p, c, delta)
        if self.kind == Weight.LOGISTIC:
            x = delta[0] * c * p
            share = expit(x)
            curvature = -share * (1.0 - share) * (c * p) ** 2
            return Values(np.log(2.0) - np.logaddexp(0.0, x), -(share * c * p)[..., None], curvature[..., None, None])
        slope = (
            c
            * {Weight.HALFNORM: lambda: -(p**2), Weight.NEGEXP: lambda: -p, Weight.POWER: lambda: np.log(upper)}[
                self.kind
            ]()
        )
        return Values(delta[0] * slope, slope[..., None], np.zeros((*slope.shape, 1, 1)))


def _exponential_power(p: Array, c: Array | float, delta: Array) -> Values:
    """-delta_1 c p^(1 / delta_2)."""
    one, two = delta
    log_p = np.log(np.maximum(p, np.finfo(float).tiny))
    f = c * np.exp(log_p / two)
    f1 = -f * log_p / two**2
    f2 = f * log_p**2 / two**4 + 2.0 * f * log_p / two**3
    gradient = np.stack([-f, -one * f1], -1)
    hessian = np.stack([np.stack([np.zeros_like(f), -f1], -1), np.stack([-f1, -one * f2], -1)], -2)
    return Values(-one * f, gradient, hessian)
