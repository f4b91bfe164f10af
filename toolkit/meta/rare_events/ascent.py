"""The maximum of a log-likelihood by Newton's steps that always climb."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ConvergenceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_MAX_ITERATIONS, _HALVINGS = 60, 40
_SETTLED = 1e-11  # of what a step promises to the log-likelihood; the step is taken all the same
_NEARLY = 1e-7  # of the same, where derivatives are numeric and no step climbs any more
_MOST_TAU = 10.0  # on a log scale: far beyond what true effects differ by
_SLACK = 1e-6  # of curvature, by which numeric derivatives blur a likelihood that is level in one direction


class Surface(NamedTuple):
    """A log-likelihood of p parameters with its gradient (p,) and Hessian (p, p)."""

    loglik: float
    gradient: Array
    hessian: Array


class Summit(NamedTuple):
    """Where a log-likelihood is highest (p,), its surface there, and the number of steps."""

    at: Array
    surface: Surface
    steps: int


def climb(surface_at: Callable[[Array], Surface], start: Array, free: list[int]) -> Summit:
    """The maximum over the ``free`` parameters, the others held, by Newton's steps with step-halving.

    Raises ConvergenceError where they do not settle.
    """
    now, surface = start, surface_at(start)
    for iteration in range(1, _MAX_ITERATIONS + 1):
        information = -surface.hessian[np.ix_(free, free)]
        step = np.zeros(len(now))
        step[free] = climbing_step(surface.gradient[free], information)
        promised = float(step @ surface.gradient)
        lowest = surface.loglik - 1e-12 * (1.0 + abs(surface.loglik))
        for _ in range(_HALVINGS):
            found = surface_at(now + step)
            if found.loglik >= lowest:
                break
            step = step / 2.0
        else:
            if promised < _NEARLY:
                return Summit(now, surface, iteration)
            break
        now, surface = now + step, found
        if promised < _SETTLED and np.linalg.eigvalsh(information)[0] > -_SLACK * np.abs(information).max():
            return Summit(now, surface, iteration)
    raise ConvergenceError(
        "The likelihood of these counts has no maximum that could be found: too few studies have events. Fit a common "
        "effect (method='EE'), use mantel_haenszel or peto, or pool the risk difference."
    )


def climbing_step(gradient: Array, information: Array) -> Array:
    """Newton's step, with the signs of negative eigenvalues turned so that it climbs, and no part longer than 2."""
    scale = np.sqrt(np.maximum(np.abs(np.diagonal(information)), 1e-12))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    values = np.maximum(np.abs(values), 1e-10)
    step = vectors @ ((gradient / scale) @ vectors / values) / scale
    clipped = np.clip(step, -2.0, 2.0)
    # Clipping turns a step, downhill in the worst case, which would look as if the maximum were reached.
    return clipped if clipped @ gradient >= 0 else step * (2.0 / np.abs(step).max())


def refuse_limitless(tau: float) -> None:
    """Raise ConvergenceError for a standard deviation of true effects beyond all reason: the search went after it."""
    if abs(tau) >= _MOST_TAU:
        raise ConvergenceError(
            "The likelihood of these counts rises with tau beyond all bounds: too few studies have events to tell "
            "how true effects vary. Fit a common effect (method='EE'), or use mantel_haenszel or peto."
        )
