"""Maximum likelihood and restricted maximum likelihood: all maxima in tau2 are found, and the highest is taken."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.meta.likelihood import log_likelihood
from toolkit.meta.roots import Bracket, Tau2, bracketed_root, single_root

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.meta.projection import Projection
    from toolkit.meta.roots import Evaluate
    from toolkit.meta.stack import Stack

    Array = NDArray[np.float64]

_TINY = float(np.finfo(float).tiny)


class Score(NamedTuple):
    """The likelihood equation y'PPy = tr(P) (REML) or = sum(w) (ML): Veroniki et al. 2016."""

    restricted: bool

    def sides(self, p: Projection, residuals: Array) -> tuple[Array, Array]:
        """Observed and expected."""
        py = p.w * residuals
        return np.vecdot(py, py), p.trace() if self.restricted else np.add.reduce(p.w, -1)

    def slopes(self, p: Projection, residuals: Array) -> tuple[Array, Array]:
        """Their derivatives with respect to tau2."""
        information = p.trace_product() if self.restricted else np.vecdot(p.w, p.w)
        return -2.0 * p.form(p.w * residuals), -information

    def take(self, rows: NDArray[np.intp]) -> Score:
        """The same equation: it holds nothing of an analysis."""
        return self


def maximum_likelihood(stack: Stack, *, restricted: bool) -> Tau2:
    """ML or REML by a search for all maxima: a scan for sign changes of the score, then a root search in each.

    The likelihood can have more than one maximum. In dat.gibson2002 (mean differences) a search from 0 stays at
    tau2 = 0 while the restricted maximum is at 9.68, so every maximum is found and the highest taken; tau2 = 0 counts
    as one where the likelihood falls from there, and is then exact.
    """
    if len(stack.y) == 1 and stack.x is None and stack.present is None:
        found = _single_mean(stack, restricted=restricted)
        if found is not None:
            return found
    n = len(stack.y)
    equation = Score(restricted)
    grid = _trial_values(stack.unweighted.form(stack.y) / stack.df, stack.smallest_variance(), stack.largest_variance())
    wide = stack.widen()
    p = wide.project(wide.weights(grid))
    observed, expected = equation.sides(p, p.residuals(wide.y))
    rising = observed > expected
    boundary = np.flatnonzero(~rising[:, 0])
    rows, cells = np.nonzero(rising[:, :-1] & ~rising[:, 1:])
    with np.errstate(divide="ignore"):
        heights = np.log(observed / expected)
    ends = Bracket(grid[rows, cells], grid[rows, cells + 1], heights[rows, cells], heights[rows, cells + 1])
    roots = bracketed_root(stack.take(rows), equation, ends)
    candidate_rows = np.concatenate([boundary, rows])
    candidates = np.concatenate([np.zeros(len(boundary)), roots.tau2])
    if len(candidates) > n:
        loglik = log_likelihood(stack.take(candidate_rows), candidates, restricted=restricted)
        order = np.lexsort((loglik, candidate_rows))  # the last of a row is its highest
        candidate_rows, candidates = candidate_rows[order], candidates[order]
    value, iterations, converged = np.zeros(n), np.zeros(n, np.int64), np.ones(n, bool)
    value[candidate_rows], iterations[rows] = candidates, roots.iterations
    converged[rows[~roots.converged]] = False
    p = stack.project(stack.weights(value))
    information = p.trace_product() if restricted else np.vecdot(p.w, p.w)
    maxima = np.maximum(np.bincount(candidate_rows, minlength=n), 1)
    return Tau2(value, np.sqrt(2.0 / information), iterations, converged, maxima)


@np.errstate(divide="ignore", invalid="ignore")
def _single_mean(stack: Stack, *, restricted: bool) -> Tau2 | None:
    """The estimate for one mean, on plain numbers: the same search for the case that is met most, in half of the time.

    None where the likelihood has more than one maximum, or a study has nearly all the weight.
    """
    alone = stack.only()
    deviations = alone.y - np.add.reduce(alone.y) / len(alone.y)
    mean_square = deviations.dot(deviations) / (len(alone.y) - 1)
    grid = _trial_values(mean_square, np.minimum.reduce(alone.v), np.maximum.reduce(alone.v))
    p = alone.project(alone.weights(grid))
    if p.is_dominated:
        return None
    observed, expected = Score(restricted).sides(p, p.residuals(alone.y))
    rising = (observed > expected).tolist()
    cells = [cell for cell in range(len(rising) - 1) if rising[cell] and not rising[cell + 1]]
    if len(cells) + (not rising[0]) != 1:
        return None
    score = _score_of_mean(alone.y, alone.v, restricted=restricted)
    value, iterations, converged = 0.0, 0, True
    for cell in cells:
        heights = np.log(observed[cell : cell + 2] / expected[cell : cell + 2]).tolist()
        ends = Bracket(*grid[cell : cell + 2].tolist(), *heights)
        value, iterations, converged = single_root(score, ends, len(alone.y) / float(p.total[0]))
    information = -score(value)[3]
    se = math.sqrt(2.0 / information)
    return Tau2(np.array([value]), np.array([se]), np.array([iterations]), np.array([converged]), np.ones(1, np.int64))


def _score_of_mean(y: Array, v: Array, *, restricted: bool) -> Evaluate:
    """The sides and slopes of :class:`Score` for one mean, as a function of tau2."""

    def at(tau2: float) -> tuple[float, float, float, float]:
        w = 1.0 / (v + tau2)
        total = np.add.reduce(w)
        share = w / total
        py = w * (y - share.dot(y))
        weighted = w * py
        observed, falling = py.dot(py), -2.0 * (weighted.dot(py) - w.dot(py) ** 2 / total)
        squares = w.dot(w)
        if not restricted:
            return observed, total, falling, -squares
        information = squares + (squares / total) ** 2 - 2.0 * (share * w).dot(w)
        return observed, total - squares / total, falling, -information

    return at


def _trial_values(mean_square: Array, smallest: Array, largest: Array) -> Array:
    """Trial values of tau2, shape (..., g), from 0 to where no maximum can lie, with a ratio of 3 at most.

    The score is positive only while RSS / tau2^2 exceeds (k - p) / (largest + tau2), RSS being the unweighted residual
    sum of squares and ``mean_square`` RSS / (k - p): this bounds every stationary point. Weights change with log tau2
    as a logistic curve does, so a ratio of 3 passes over no pair of maxima that differ in height.
    """
    high = 0.505 * (mean_square + np.sqrt(mean_square * (mean_square + 4.0 * largest)))
    high = np.maximum(high, _TINY)  # effects that all agree have tau2 = 0, which the scan finds as well
    span = np.log(high / np.minimum(0.1 * smallest, 0.1 * high))
    steps = min(max(math.ceil(span.max() / math.log(3.0)), 2), 64)
    return high[..., None] * np.exp(span[..., None] * _exponents(steps))


@lru_cache
def _exponents(steps: int) -> Array:
    """From -inf, where tau2 is 0, then evenly from -1 to 0."""
    exponents = np.arange(-1.0, steps + 1.0) / steps - 1.0
    exponents[0] = -np.inf
    return exponents
