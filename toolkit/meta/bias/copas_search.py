"""The maxima of many Copas likelihoods at once: Newton's steps within bounds, from several starts and from neighbours.

The same method as :mod:`selection_search`, which fits one model; here each step is one of hundreds of selections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.meta.bias.copas_likelihood import Derivatives
from toolkit.meta.bias.selection_search import HALVINGS, MAX_ITERATIONS, ROUNDING, SETTLED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.meta.bias.copas_likelihood import CopasProblems

    Array = NDArray[np.float64]

_NEXT_TO = 1e-12  # of the scale of a parameter
_LOWEST = -1e100  # in place of a log-likelihood that is not a number
_HIGHER = 1e-9  # by which a neighbour's parameters must be better for a search from there


class Bounds(NamedTuple):
    """Bounds of theta, (n, 4); equal ones hold a parameter. ``scale`` (4,) is the size of a step that matters."""

    low: Array
    high: Array
    scale: Array

    def take(self, rows: NDArray[np.intp]) -> Bounds:
        """Those of these selections."""
        return self._replace(low=self.low[rows], high=self.high[rows])

    def with_ends(self, parameter: int, low: float, high: float) -> Bounds:
        """The same with other bounds of one parameter."""
        ends = [self.low.copy(), self.high.copy()]
        for end, value in zip(ends, (low, high), strict=True):
            end[:, parameter] = value
        return Bounds(*ends, self.scale)

    def clip(self, theta: Array) -> Array:
        """Within the bounds, and on one where it is next to it."""
        near = _NEXT_TO * self.scale
        theta = np.where(theta - self.low < near, self.low, theta)
        return np.where(self.high - theta < near, self.high, theta)

    def free(self, theta: Array, gradient: Array) -> NDArray[np.bool_]:
        """The parameters that are not held, nor at a bound that the likelihood climbs against."""
        against = ((theta <= self.low) & (gradient <= 0)) | ((theta >= self.high) & (gradient >= 0))
        return ~against & (self.low < self.high)


class Maxima(NamedTuple):
    """Where n searches ended: ``theta`` (n, 4), steps, and whether they settled. ``maxima`` were compared in each."""

    theta: Array
    at: Derivatives
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]
    maxima: NDArray[np.int64]


@np.errstate(all="ignore")
def highest(
    problems: CopasProblems, bounds: Bounds, starts: list[Array], neighbours: NDArray[np.intp] | None = None
) -> Maxima:
    """The highest maximum of each of n likelihoods from these starts, each (n, 4).

    ``neighbours`` (n, m) are the rows of similar selections, an absent one the row itself: where the parameters of one
    are better than a row's own, the search is repeated from there, until none is.
    """
    n = len(problems.u)
    each = np.tile(np.arange(n), len(starts))
    found = climb(problems.take(each), bounds.take(each), np.concatenate(starts))
    heights = np.where(np.isfinite(found.at.loglik), found.at.loglik, _LOWEST).reshape(len(starts), n)
    best = np.argmax(heights, 0) * n + np.arange(n)
    maxima = _distinct(np.where(found.converged.reshape(heights.shape), heights, _LOWEST))
    theta, iterations, converged = found.theta[best], found.iterations[best], found.converged[best]
    at = Derivatives(*(part[best] for part in found.at))
    for _ in range(n if neighbours is not None else 0):
        columns = []
        for column in neighbours.T:
            trial = bounds.clip(theta[column])
            columns.append(np.where(column == np.arange(n), -np.inf, problems.at(trial).loglik))
        better = np.argmax(columns, 0)
        rows = np.flatnonzero(np.max(columns, 0) > at.loglik + _HIGHER * np.maximum(np.abs(at.loglik), 1.0))
        if not len(rows):
            break
        found = climb(problems.take(rows), bounds.take(rows), theta[neighbours[rows, better[rows]]])
        theta[rows], iterations[rows], converged[rows] = found.theta, found.iterations, found.converged
        for part, new in zip(at, found.at, strict=True):
            part[rows] = new
        maxima[rows] += 1
    return Maxima(theta, at, iterations, converged, maxima)


def _distinct(heights: Array) -> NDArray[np.int64]:
    """How many heights there are in each column to five digits after the point, the lowest left out."""
    ordered = np.sort(np.round(heights, 5), 0)
    return 1 + np.count_nonzero((ordered[1:] > ordered[:-1]) & (ordered[:-1] > _LOWEST), 0)


@np.errstate(all="ignore")
def climb(problems: CopasProblems, bounds: Bounds, start: Array) -> Maxima:
    """Newton's method for n likelihoods, with step-halving.

    Where a likelihood is not concave the eigenvalues of its Hessian change their sign, so that each step climbs.
    """
    theta = bounds.clip(start)
    at = Derivatives(*(part.copy() for part in problems.at(theta)))
    n = len(theta)
    iterations, converged = np.zeros(n, np.int64), np.zeros(n, bool)
    rows = np.arange(n)
    for iteration in range(1, MAX_ITERATIONS + 1):
        now, limits = Derivatives(*(part[rows] for part in at)), bounds.take(rows)
        iterations[rows] = iteration
        step = _ascent(now, limits.free(theta[rows], now.gradient), bounds.scale)
        within = limits.clip(theta[rows] + step) - theta[rows]
        gain = np.abs(now.gradient * within).sum(-1) / np.maximum(np.abs(now.loglik), 1.0)
        converged[rows[gain < SETTLED]] = True
        going = gain >= SETTLED
        rows, step, gain = rows[going], step[going], gain[going]
        if not len(rows):
            break
        waiting = np.arange(len(rows))
        for _ in range(HALVINGS):
            here = rows[waiting]
            trial = bounds.take(here).clip(theta[here] + step[waiting])
            then = problems.take(here).at(trial)
            good = (then.loglik > at.loglik[here]) & np.isfinite(then.gradient).all(-1)
            theta[here[good]] = trial[good]
            for part, new in zip(at, then, strict=True):
                part[here[good]] = new[good]
            waiting = waiting[~good]
            if not len(waiting):
                break
            step[waiting] *= np.where(np.isfinite(then.loglik[~good]), 0.5, 0.25)[:, None]
        # Where no step climbs, rounding is all that is left if little was expected of the first.
        converged[rows[waiting[gain[waiting] < ROUNDING]]] = True
        rows = np.delete(rows, waiting)
        if not len(rows):
            break
    return Maxima(theta, at, iterations, converged, np.ones(n, np.int64))


def _ascent(now: Derivatives, free: NDArray[np.bool_], scale: Array) -> Array:
    """Newton's steps of the free parameters, or where a Hessian is not negative definite ones that climb."""
    gradient = np.where(free, now.gradient * scale, 0.0)
    both = free[:, :, None] & free[:, None, :]
    information = np.where(both, -now.hessian * np.outer(scale, scale), np.where(np.eye(4, dtype=bool), 1.0, 0.0))
    values, vectors = np.linalg.eigh(np.where(np.isfinite(information), information, 0.0))
    sizes = np.maximum(np.abs(values), 1e-14 * np.abs(values).max(-1, keepdims=True))
    step = np.einsum("nij,nj->ni", vectors, np.einsum("nij,ni->nj", vectors, gradient) / sizes)
    longest = np.maximum(np.abs(step).max(-1, keepdims=True), 1e-300)
    shorter = np.where(values[:, :1] > 0, 1.0, np.minimum(1.0, 2.0 / longest))
    return step * shorter * scale
