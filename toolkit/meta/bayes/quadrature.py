"""A density of tau cut into panels of log(tau), on each of which it is a polynomial to 12 digits.

On the scale of log(tau) a posterior is smooth whatever the units and however far variances lie apart: no feature is
narrower than its peak. Each panel has 16 Gauss-Legendre nodes; it is halved until the last coefficients of its Legendre
series no longer matter, for the density and for the density times the highest power of tau that has an expectation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ConvergenceError
from toolkit.meta.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_NODES = 16
_TOLERANCE = 1e-13  # of a panel's last coefficients, as a share of the integral
_NEGLIGIBLE = 42.0  # e^-42 is far below the rounding of a double
_REACH = 50.0  # log units beyond the outermost scale in which a tail falls below that
_LEVELS = 40


@dataclass(frozen=True, eq=False)
class Panels(Frozen):
    """A normalised density of log(tau) on m panels that start at ``low`` and are ``width`` wide, both of shape (m,).

    ``nodes`` (m, 16) are values of log(tau), ``mass`` (m, 16) their probabilities, ``series`` (16, m) the Legendre
    coefficients of the density, ``below`` (m + 1,) the probability below each panel and in all, and ``log_constant``
    the logarithm of the integral of the function that was given.
    """

    low: Array
    width: Array
    nodes: Array
    mass: Array
    series: Array
    below: Array
    log_constant: float

    def cdf(self, u: Array) -> Array:
        """Probability of a log(tau) up to ``u``, any shape."""
        flat = np.ravel(u)
        panel = np.clip(np.searchsorted(self.low, flat, "right") - 1, 0, len(self.low) - 1)
        x = np.clip(2.0 * (flat - self.low[panel]) / self.width[panel] - 1.0, -1.0, 1.0)
        partial = 0.5 * self.width[panel] * _value(_primitive() @ self.series[:, panel], x)
        return np.clip(self.below[panel] + partial, 0.0, 1.0).reshape(np.shape(u))

    def quantile(self, p: Array) -> Array:
        """The log(tau) below which lies the probability ``p``, any shape: Newton's method inside a panel."""
        wanted = np.ravel(p)
        panel = np.clip(np.searchsorted(self.below, wanted, "right") - 1, 0, len(self.low) - 1)
        low, high, x = -np.ones_like(wanted), np.ones_like(wanted), np.zeros_like(wanted)
        half, series = 0.5 * self.width[panel], self.series[:, panel]
        both = np.stack([_primitive() @ series, np.pad(series, ((0, 1), (0, 0)))], axis=1)  # (17, 2, n)
        for _ in range(60):
            partial, slope = half * _value(both, x)
            excess = self.below[panel] + partial - wanted
            low, high = np.where(excess < 0, x, low), np.where(excess < 0, high, x)
            with np.errstate(divide="ignore", invalid="ignore"):
                following = x - excess / slope
            following = np.where((following > low) & (following < high), following, 0.5 * (low + high))
            settled = (np.abs(excess) <= 4 * np.finfo(float).eps) | (np.abs(following - x) <= 1e-15)
            x = np.where(settled, x, following)
            if settled.all():
                break
        return (self.low[panel] + half * (x + 1.0)).reshape(np.shape(p))


def panels(
    log_function: Callable[[Array], Array], support: tuple[float, float], scales: Array, powers: tuple[float, float]
) -> Panels:
    """Panels of the density that is proportional to exp(log_function(u)), u = log(tau).

    ``support`` are the ends of tau, ``scales`` values of tau at which the function can bend. ``powers`` are the highest
    power of tau with an expectation, and the power of tau at which the function times that power falls in the tail.
    Raises ConvergenceError where 40 halvings do not suffice.
    """
    moment, fall = powers
    low, width = _start(log_function, support, scales, moment, fall)
    nodes = _nodes(low, width)
    values = log_function(nodes.ravel()).reshape(nodes.shape)
    for _ in range(_LEVELS):
        rough = _unresolved(values, nodes, width, moment)
        if not rough.any():
            return _normalised(low, width, nodes, values)
        half = np.repeat(width[rough] / 2, 2)
        starts = np.repeat(low[rough], 2) + np.tile([0.0, 1.0], rough.sum()) * half
        found = _nodes(starts, half)
        added = log_function(found.ravel()).reshape(found.shape)
        low, width = np.append(low[~rough], starts), np.append(width[~rough], half)
        nodes, values = np.vstack([nodes[~rough], found]), np.vstack([values[~rough], added])
    raise ConvergenceError(
        f"The posterior of tau was cut into {len(low)} panels and is not smooth on all of them. Check for effects and "
        "variances of very different sizes, or a prior that contradicts the data."
    )


def _start(
    log_function: Callable[[Array], Array], support: tuple[float, float], scales: Array, moment: float, fall: float
) -> tuple[Array, Array]:
    """Panels about 2 wide where the function, or it times a power of tau, matters."""
    with np.errstate(divide="ignore"):
        ends = np.log(support)
    logs = np.log(scales[scales > 0])
    reach = min(_REACH / min(1.0, fall), 300.0)
    low, high = max(ends[0], logs.min() - _REACH), min(ends[1], logs.max() + reach)
    low = min(low, high - _REACH) if np.isinf(ends[0]) else low
    edges = np.linspace(low, high, max(int(np.ceil(high - low)), 8) + 1)
    values = log_function(edges)
    matters = np.zeros(len(edges), bool)
    for power in {0.0, moment}:
        powered = values + power * edges
        matters |= powered > powered.max() - _NEGLIGIBLE
    first, last = np.flatnonzero(matters)[[0, -1]]
    low, high = edges[max(first - 1, 0)], edges[min(last + 1, len(edges) - 1)]
    cuts = np.linspace(low, high, max(int(np.ceil((high - low) / 2)), 1) + 1)
    return cuts[:-1], np.diff(cuts)


def _unresolved(values: Array, nodes: Array, width: Array, moment: float) -> NDArray[np.bool_]:
    """Which panels have last coefficients that matter."""
    rough = np.zeros(len(width), bool)
    for power in {0.0, moment}:
        powered = values + power * nodes
        top = powered.max()
        function = np.exp(powered - top)
        rounding = 4 * np.finfo(float).eps * abs(top)
        last = np.abs(function @ _projection()[-3:].T).max(1)
        rough |= last * width > max(_TOLERANCE, rounding) * (function @ _rule()[1] * width).sum() / 2
    return rough


def _normalised(low: Array, width: Array, nodes: Array, values: Array) -> Panels:
    order = np.argsort(low)
    low, width, nodes, values = low[order], width[order], nodes[order], values[order]
    top = values.max()
    function = np.exp(values - top)
    mass = 0.5 * width[:, None] * function * _rule()[1]
    total = mass.sum()
    mass = mass / total
    below = np.append(0.0, np.cumsum(mass.sum(1)))
    return Panels(low, width, nodes, mass, _projection() @ function.T / total, below, float(top + np.log(total)))


def _nodes(low: Array, width: Array) -> Array:
    return low[:, None] + 0.5 * width[:, None] * (_rule()[0] + 1.0)


def _value(series: Array, x: Array) -> Array:
    """Legendre series (j, ..., n) at the points ``x`` (n,), by Clenshaw's recurrence."""
    return np.polynomial.legendre.legval(x, series, tensor=False)


@cache
def _rule() -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(_NODES)


@cache
def _projection() -> Array:
    """From values at the nodes to Legendre coefficients, (16, 16)."""
    x, weights = _rule()
    order = np.arange(_NODES)
    return (order[:, None] + 0.5) * weights * np.polynomial.legendre.legvander(x, _NODES - 1).T


@cache
def _primitive() -> Array:
    """From the coefficients of a series to those of its integral from -1, (17, 16)."""
    return np.polynomial.legendre.legint(np.eye(_NODES), lbnd=-1)
