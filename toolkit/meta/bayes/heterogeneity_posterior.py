"""The posterior distribution of tau, the standard deviation of true effects between studies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.bayes.distribution import Interval, IntervalKind, Posterior, check_probabilities
from toolkit.meta.bayes.priors import Flat, TauPrior
from toolkit.meta.bayes.quadrature import Panels, panels
from toolkit.meta.display import studies
from toolkit.meta.settings import check_choice, check_level

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.bayes.conditional import Conditional

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HeterogeneityPosterior(Posterior):
    """The posterior of tau under a prior, with ``panels`` that hold it as a function of log(tau).

    ``moments`` counts the powers of tau, up to 2, that have an expectation.
    """

    conditional: Conditional
    prior: TauPrior
    panels: Panels
    moments: int
    mean: float | None
    sd: float | None
    _lowest = 0.0

    def density(self, x: ArrayLike) -> Array:
        """Density at these values, of their shape."""
        values = np.asarray(x, float)
        low, high = self.prior.support
        inside = (values >= low) & (values <= high) & (values < np.inf)
        return np.where(inside, np.exp(self._log_density(np.where(inside, values, self.nodes[0]))), 0.0)

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of a value up to these, of their shape."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.panels.cdf(np.log(np.maximum(np.asarray(x, float), 0.0)))

    def quantile(self, p: ArrayLike) -> Array:
        """The values below which lie the probabilities ``p``, of their shape."""
        given = check_probabilities(p)
        low, high = self.prior.support
        inside = np.exp(self.panels.quantile(given))
        return np.where(given <= 0, low, np.where(given >= 1, high, inside)).reshape(np.shape(p))

    @property
    def mode(self) -> float:
        """The value with the highest density."""
        return self._peak(joint=False)

    @cached_property
    def joint_mode(self) -> float:
        """The tau of the highest joint density of mu and tau."""
        return self._peak(joint=True)

    @property
    def nodes(self) -> Array:
        """The values of tau at which the model was computed, shape (n,)."""
        return np.exp(self.panels.nodes.ravel())

    @property
    def mass(self) -> Array:
        """Their probabilities, shape (n,)."""
        return self.panels.mass.ravel()

    def interval(self, level: float, kind: IntervalKind) -> Interval:
        """The interval with probability ``level``; a shortest one can start at the lowest possible tau."""
        level, kind = check_level(level), check_choice(IntervalKind, kind, "kind")
        if kind == IntervalKind.SHORTEST:
            low, high = self.prior.support
            ends = self.quantile(np.array([1.0 - level, level]))
            if float(self.density(low)) >= float(self.density(ends[1])):
                return Interval(low, float(ends[1]))
            if np.isfinite(high) and float(self.density(high)) >= float(self.density(ends[0])):
                return Interval(float(ends[0]), high)
        return super().interval(level, kind)

    def _slope(self, x: float, *, joint: bool = False) -> float:
        return self.prior.slope(x) + self.conditional.slope(x, joint=joint)

    def _log_density(self, tau: Array) -> Array:
        flat = np.ravel(tau)
        found = self.prior.log_density(flat) + self.conditional.at(flat).log_likelihood - self.panels.log_constant
        return found.reshape(np.shape(tau))

    def _peak(self, *, joint: bool) -> float:
        from scipy.optimize import brentq

        tau = self.nodes
        heights = self.prior.log_density(tau)
        heights = heights + (self.conditional.joint(tau) if joint else self.conditional.at(tau).log_likelihood)
        best = int(np.argmax(heights))
        low = tau[best - 1] if best else tau[0] / 2
        high = tau[best + 1] if best + 1 < len(tau) else min(self.prior.support[1], 2 * tau[-1])

        def slope(x: float) -> float:
            return self._slope(x, joint=joint)

        if slope(low) <= 0:
            return self.prior.support[0]
        if slope(high) >= 0:
            return float(high)
        return float(brentq(slope, low, high, xtol=1e-15 * high, rtol=1e-14))


def heterogeneity_posterior(conditional: Conditional, prior: TauPrior) -> HeterogeneityPosterior:
    """The posterior of tau. Raises ModelInputError where there is none: an improper prior and too few studies."""
    fall = prior.tail + conditional.power
    if fall <= 1.0:
        k = len(conditional.y)
        flat = " and a flat prior of mu" if isinstance(conditional.mu, Flat) else ""
        raise ModelInputError(
            f"With {studies(k)}, {type(prior).__name__} as the prior of tau{flat}, the posterior does not integrate to "
            "1. Use a proper prior of tau, as HalfNormal(scale)."
        )
    moments = 2 if fall > 3 else 1 if fall > 2 else 0
    y, v = conditional.y, conditional.v
    scales = np.array([np.sqrt(v.min()), np.sqrt(v.max()), np.ptp(y), *prior.scales])

    def log_function(u: Array) -> Array:
        tau = np.exp(u)
        return prior.log_density(tau) + u + conditional.at(tau).log_likelihood

    found = panels(log_function, prior.support, scales, (float(moments), fall - 1.0 - moments))
    tau, mass = np.exp(found.nodes.ravel()), found.mass.ravel()
    mean = float(mass @ tau) if moments > 0 else None
    sd = float(np.sqrt(mass @ (tau - mean) ** 2)) if mean is not None and moments > 1 else None
    return HeterogeneityPosterior(conditional, prior, found, moments, mean, sd)
