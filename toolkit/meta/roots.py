"""Where a heterogeneity equation holds: bracketed Newton search over a stack of analyses.

Each iterated estimator of tau2 is the root of "observed = expected": a weighted sum of squares that falls as tau2
grows, against its expectation. The search works on log(observed / expected) as a function of log(tau2 + v), v a typical
variance. On that scale the equation is a straight line when all variances are equal, and nearly one otherwise, so a
few Newton steps reach machine precision at any unit of measurement; absolute tolerances, which fail at effects of 1e-5
(two Python packages go wrong there), are not used. A step that leaves its bracket is replaced by a bisection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from toolkit.meta.projection import Projection
    from toolkit.meta.stack import Stack

    Array = NDArray[np.float64]
    Evaluate = Callable[[float], tuple[float, float, float, float]]

MAX_ITERATIONS = 100
_RELATIVE_STEP = 1e-6  # convergence is quadratic: the error that is left is of the order of its square
_ROUNDING = 8 * np.finfo(float).eps


class Tau2(NamedTuple):
    """Estimates of tau2, each of shape (n,).

    ``se`` is NaN where there is none (EE, or as many coefficients as studies). ``maxima`` is the number of local
    maxima of the likelihood that were compared (ML, REML), 1 otherwise.
    """

    value: Array
    se: Array
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]
    maxima: NDArray[np.int64]


class Equation(Protocol):
    """An equation in tau2: ``sides`` are observed and expected, ``slopes`` their derivatives."""

    def sides(self, p: Projection, residuals: Array) -> tuple[Array, Array]:
        """Observed and expected value at the tau2 of this projection, given its residuals of y."""

    def slopes(self, p: Projection, residuals: Array) -> tuple[Array, Array]:
        """Their derivatives with respect to tau2."""

    def take(self, rows: NDArray[np.intp] | int) -> Equation:
        """The equation of these analyses alone."""


class Bracket(NamedTuple):
    """Ends between which a root lies, and log(observed / expected) at each: above 0 at ``low``, not so at ``high``."""

    low: Array
    high: Array
    at_low: Array
    at_high: Array


class Roots(NamedTuple):
    """What a search found, each of shape (n,)."""

    tau2: Array
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]


def typical_variance(stack: Stack) -> Array:
    """The harmonic mean of the variances of each analysis, shape (n,)."""
    return stack.k / np.add.reduce(stack.at_zero.w, -1)


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def bracketed_root(stack: Stack, equation: Equation, ends: Bracket) -> Roots:
    """The root of each analysis between its ends, all of shape (n,).

    ``converged`` is false for an analysis that is not settled after 100 iterations.
    """
    n = len(stack.y)
    if n == 1:
        shift, alone, one = float(typical_variance(stack)[0]), stack.only(), equation.take(0)
        found = single_root(lambda tau2: _evaluate(alone, one, tau2), Bracket(*(float(end[0]) for end in ends)), shift)
        return Roots(*(np.array([part]) for part in found))
    tau2, iterations, converged = np.empty(n), np.full(n, MAX_ITERATIONS), np.zeros(n, bool)
    active = np.arange(n)
    shift = typical_variance(stack)
    low, high = ends.low, ends.high
    trial = _first_trial(ends, shift)
    for iteration in range(1, MAX_ITERATIONS + 1):
        if not len(active):
            break
        value, following = _newton(_evaluate(stack, equation, trial), trial, shift)
        above = value > 0
        low, high = np.where(above, trial, low), np.where(above, high, trial)
        inside = (following > low) & (following < high)
        following = np.where(inside, following, _middle(low, high, shift))
        # A Newton step that rounding pushes over the end of its bracket has arrived as well.
        arrived = (np.abs(following - trial) <= _RELATIVE_STEP * following) & inside
        done = arrived | (high - low <= _ROUNDING * (high + shift)) | (value == 0)
        following = np.where(value == 0, trial, following)
        tau2[active] = following
        if done.any():
            iterations[active[done]], converged[active[done]] = iteration, True
            keep = np.flatnonzero(~done)
            active, stack, equation = active[keep], stack.take(keep), equation.take(keep)
            low, high, shift, following = low[keep], high[keep], shift[keep], following[keep]
        trial = following
    return Roots(tau2, iterations, converged)


def single_root(evaluate: Evaluate, ends: Bracket, shift: float) -> tuple[float, int, bool]:
    """The same search for one analysis, whose ends are numbers: arrays of one element would take three times as long.

    ``evaluate`` gives observed and expected at a tau2, and their derivatives. Returns tau2, iterations and convergence.
    """
    trial, low, high = float(_first_trial(ends, shift)), ends.low, ends.high
    for iteration in range(1, MAX_ITERATIONS + 1):
        value, following = _newton(evaluate(trial), trial, shift)
        if value == 0:
            return trial, iteration, True
        low, high = (trial, high) if value > 0 else (low, trial)
        inside = low < following < high
        following = float(following) if inside else float(_middle(low, high, shift))
        settled = inside and abs(following - trial) <= _RELATIVE_STEP * following
        if settled or high - low <= _ROUNDING * (high + shift):
            return following, iteration, True
        trial = following
    return trial, MAX_ITERATIONS, False


def bisected_root(function: Callable[[float], float], low: float, high: float, shift: float) -> float:
    """The root of a function that changes sign between ``low`` and ``high``, to machine precision.

    For the few searches whose function has no simple derivative; bisects log(tau2 + shift), then refines by secants
    (Brent's method in the plain form of ``scipy.optimize.brentq``).
    """
    from scipy.optimize import brentq  # here: 0.1 s that most fits do not need

    def at(u: float) -> float:
        return function(shift * float(np.expm1(u)))

    root = brentq(at, np.log1p(low / shift), np.log1p(high / shift), xtol=1e-15, rtol=8.9e-16, maxiter=500)
    return shift * float(np.expm1(root))


def _first_trial(ends: Bracket, shift: Array) -> Array:
    """Where the straight line through the bracket's ends crosses zero."""
    low, high = ends.low + shift, ends.high + shift
    trial = low * (high / low) ** (ends.at_low / (ends.at_low - ends.at_high)) - shift
    return np.where((trial > ends.low) & (trial < ends.high), trial, _middle(ends.low, ends.high, shift))


def _evaluate(stack: Stack, equation: Equation, tau2: Array) -> tuple[Array, Array, Array, Array]:
    """Observed and expected at ``tau2``, and their derivatives."""
    p = stack.project(stack.weights(tau2))
    residuals = p.residuals(stack.y)
    return *equation.sides(p, residuals), *equation.slopes(p, residuals)


def _newton(at: tuple[Array, Array, Array, Array], tau2: Array, shift: Array) -> tuple[Array, Array]:
    """The log ratio at ``tau2`` and the next value of Newton's method, from what ``_evaluate`` gives there."""
    observed, expected, d_observed, d_expected = at
    value = np.log(observed / expected)
    slope = (tau2 + shift) * (d_observed / observed - d_expected / expected)
    # expm1 keeps the relative precision of a tau2 that is far below the variances.
    return value, tau2 + (tau2 + shift) * np.expm1(-value / slope)


def _middle(low: Array, high: Array, shift: Array) -> Array:
    return np.sqrt((low + shift) * (high + shift)) - shift
