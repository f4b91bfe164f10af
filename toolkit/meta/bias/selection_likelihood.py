"""The likelihood of a selection model, with exact first and second derivatives.

A published effect y_i has the density w(p_i) N(y_i; x_i'beta, v_i + tau2) / A_i, where A_i, the probability that a
study like this is published, is the integral of the numerator. A_i is a sum over intervals of y (normal probabilities)
and nodes (normal densities): for a step function the former alone; for a smooth one the latter up to |z| = 8.5, with
what lies beyond as two intervals. Nodes are fixed in z = y / sqrt(v), where every weight function is smooth and the
normal density has a standard deviation of 1 or more, so that the same Gauss-Legendre panels serve all parameter values.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from scipy.special import erf, ndtr, ndtri

from toolkit.meta.bias.weight_functions import DELTA_MAX, SmoothWeight, Weight
from toolkit.meta.likelihood import LOG_2PI

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_REACH = 8.5  # beyond this z a p-value is 0 or 1 to machine precision
_BLOCK_CELLS = 20_000  # studies times nodes that are worked through at once, so that memory grows with neither
_FAR = 37.5  # where p-values underflow, for the one weight function that still changes there


class Derivatives(NamedTuple):
    """A log-likelihood with its gradient and Hessian in the parameters, here (beta, tau2, delta)."""

    loglik: float
    gradient: Array
    hessian: Array


class Selection(Protocol):
    """A weight function laid over the studies: edges of intervals and nodes in z, and weights at both."""

    edges: Array
    nodes: Array
    node_widths: Array

    def over(self, delta: Array) -> tuple[Array, Array, Array]:
        """Weights of the intervals and nodes (n,) or (k, n), with first and second derivatives in delta."""

    def observed(self, delta: Array) -> Derivatives:
        """The sum of the log weights of the studies' own p-values, with derivatives in delta."""


class StepSelection:
    """A step function: ``delta`` are log weights of the intervals after the first, or ``fixed`` the weights of all.

    On the log scale the likelihood is smoother, and no step of a search leads to a weight of 0.
    """

    nodes = node_widths = np.empty(0)

    def __init__(self, p: Array, steps: Array, two_sided: bool, fixed: Array | None = None):
        self.fixed = fixed
        group = np.searchsorted(steps, p)
        self.counts = np.bincount(group, minlength=len(steps)).astype(float)
        inner = ndtri(steps[:-1] / (2.0 if two_sided else 1.0))
        last = len(steps) - 1
        down = np.arange(last, -1, -1)
        self.edges = np.concatenate([inner, -inner[::-1]]) if two_sided else -inner[::-1]
        self.index = np.concatenate([np.arange(last), down]) if two_sided else down
        self.count = 0 if fixed is not None else last
        self.bounds = (-np.inf, float(np.log(DELTA_MAX)))
        # Which parameter an interval has, (n, d); the weights are their own slopes and curvatures in it.
        self._own = np.eye(last + 1)[self.index][:, 1:][:, : self.count]
        self._both = self._own[:, :, None] * np.eye(self.count)

    def over(self, delta: Array) -> tuple[Array, Array, Array]:
        """As :class:`Selection` says."""
        if self.fixed is not None:
            return self.fixed[self.index], self._own, self._both
        weights = np.exp(np.concatenate([[0.0], delta]))[self.index]
        return weights, weights[:, None] * self._own, weights[:, None, None] * self._both

    def observed(self, delta: Array) -> Derivatives:
        """As :class:`Selection` says."""
        if self.fixed is not None:
            return Derivatives(float(self.counts @ np.log(self.fixed)), np.empty(0), np.empty((0, 0)))
        counts = self.counts[1:]
        return Derivatives(float(counts @ delta), counts, np.zeros((self.count, self.count)))


class SmoothSelection:
    """A smooth weight function over the p-values of the studies."""

    def __init__(self, z: Array, weight: SmoothWeight, two_sided: bool, precision: Array | None):
        self.weight, self.count, self.bounds = weight, weight.count, weight.bounds
        self.two_sided = two_sided
        self.nodes, self.node_widths, self.edges = _panels(weight, two_sided)
        ends = np.array([self.edges[0], self.edges[-1]])
        middle = np.array([-np.inf, np.inf])
        grid = np.concatenate([np.where(weight.p_min > 0, ends, middle), self.nodes])
        self._grid = _p_values(grid, two_sided)
        self._own = _p_values(z, two_sided)
        self._precision = 1.0 if precision is None else precision

    def over(self, delta: Array) -> tuple[Array, Array, Array]:
        """As :class:`Selection` says; the interval between the two ends has weight 0, its place is taken by nodes."""
        p, upper = self._grid
        c = self._precision
        if not np.isscalar(c):
            c, p, upper = c[:, None], *(np.broadcast_to(part, (len(c), len(p))) for part in (p, upper))
        log, gradient, hessian = self.weight.values(p, upper, c, delta)
        w = np.exp(log)
        slopes = w[..., None] * gradient
        curvature = w[..., None, None] * (gradient[..., None] * gradient[..., None, :] + hessian)
        return tuple(_with_gap(part, w.ndim - 1) for part in (w, slopes, curvature))

    def observed(self, delta: Array) -> Derivatives:
        """As :class:`Selection` says."""
        found = self.weight.values(*self._own, self._precision, delta)
        return Derivatives(float(found.log.sum()), found.gradient.sum(0), found.hessian.sum(0))


def _with_gap(values: Array, axis: int) -> Array:
    """Values of (low end, high end, nodes) as those of (low end, middle, high end, nodes)."""
    return np.insert(values, 1, 0.0, axis=axis)


def _p_values(z: Array, two_sided: bool) -> tuple[Array, Array]:
    """P-values and their complements, neither rounded to 0 where the other is near 1."""
    if two_sided:
        return 2.0 * ndtr(-np.abs(z)), erf(np.abs(z) / np.sqrt(2.0))
    return ndtr(-z), ndtr(z)


@lru_cache
def _panels(weight: SmoothWeight, two_sided: bool) -> tuple[Array, Array, Array]:
    """Nodes, their widths and the two ends; panels of a width of 1 or less break where the weight function does."""
    low, high = -_REACH, _REACH
    if weight.p_min:
        high = float(-ndtri(weight.p_min / (2.0 if two_sided else 1.0)))
        low = -high
    elif weight.kind == Weight.NEGEXPPOW:
        high = _FAR
        low = -_FAR if two_sided else low
    breaks = {low, high}
    if two_sided:
        breaks.add(0.0)
        if weight.p_min or weight.count == 2:
            at_one = float(ndtri(0.5 + weight.p_min / 2.0)) or 1e-3
            graded = np.geomspace(at_one, 1.0, 10)  # near z = 0 the function is a power of |z|, or steep
            breaks |= {*(-graded).tolist(), *graded.tolist()}
    if weight.step:
        at_step = float(-ndtri(weight.step / (2.0 if two_sided else 1.0)))
        breaks |= {at_step, -at_step} if two_sided else {at_step}
    ends = np.array(sorted(edge for edge in breaks if low <= edge <= high))
    # Two parameters can make a function that is steeper than a standard normal density.
    width, order = (0.5, 16) if weight.count == 2 else (1.0, 14)
    pieces = [np.linspace(a, b, max(int(np.ceil((b - a) / width)), 1) + 1)[:-1] for a, b in pairwise(ends)]
    edges = np.append(np.concatenate(pieces), high)
    x, w = np.polynomial.legendre.leggauss(order)
    half = np.diff(edges)[:, None] / 2.0
    return (edges[:-1, None] + half * (1.0 + x)).ravel(), (half * w).ravel(), np.array([low, high])


class SelectionLikelihood:
    """The log-likelihood of effects ``y`` (k,) with variances ``v`` and model matrix ``x`` (k, p) under a selection.

    For results that are published the more, the more negative they are, y and x come with their signs turned.
    """

    def __init__(self, y: Array, v: Array, x: Array, selection: StepSelection | SmoothSelection):
        self.y, self.v, self.x, self.selection = y, v, x, selection
        se = np.sqrt(v)[:, None]
        self._edges, self._nodes = se * selection.edges, se * selection.nodes
        self._widths = se * selection.node_widths
        size = max(_BLOCK_CELLS // (len(selection.nodes) + len(selection.edges)), 1)
        self._blocks = [slice(start, start + size) for start in range(0, len(y), size)]

    def at(self, beta: Array, tau2: float, delta: Array) -> Derivatives:
        """The log-likelihood and its derivatives."""
        own = self.selection.observed(delta)
        s = self.v + tau2
        mean = self.x @ beta
        weights, slopes, curvature = self.selection.over(delta)
        parts = [self._integrals(rows, mean, s, weights, slopes, curvature) for rows in self._blocks]
        a, low, bent = parts[0] if len(parts) == 1 else _joined(parts)
        r = a[1:] / a[0]
        low /= a[0][:, None]
        e = self.y - mean
        loglik = own.loglik - (np.log(a[0]) + 0.5 * (np.log(s) + LOG_2PI + e * e / s)).sum()
        return Derivatives(float(loglik), *self._derivatives(e, s, r, low, bent, own))

    def _integrals(
        self, rows: slice, mean: Array, s: Array, weights: Array, slopes: Array, curvature: Array
    ) -> tuple[Array, Array, Array]:
        """Of these studies A and its slopes in delta, (5, k) and (3, k, d), with derivatives in the mean.

        And the sum of its curvatures in delta over A, (d, d).
        """
        d = self._normals(rows, mean[rows], s[rows])
        if weights.ndim == 1:
            a = d @ weights
            bent = ((1.0 / a[0]) @ d[0] @ curvature.reshape(len(curvature), -1)).reshape(curvature.shape[1:])
            return a, d[:3] @ slopes, bent
        a = np.vecdot(d, weights[rows])
        low = np.einsum("okn,knd->okd", d[:3], slopes[rows])
        return a, low, np.einsum("kn,knde->de", d[0] / a[0][:, None], curvature[rows])

    def _derivatives(self, e: Array, s: Array, r: Array, low: Array, bent: Array, own: Derivatives):
        x, p, n = self.x, self.x.shape[1], self.x.shape[1] + 1
        r1, r2, r3, r4 = r
        w = 1.0 / s
        z = e * w
        z2 = z * z
        of_mean = r1[:, None] * low[0] - low[1]
        m = p + 1 + own.gradient.size
        gradient, hessian = np.empty(m), np.empty((m, m))
        gradient[:p] = (z - r1) @ x
        gradient[p] = 0.5 * (z2 - w - r2).sum()
        gradient[n:] = own.gradient - low[0].sum(0)
        hessian[:p, :p] = (x.T * (r1 * r1 - r2 - w)) @ x
        hessian[:p, p] = hessian[p, :p] = (0.5 * (r1 * r2 - r3) - z * w) @ x
        hessian[p, p] = (w * (0.5 * w - z2) + 0.25 * (r2 * r2 - r4)).sum()
        hessian[:p, n:] = x.T @ of_mean
        hessian[n:, :p] = hessian[:p, n:].T
        hessian[p, n:] = hessian[n:, p] = 0.5 * (r2 @ low[0] - low[2].sum(0))
        hessian[n:, n:] = own.hessian - bent + low[0].T @ low[0]
        return gradient, hessian

    def _normals(self, rows: slice, mean: Array, s: Array) -> Array:
        """Probabilities of the intervals and densities at the nodes with four derivatives in the mean, (5, k, n)."""
        root = np.sqrt(s)[:, None]
        u = (self._edges[rows] - mean[:, None]) / root
        cumulative = np.zeros((5, len(s), u.shape[1] + 2))
        cumulative[0, :, -1] = 1.0
        cumulative[0, :, 1:-1] = ndtr(u)
        cumulative[1:, :, 1:-1] = -_hermite(u, root, 4) * (_density(u))
        intervals = cumulative[..., 1:] - cumulative[..., :-1]
        if not self._nodes.shape[1]:
            return intervals
        u = (self._nodes[rows] - mean[:, None]) / root
        nodes = _hermite(u, root, 5) * root * (_density(u) * self._widths[rows] / root)
        return np.concatenate([intervals, nodes], -1)


def _joined(parts: list[tuple[Array, Array, Array]]) -> tuple[Array, Array, Array]:
    """The integrals of blocks of studies as those of all."""
    a, low, bent = zip(*parts, strict=True)
    return np.concatenate(a, 1), np.concatenate(low, 1), sum(bent)


def _density(u: Array) -> Array:
    return np.exp(-0.5 * (u * u + LOG_2PI))


def _hermite(u: Array, root: Array, count: int) -> Array:
    """Hermite polynomials He_0, He_1, ... of u, over root^(order + 1)."""
    found = np.empty((count, *u.shape))
    found[0] = t = 1.0 / root
    t_u = t * u
    found[1] = t_u * t
    for order in range(2, count):
        found[order] = t_u * found[order - 1] - (order - 1) * t * t * found[order - 2]
    return found
