"""The likelihood of counts with a normal random effect a study, by adaptive Gauss-Hermite quadrature, and its maximum.

Linear predictors are offset + nuisance alpha_i + share (theta + tau z_i) with z standard normal; derivatives are those
of Louis (1982, J R Stat Soc B 44:226), means over z given the counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ConvergenceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.meta.rare_events.count_terms import Counts

    Array = NDArray[np.float64]

MAX_ITERATIONS = 50
_SETTLED = 1e-11
_HALVINGS = 40
_MOST_POINTS = 121  # of quadrature, where fewer are too coarse
_TAU_BOUNDS = (1e-6, 10.0)  # on a log scale: far beyond what true effects differ by


class Term(NamedTuple):
    """One distribution of counts, and how its linear predictor is made."""

    counts: Counts
    offset: Array
    nuisance: float
    share: float


class Parameters(NamedTuple):
    """The effect ``theta``, the standard deviation ``tau`` of random effects, and a level ``alpha`` a study (k,)."""

    theta: float
    tau: float
    alpha: Array


class Surface(NamedTuple):
    """The log-likelihood with its gradient and Hessian; the order is theta, tau, then the alphas."""

    loglik: float
    gradient: Array
    hessian: Array


@dataclass(frozen=True, eq=False)
class MixedLikelihood:
    """k studies; ``has_levels`` where each has a level of its own, ``points`` of quadrature."""

    terms: Sequence[Term]
    k: int
    has_levels: bool
    points: int

    def at(self, given: Parameters, *, random: bool) -> Surface:
        """The likelihood at these parameters; without the random effect tau is taken to be 0."""
        tau = given.tau if random else 0.0
        z, weights = self._nodes(given, tau) if random else (np.zeros((self.k, 1)), np.zeros((self.k, 1)))
        loglik, by_level, by_share, two_level, two_share, mixed = self._slopes(given, tau, z)
        logs = loglik + weights
        top = logs.max(1, keepdims=True)
        area = np.exp(logs - top).sum(1, keepdims=True)
        shares = np.exp(logs - top) / area
        firsts = np.stack([by_share, by_share * z, by_level])  # theta, tau, alpha
        seconds = np.array([[two_share, two_share * z, mixed], [two_share * z, two_share * z**2, mixed * z]])
        mean = np.einsum("akn,kn->ak", firsts, shares)
        spread = np.einsum("akn,bkn,kn->abk", firsts, firsts, shares) - mean[:, None] * mean[None]
        spread[:2, :] += np.einsum("abkn,kn->abk", seconds, shares)
        spread[2, :2] = spread[:2, 2]
        spread[2, 2] += np.einsum("kn,kn->k", two_level, shares)
        size = 2 + (self.k if self.has_levels else 0)
        gradient, hessian = np.zeros(size), np.zeros((size, size))
        gradient[:2], hessian[:2, :2] = mean[:2].sum(1), spread[:2, :2].sum(-1)
        if self.has_levels:
            gradient[2:] = mean[2]
            hessian[:2, 2:], hessian[2:, :2] = spread[:2, 2], spread[:2, 2].T
            hessian[range(2, size), range(2, size)] = spread[2, 2]
        return Surface(float(np.sum(top[:, 0] + np.log(area[:, 0]))), gradient, hessian)

    def _slopes(self, given: Parameters, tau: float, z: Array) -> tuple[Array, ...]:
        """Log-likelihood (k, n) with derivatives in level and share: first, first, second, second, mixed."""
        found = [np.zeros_like(z) for _ in range(6)]
        for term in self.terms:
            eta = (term.offset + term.nuisance * given.alpha)[:, None] + term.share * (given.theta + tau * z)
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

    def _nodes(self, given: Parameters, tau: float) -> tuple[Array, Array]:
        """Points about the mode of each study's random effect, and the logarithms of their weights, (k, n)."""
        z, reach = np.zeros((self.k, 1)), min(3.0, 2.0 / max(tau, 1e-3))
        for _ in range(100):
            _, _, first, _, second, _ = self._slopes(given, tau, z)
            # Of a linear predictor no step is longer than 2, where Newton's method would overshoot and swing.
            step = np.clip((tau * first - z) / (1.0 - tau**2 * second), -reach, reach)
            z = z + step
            if np.abs(step).max() < 1e-9:
                break
        _, _, _, _, second, _ = self._slopes(given, tau, z)
        scale = (1.0 - tau**2 * second) ** -0.5
        x, w = np.polynomial.hermite_e.hermegauss(self.points)
        nodes = z + scale * x
        return nodes, np.log(w) + 0.5 * x**2 + np.log(scale) - 0.5 * nodes**2 - 0.5 * np.log(2.0 * np.pi)


def maximise(
    likelihood: MixedLikelihood, start: Parameters, *, random: bool, hold_tau: bool = False
) -> tuple[Parameters, Surface, int]:
    """The maximum by Newton's steps with step-halving, the surface there, and the number of steps.

    Too few points of quadrature keep these from settling, as the derivatives are not those of so coarse a sum: the
    points are doubled then. In the end tau is searched for between bounds, all else fitted at each value. Raises
    ConvergenceError where that fails too, as where one group has no events, and where the likelihood rises with tau
    beyond all bounds.
    """
    held = [] if random and not hold_tau else [1]
    free = [row for row in range(2 + (likelihood.k if likelihood.has_levels else 0)) if row not in held]
    now, surface = start, likelihood.at(start, random=random)
    for iteration in range(1, MAX_ITERATIONS + 1):
        step = np.zeros(len(surface.gradient))
        step[free] = climbing_step(surface.gradient[free], -surface.hessian[np.ix_(free, free)])
        promised = float(step @ surface.gradient)
        for _ in range(_HALVINGS):
            trial = Parameters(
                now.theta + step[0],
                abs(now.tau + step[1]),
                now.alpha + step[2:] if likelihood.has_levels else now.alpha,
            )
            found = likelihood.at(trial, random=random)
            if found.loglik >= surface.loglik - 1e-12 * (1.0 + abs(surface.loglik)):
                break
            step = step / 2.0
        else:
            break
        now, surface = trial, found
        _refuse_limitless(now.tau)
        if promised < _SETTLED:
            return now, surface, iteration
    if random and not hold_tau:
        finer = replace(likelihood, points=2 * likelihood.points)
        return maximise(finer, start, random=True) if finer.points <= _MOST_POINTS else _between_bounds(finer, start)
    raise ConvergenceError(
        "The model of these counts did not settle. Where one group has no events in nearly all studies there is no "
        "maximum: pool the risk difference, or use mantel_haenszel or peto."
    )


def _refuse_limitless(tau: float) -> None:
    """Raise for a tau beyond the bounds: the likelihood rises with it, and what maximum there is, quadrature made."""
    if tau >= 0.999 * _TAU_BOUNDS[1]:
        raise ConvergenceError(
            "The likelihood of these counts rises with tau beyond all bounds: too few studies have events to tell how "
            "true effects vary. Fit a common effect (method='EE'), or use mantel_haenszel or peto."
        )


def _between_bounds(likelihood: MixedLikelihood, start: Parameters) -> tuple[Parameters, Surface, int]:
    """The maximum by a search over tau."""
    from scipy.optimize import minimize_scalar  # here: 0.1 s that most fits do not need

    def fit(tau: float) -> tuple[Parameters, Surface, int]:
        return maximise(likelihood, start._replace(tau=tau), random=True, hold_tau=True)

    found = minimize_scalar(
        lambda tau: -fit(tau)[1].loglik, bounds=_TAU_BOUNDS, method="bounded", options={"xatol": 1e-9}
    )
    _refuse_limitless(float(found.x))
    return fit(float(found.x))


def climbing_step(gradient: Array, information: Array) -> Array:
    """Newton's step, with the signs of negative eigenvalues turned so that it climbs, and no part longer than 2."""
    scale = np.sqrt(np.maximum(np.abs(np.diagonal(information)), 1e-12))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    values = np.maximum(np.abs(values), 1e-10)
    step = vectors @ ((gradient / scale) @ vectors / values) / scale
    clipped = np.clip(step, -2.0, 2.0)
    # Clipping turns a step, downhill in the worst case, which would look as if the maximum were reached.
    return clipped if clipped @ gradient >= 0 else step * (2.0 / np.abs(step).max())
