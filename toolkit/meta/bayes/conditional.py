"""The normal-normal model given tau: there the likelihood, the mean and the true effects have closed forms.

Roever 2020, J Stat Softw 93(6), section 2. Arrays over n values of tau have the shape (n,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.meta.bayes.priors import Normal
from toolkit.meta.frozen import Frozen
from toolkit.meta.likelihood import LOG_2PI

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.meta.bayes.priors import Flat

    Array = NDArray[np.float64]


class GivenTau(NamedTuple):
    """At each tau: the logarithm of the likelihood, and mean and variance of mu."""

    log_likelihood: Array
    mean: Array
    variance: Array


@dataclass(frozen=True, eq=False)
class Conditional(Frozen):
    """Effects ``y`` with variances ``v``, and the prior of mu: normal, flat, or None where mu is known to be 0."""

    y: Array
    v: Array
    mu: Normal | Flat | None

    @property
    def power(self) -> float:
        """The likelihood falls as tau to the minus this power, once tau is large."""
        return len(self.y) - (self.mu is not None and not isinstance(self.mu, Normal))

    def at(self, tau: Array) -> GivenTau:
        """Likelihood and mu at these values of tau, shape (n,); mu is integrated over its prior."""
        w, total, mean = self._weights(tau)
        log_likelihood = 0.5 * np.log(w).sum(1) - 0.5 * len(self.y) * LOG_2PI - 0.5 * self._squares(w, mean)
        if self.mu is None:
            return GivenTau(log_likelihood, mean, np.zeros_like(mean))
        of_prior = -np.log(self.mu.sd) if isinstance(self.mu, Normal) else 0.5 * LOG_2PI
        return GivenTau(log_likelihood + of_prior - 0.5 * np.log(total), mean, 1.0 / total)

    def slope(self, tau: float, *, joint: bool = False) -> float:
        """Derivative by tau of the log likelihood; with ``joint``, of the largest one over mu in place of its mean."""
        w, total, mean = self._weights(np.array([tau]))
        residual = self.y - mean[:, None]
        by_tau2 = 0.5 * (np.square(w * residual).sum() - w.sum())
        if not joint and self.mu is not None:
            by_tau2 += 0.5 * np.square(w).sum() / total[0]
        return float(2 * tau * by_tau2)

    def joint(self, tau: Array) -> Array:
        """The largest log density over mu of effects and mu, at these values of tau, up to a constant."""
        w, _, mean = self._weights(tau)
        return 0.5 * np.log(w).sum(1) - 0.5 * self._squares(w, mean)

    def _weights(self, tau: Array) -> tuple[Array, Array, Array]:
        w = 1.0 / (self.v + np.square(tau)[:, None])
        if self.mu is None:
            return w, w.sum(1), np.zeros(len(w))
        precision, centre = (self.mu.sd**-2.0, self.mu.mean) if isinstance(self.mu, Normal) else (0.0, 0.0)
        total = w.sum(1) + precision
        origin = self.y[0]  # differences, so that a shift of all effects costs no digits
        return w, total, origin + (w @ (self.y - origin) + precision * (centre - origin)) / total

    def _squares(self, w: Array, mean: Array) -> Array:
        found = (w * np.square(self.y - mean[:, None])).sum(1)
        return found + ((mean - self.mu.mean) / self.mu.sd) ** 2 if isinstance(self.mu, Normal) else found
