"""The maximum of a selection model's likelihood: Newton's steps within bounds, from several starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from scipy.linalg.lapack import dposv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.meta.bias.selection_likelihood import Derivatives, SelectionLikelihood

    Array = NDArray[np.float64]

MAX_ITERATIONS = 100
HALVINGS = 30
SETTLED = 1e-14  # expected gain in log-likelihood, relative to its size: the parameters are then right to 1e-7
ROUNDING = 1e-8  # the same where no step climbs
_HIGHER = 1e-3  # in log-likelihood: a maximum that is another one
_NEAR = 5e-2  # of the scale of a parameter


def harmonic_mean(v: Array) -> float:
    """That of the variances (k,): the size of tau2 that matters beside them, and the unit in which it is sought."""
    return float(len(v) / np.sum(1.0 / v))


class Maximum(NamedTuple):
    """Where the search ended: ``theta`` are the parameters. ``maxima`` counts the maxima that were compared.

    ``farther`` is where another search ended, if the likelihood is higher there: far away, or at no maximum.
    """

    theta: Array
    at: Derivatives
    iterations: int
    converged: bool
    maxima: int = 1
    farther: Maximum | None = None


class Bounded(Protocol):
    """A likelihood with the bounds of its parameters, each (m,); equal bounds hold a parameter at its value.

    ``scale`` (m,) is the size of a step that matters, which makes the search independent of the unit of y.
    """

    low: Array
    high: Array
    scale: Array

    def at(self, theta: Array) -> Derivatives:
        """The log-likelihood and its derivatives."""


class Problem(NamedTuple):
    """The likelihood of a weight function, whose parameters are (beta, tau2, delta): see :class:`Bounded`."""

    likelihood: SelectionLikelihood
    low: Array
    high: Array
    scale: Array

    def at(self, theta: Array) -> Derivatives:
        """The log-likelihood and its derivatives."""
        p = self.likelihood.x.shape[1]
        return self.likelihood.at(theta[:p], float(theta[p]), theta[p + 1 :])


def highest(problem: Bounded, starts: list[Array], far: Array | None = None) -> Maximum:
    """The highest maximum that Newton's method reaches from these starts, or where it got to if none settles.

    A likelihood of selection can climb again, or without end, where all effects are in the tail of a distribution far
    from them: a search from ``far`` tells, but it is taken only where the others did not settle.
    """
    found: list[Maximum] = []
    for start in starts:
        found.append(newton(problem, start, found))
    others = found if far is None else [*found, newton(problem, far, found)]
    settled = [one for one in found if one.converged] or [one for one in others if one.converged]
    best = max(settled or others, key=_height)
    distinct = {round(one.at.loglik - best.at.loglik, 5) for one in settled}
    higher = max(others, key=_height)
    if not higher.at.loglik > best.at.loglik + _HIGHER:
        higher = None
    return best._replace(maxima=max(len(distinct), 1), farther=higher)


def _height(one: Maximum) -> float:
    return one.at.loglik if np.isfinite(one.at.loglik) else -np.inf


@np.errstate(all="ignore")
def newton(problem: Bounded, start: Array, known: Sequence[Maximum] = ()) -> Maximum:
    """Newton's method on the parameters that are not held at a bound by their gradient, with step-halving.

    Where the likelihood is not concave the eigenvalues of the Hessian change their sign, so that each step climbs.
    A search that comes this near to a maximum that is ``known`` ends there.
    """
    low, high, scale = problem.low, problem.high, problem.scale
    theta = np.clip(start, low, high)
    now = problem.at(theta)
    for iteration in range(1, MAX_ITERATIONS + 1):
        for one in known:
            if one.converged and (np.abs(theta - one.theta) <= _NEAR * scale).all():
                return one
        if not np.isfinite(now.hessian).all():
            return Maximum(theta, now, iteration, False)
        gradient = now.gradient
        free = np.flatnonzero(~((theta <= low) & (gradient <= 0)) & ~((theta >= high) & (gradient >= 0)) & (low < high))
        if not len(free):
            return Maximum(theta, now, iteration, True)
        step = np.zeros_like(theta)
        step[free] = _ascent(now, free, scale)
        # Of the step within the bounds: next to one, what lies beyond it is no gain.
        within = np.minimum(np.maximum(theta + step, low), high) - theta
        gain = float(np.abs(gradient * within).sum())
        if gain < SETTLED * max(abs(now.loglik), 1.0):
            return Maximum(theta, now, iteration, True)
        for _ in range(HALVINGS):
            trial = np.minimum(np.maximum(theta + step, low), high)
            then = problem.at(trial)
            if then.loglik > now.loglik and np.isfinite(then.gradient).all():
                break
            step = step / 2.0 if np.isfinite(then.loglik) else step / 4.0
        else:
            # No step climbs: rounding is all that is left where little was expected of the first.
            return Maximum(theta, now, iteration, gain < ROUNDING * max(abs(now.loglik), 1.0))
        theta, now = trial, then
    return Maximum(theta, now, MAX_ITERATIONS, False)


def _ascent(now: Derivatives, free: NDArray[np.intp], scale: Array) -> Array:
    """Newton's step of the free parameters, or where the Hessian is not negative definite one that climbs."""
    unit = scale[free]
    gradient = now.gradient[free] * unit
    information = now.hessian[free][:, free] * (-unit[:, None] * unit)
    _, step, not_definite = dposv(information, gradient)
    if not not_definite:
        return step * unit
    values, vectors = np.linalg.eigh(information)
    largest = max(values[-1], -values[0])
    step = vectors @ ((gradient @ vectors) / np.maximum(np.abs(values), 1e-14 * largest))
    return step * (min(1.0, 2.0 / float(np.abs(step).max())) * unit)
