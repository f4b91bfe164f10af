"""Two groups of counts with a random baseline and a random effect a study (UM.RS), by Laplace's approximation.

The linear predictors are offset + baseline + sigma z_1 + x_i'beta + tau z_2 / 2 in the first group, and offset +
baseline + sigma z_1 - tau z_2 / 2 in the second, with z_1 and z_2 independent and standard normal (Turner et al. 2000,
Stat Med 19:3417, with metafor's coding). Both integrals are Laplace's approximation, as those of lme4's glmer, which
has no other for two random effects. Derivatives are central differences, all points of which are evaluated at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.meta.rare_events.ascent import Surface, climb, refuse_limitless

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from toolkit.meta.rare_events.mixed_likelihood import Term

    Array = NDArray[np.float64]

_STEP, _SMALL_STEP = 5e-4, 1e-5  # of second and of first differences, on a log scale: digits against curvature
_MOST_STEPS, _HALVINGS = 100, 30
_INFINITE = 60.0  # an effect of a group without events (or with nothing but events) that leaves it certain


class BaselineFit(NamedTuple):
    """A fit: ``baseline``, effects ``beta`` (p,) with their ``covariance``, and the standard deviations of both."""

    baseline: float
    beta: Array
    sigma: float
    tau: float
    covariance: Array
    loglik: float
    steps: int


class SaturatedFit(NamedTuple):
    """A fit with an effect for each study: its log-likelihood, the effects (k,) and their information (k, k).

    An infinite effect has no information.
    """

    loglik: float
    effects: Array
    information: Array


@dataclass(frozen=True, eq=False)
class RandomBaselines:
    """The counts of k studies with two groups, and the model matrix ``x`` (k, p) of their effects."""

    terms: Sequence[Term]
    x: Array

    def fit(self, baseline: float, beta: Array, tau: float) -> BaselineFit:
        """The maximum, begun at these values; a tau of 0 stays 0. A deviation of 0 is exact."""
        p = len(beta)

        def each(points: Array) -> Array:  # beta, baseline, sigma, tau
            return self._each(points[:, p], self.x @ points[:, :p].T, points[:, p + 1], points[:, p + 2])

        def surface(at: Array) -> Surface:
            refuse_limitless(at[p + 2])
            return Surface(*(part.sum(-1) for part in _differences(each, at)))

        free = list(range(p + 3 if tau else p + 2))
        found = climb(surface, np.array([*beta, baseline, 0.5, tau]), free)
        steps = found.steps
        for row in (p + 1, p + 2):  # at 0 the likelihood is level, so that the search only nears it
            without = np.where(np.arange(p + 3) == row, 0.0, found.at)
            if row in free and (abs(found.at[row]) < 1e-5 or surface(without).loglik >= found.surface.loglik - 1e-9):
                free.remove(row)
                found = climb(surface, without, free)
                steps += found.steps
        covariance = np.linalg.inv(-found.surface.hessian[np.ix_(free, free)])[:p, :p]
        baseline, sigma, tau = found.at[p:].tolist()
        return BaselineFit(baseline, found.at[:p], abs(sigma), abs(tau), covariance, float(found.surface.loglik), steps)

    def saturated(self, common: BaselineFit, effects: Array) -> SaturatedFit:
        """The fit with an effect for each study, begun at ``effects`` (k,) beside the ``common`` one."""
        k = len(self.x)

        def surface(at: Array) -> Surface:  # baseline, sigma, effects
            def each(moves: Array) -> Array:
                own = at[2:, None] + moves[:, 2]
                return self._each(at[0] + moves[:, 0], own, at[1] + moves[:, 1], np.zeros(len(moves)))

            loglik, slopes, curves = _differences(each, np.zeros(3))
            hessian = np.zeros((k + 2, k + 2))
            hessian[:2, :2] = curves[:2, :2].sum(-1)
            hessian[:2, 2:], hessian[2:, :2] = curves[:2, 2], curves[:2, 2].T
            hessian[range(2, k + 2), range(2, k + 2)] = curves[2, 2]
            return Surface(float(loglik.sum()), np.array([*slopes[:2].sum(-1), *slopes[2]]), hessian)

        own, _ = self.terms[0].counts.own()
        finite = np.isfinite(own)
        start = [common.baseline, max(common.sigma, 0.1), *np.where(finite, effects, np.sign(own) * _INFINITE)]
        found = climb(surface, np.array(start), [0, 1, *(2 + np.flatnonzero(finite)).tolist()])
        information = -found.surface.hessian
        shared, crossed = information[:2, :2], information[:2, 2:]
        of_effects = information[2:, 2:] - crossed.T @ np.linalg.pinv(shared) @ crossed
        return SaturatedFit(found.surface.loglik, found.at[2:], of_effects * np.outer(finite, finite))

    def _each(self, baseline: Array, effects: Array, sigma: Array, tau: Array) -> Array:
        """The log-likelihood of each study at m points, (k, m), with effects (k, m)."""
        z = np.zeros((2, *effects.shape))

        def joint(z: Array) -> tuple[Array, Array, Array]:
            """The log-density of counts and random effects, its gradient (2, k, m) and information (3, k, m)."""
            value, slope = -0.5 * np.sum(z**2, axis=0), -z
            information = np.stack([np.ones_like(z[0]), np.zeros_like(z[0]), np.ones_like(z[0])])
            for term in self.terms:
                own_share = term.share * tau
                eta = term.offset[:, None] + baseline + (term.share + 0.5) * effects + sigma * z[0] + own_share * z[1]
                own = term.counts.at(eta)
                value = value + own.loglik
                slope = slope + np.stack([own.first * sigma, own.first * own_share])
                information = information - own.second * np.stack([sigma**2, sigma * own_share, own_share**2])[:, None]
            return value, slope, information

        value, slope, information = joint(z)
        for _ in range(_MOST_STEPS):
            (a, b, c), (first, second) = information, slope
            step = np.stack([c * first - b * second, a * second - b * first]) / (a * c - b**2)
            size = np.ones_like(value)
            for _ in range(_HALVINGS):
                trial = z + size * step
                found = joint(trial)
                lower = found[0] < value - 1e-12 * (1.0 + np.abs(value))
                if not lower.any():
                    break
                size = np.where(lower, size / 2.0, size)
            z, (value, slope, information) = trial, found
            if np.abs(step).max() < 1e-8:
                break
        a, b, c = information
        return value - 0.5 * np.log(a * c - b**2)


def _differences(each: Callable[[Array], Array], at: Array) -> tuple[Array, Array, Array]:
    """Values (k,), first (p, k) and second (p, p, k) derivatives of a function that maps points (m, p) to (k, m)."""
    p = len(at)
    moves = np.eye(p) * _STEP
    pairs = [(a, b) for a in range(p) for b in range(a)]
    both = [moves[a] + moves[b] for a, b in pairs]
    near = np.eye(p) * _SMALL_STEP
    points = [np.zeros(p), *moves, *(-moves), *near, *(-near), *both, *(-move for move in both)]
    found = each(at + np.array(points)).T
    middle, up, down = found[0], found[1 : p + 1], found[p + 1 : 2 * p + 1]
    slopes = (found[2 * p + 1 : 3 * p + 1] - found[3 * p + 1 : 4 * p + 1]) / (2.0 * _SMALL_STEP)
    curves = np.zeros((p, p, found.shape[1]))
    curves[range(p), range(p)] = (up - 2.0 * middle + down) / _STEP**2
    for row, (a, b) in enumerate(pairs, start=4 * p + 1):
        ends = found[row] + found[row + len(pairs)] + 2.0 * middle
        curves[a, b] = curves[b, a] = (ends - up[a] - down[a] - up[b] - down[b]) / (2.0 * _STEP**2)
    return middle, slopes, curves
