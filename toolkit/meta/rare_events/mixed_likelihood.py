"""The likelihood of counts with a normal random effect a study, integrated numerically.

Linear predictors are offset + nuisance alpha_i + share (x_i'beta + tau z_i) with z standard normal; derivatives are
those of Louis (1982, J R Stat Soc B 44:226), means over z given the counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.meta.likelihood import LOG_2PI
from toolkit.meta.rare_events.ascent import Summit, Surface, climb, refuse_limitless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.meta.rare_events.count_terms import Counts

    Array = NDArray[np.float64]

_DROP = 37.0  # in the logarithm of a density, beyond which nothing is left of it (1e-16)
_REACH = float(np.sqrt(2.0 * _DROP))  # where a normal density has fallen so far
_BRACKETS = 16  # candidates for the place where the integrand has fallen so far, between one scale and another
# Spacing of the trapezoidal rule, in standard deviations of the integrand and in units of the linear predictor. Its
# error is exp(-2 pi d / spacing) with d the distance of the next singularity from the real line, pi for binomials, and
# exp(-2 (pi / spacing)^2) for what is normal (Trefethen and Weideman 2014, SIAM Rev 56:385).
_SPACING, _SPACING_OF_PREDICTOR = 0.6, 0.32


class Term(NamedTuple):
    """One distribution of counts, and how its linear predictor is made."""

    counts: Counts
    offset: Array
    nuisance: float
    share: float


@dataclass(frozen=True, eq=False)
class MixedLikelihood:
    """k studies with a model matrix ``x`` (k, p) of their effects; ``has_baselines`` where each has its own baseline.

    Parameters are one vector: beta (p,), tau, and the baselines (k,) if there are some. The sign of tau says nothing.
    """

    terms: Sequence[Term]
    x: Array
    has_baselines: bool

    @property
    def p(self) -> int:
        """Number of coefficients, and the place of tau among the parameters."""
        return self.x.shape[1]

    def surface(self, at: Array) -> Surface:
        """The log-likelihood at these parameters, with its derivatives."""
        p, k = self.p, len(self.x)
        tau = float(abs(at[p]))
        refuse_limitless(tau)
        effects, baselines = self.x @ at[:p], at[p + 1 :] if self.has_baselines else np.zeros(k)
        z, weights = self._nodes(effects, baselines, tau) if tau else (np.zeros((k, 1)), np.zeros((k, 1)))
        loglik, by_baseline, by_share, two_baseline, two_share, mixed = self._slopes(effects, baselines, tau, z)
        logs = loglik + weights
        top = logs.max(1, keepdims=True)
        area = np.exp(logs - top).sum(1, keepdims=True)
        shares = np.exp(logs - top) / area
        firsts = np.stack([by_share, by_share * z, by_baseline])  # the effect, tau, the baseline
        seconds = np.array([[two_share, two_share * z, mixed], [two_share * z, two_share * z**2, mixed * z]])
        mean = np.einsum("akn,kn->ak", firsts, shares)
        apart = firsts - mean[..., None]
        spread = np.einsum("akn,bkn,kn->abk", apart, apart, shares)
        spread[:2, :] += np.einsum("abkn,kn->abk", seconds, shares)
        spread[2, :2] = spread[:2, 2]
        spread[2, 2] += np.einsum("kn,kn->k", two_baseline, shares)
        gradient, hessian = np.zeros(len(at)), np.zeros((len(at), len(at)))
        gradient[:p], gradient[p] = self.x.T @ mean[0], mean[1].sum()
        hessian[:p, :p], hessian[p, p] = self.x.T @ (spread[0, 0][:, None] * self.x), spread[1, 1].sum()
        hessian[:p, p] = hessian[p, :p] = self.x.T @ spread[0, 1]
        if self.has_baselines:
            gradient[p + 1 :] = mean[2]
            crossed = np.column_stack([spread[0, 2][:, None] * self.x, spread[1, 2]])
            hessian[p + 1 :, : p + 1], hessian[: p + 1, p + 1 :] = crossed, crossed.T
            hessian[range(p + 1, len(at)), range(p + 1, len(at))] = spread[2, 2]
        # The sign of tau is free, and its derivatives are those of its absolute value.
        sign = np.where(np.arange(len(at)) == p, np.sign(at[p]) or 1.0, 1.0)
        loglik = float(np.sum(top[:, 0] + np.log(area[:, 0])))
        return Surface(loglik, sign * gradient, np.outer(sign, sign) * hessian)

    def maximum(self, start: Array, *, random: bool) -> Summit:
        """The maximum, begun at these parameters; without ``random`` tau stays what it is."""
        free = [row for row in range(len(start)) if random or row != self.p]
        found = climb(self.surface, start, free)
        return found._replace(at=np.where(np.arange(len(start)) == self.p, np.abs(found.at), found.at))

    @cached_property
    def saturated(self) -> float:
        """The log-likelihood with an effect for each study."""
        return float(sum(term.counts.best().sum() for term in self.terms))

    def own_effects(self) -> tuple[Array, Array]:
        """Each study's own effect and its variance, (k,), without a correction: not finite where it is infinite."""
        y, v = np.zeros(len(self.x)), np.zeros(len(self.x))
        for term in self.terms:
            eta, variance = term.counts.own()
            y, v = y + np.sign(term.share) * (eta - term.offset), v + variance
        return y, v

    def _slopes(self, effects: Array, baselines: Array, tau: float, z: Array) -> tuple[Array, ...]:
        """Log-likelihood (k, n) with derivatives in baseline and share: first, first, second, second, mixed."""
        found = [np.zeros_like(z) for _ in range(6)]
        for term in self.terms:
            eta = (term.offset + term.nuisance * baselines + term.share * effects)[:, None] + term.share * tau * z
            own = term.counts.at(eta)
            parts = (
                own.loglik,
                term.nuisance * own.first,
                term.share * own.first,
                term.nuisance**2 * own.second,
                term.share**2 * own.second,
                term.nuisance * term.share * own.second,
            )
            found = [whole + part for whole, part in zip(found, parts, strict=True)]
        return tuple(found)

    def _nodes(self, effects: Array, baselines: Array, tau: float) -> tuple[Array, Array]:
        """Points about the mode of each study's random effect, and the logarithms of their weights, (k, n).

        Integrands are log-concave in z, at least as steep as a normal density, and may be much steeper on one side.
        """
        z, reach = np.zeros((len(self.x), 1)), min(3.0, 2.0 / tau)
        for _ in range(100):
            _, _, first, _, second, _ = self._slopes(effects, baselines, tau, z)
            # Of a linear predictor no step is longer than 2, where Newton's method would overshoot and swing.
            step = np.clip((tau * first - z) / (1.0 - tau**2 * second), -reach, reach)
            z = z + step
            if np.abs(step).max() < 1e-6:
                break
        height, _, _, _, second, _ = self._slopes(effects, baselines, tau, z)
        scale = (1.0 - tau**2 * second) ** -0.5
        distance = _REACH * scale ** np.linspace(1.0, 0.0, _BRACKETS)
        sides = [z - distance, z + distance]
        ends = []
        for side in sides:
            fallen = height - 0.5 * z**2 - self._slopes(effects, baselines, tau, side)[0] + 0.5 * side**2 > _DROP
            fallen[:, -1] = True
            ends.append(np.take_along_axis(side, fallen.argmax(1)[:, None], axis=1))
        low, high = ends
        spacing = np.minimum(_SPACING * scale, _SPACING_OF_PREDICTOR / tau)
        n = int(np.ceil(((high - low) / spacing).max())) + 1
        nodes = low + (high - low) * np.linspace(0.0, 1.0, n)
        return nodes, np.log((high - low) / (n - 1)) - 0.5 * (nodes**2 + LOG_2PI)
