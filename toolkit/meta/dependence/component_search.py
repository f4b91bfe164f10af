"""The maximum of the likelihood over variance components: Newton and Fisher steps with step-halving between bounds.

A parameter at its bound stays there exactly while the likelihood falls away from it. Where the steps do not settle, a
search by L-BFGS-B between the bounds goes on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ConvergenceError
from toolkit.meta.dependence.covariance_model import CovarianceModel, Curvature, Gls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MAX_ITERATIONS = 200
_SETTLED = 1e-10  # the gain in log-likelihood that a step promises; Newton's next step squares the error
_HALVINGS = 30
_SAME = 1e-6  # maxima this near in log-likelihood are one


class Maximum(NamedTuple):
    """Where the likelihood is highest, with what belongs to that place; ``maxima`` counts the local ones compared."""

    theta: Array
    gls: Gls
    curvature: Curvature
    free: NDArray[np.bool_]
    iterations: int
    maxima: int


def maximise(model: CovarianceModel, starts: Sequence[Array], fixed: NDArray[np.bool_] | None = None) -> Maximum:
    """The highest of the maxima that the searches from ``starts`` reach; ``fixed`` (q,) parameters stay at the start.

    Raises ConvergenceError where none of them settles.
    """
    held = np.zeros(len(starts[0]), bool) if fixed is None else fixed
    found = [maximum for start in starts if (maximum := _ascend(model, np.asarray(start, float), held)) is not None]
    if not found:
        raise ConvergenceError(
            f"The variance components ({', '.join(model.structure.names)}) did not settle in {MAX_ITERATIONS} steps. "
            "Check for variances that differ by many orders of magnitude, or leave out a level that has few effects."
        )
    best = max(found, key=lambda maximum: maximum.gls.loglik)
    distinct = _distinct([maximum.gls.loglik for maximum in found])
    return best._replace(maxima=distinct, iterations=sum(maximum.iterations for maximum in found))


def _distinct(values: list[float]) -> int:
    ordered = np.sort(values)
    return 1 + int(np.sum(np.diff(ordered) > _SAME * (1.0 + np.abs(ordered[1:]))))


def _ascend(model: CovarianceModel, theta: Array, held: NDArray[np.bool_]) -> Maximum | None:
    gls = model.gls(theta)
    if gls is None:
        return None
    fell_back = False
    for iteration in range(1, MAX_ITERATIONS + 1):
        curvature = model.curvature(theta, gls)
        free = _free(model, theta, curvature, held)
        if not free.any():
            return Maximum(theta, gls, curvature, free, iteration, 1)
        moved = None
        for step in _directions(curvature, free):
            promised = float(step @ curvature.score)
            moved = _climb(model, theta, gls, step, settled=promised < _SETTLED)
            if moved is not None:
                break
        if moved is None:
            if fell_back:
                return None
            fell_back, moved = True, _bounded(model, theta, held)
            if moved is None:
                return None
            theta, gls = moved
            continue
        theta, gls = moved
        if promised < _SETTLED:
            curvature = model.curvature(theta, gls)
            return Maximum(theta, gls, curvature, _free(model, theta, curvature, held), iteration, 1)
    return None


def _free(model: CovarianceModel, theta: Array, at: Curvature, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The parameters that may move: not held, not pressed against a bound, and not without a meaning at this place.

    A correlation has none where a variance is 0.
    """
    structure, score = model.structure, at.score
    flat = np.zeros(len(theta), bool) if structure.is_linear else np.diagonal(at.expected) <= 0
    return ~held & ~flat & ~((theta <= structure.low) & (score <= 0)) & ~((theta >= structure.high) & (score >= 0))


def _directions(curvature: Curvature, free: NDArray[np.bool_]):
    """Newton's step where the likelihood is concave, then Fisher's; zero for parameters that stay."""
    at = np.ix_(free, free)
    for matrix in (curvature.observed[at], curvature.expected[at]):
        scale = np.sqrt(np.abs(np.diagonal(matrix)))
        if not (scale > 0).all():
            continue
        values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
        if values[0] < -1e-10:
            continue
        kept = values > 1e-11
        inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
        step = np.zeros(len(free))
        step[free] = inverse @ (curvature.score[free] / scale) / scale
        yield step


def _climb(model: CovarianceModel, theta: Array, gls: Gls, step: Array, *, settled: bool) -> tuple[Array, Gls] | None:
    """The first point on the way, each half as far as the last, at which the likelihood is not lower."""
    share = 1.0
    for _ in range(_HALVINGS):
        trial = np.clip(theta + share * step, model.structure.low, model.structure.high)
        found = model.gls(trial)
        slack = 1e-9 if settled else 1e-13 * (1.0 + abs(gls.loglik))
        if found is not None and found.loglik >= gls.loglik - slack and (settled or (trial != theta).any()):
            return trial, found
        share *= 0.5
    return None


def _bounded(model: CovarianceModel, theta: Array, held: NDArray[np.bool_]) -> tuple[Array, Gls] | None:
    """Where a quasi-Newton search between the bounds arrives."""
    from scipy.optimize import minimize  # here: 0.1 s that most fits do not need

    def negative(values: Array) -> tuple[float, Array]:
        found = model.gls(values)
        if found is None:
            return np.inf, np.zeros_like(values)
        return -found.loglik, -model.curvature(values, found).score

    low, high = np.where(held, theta, model.structure.low), np.where(held, theta, model.structure.high)
    found = minimize(negative, theta, jac=True, method="L-BFGS-B", bounds=list(zip(low, high, strict=True)))
    gls = model.gls(found.x)
    return None if gls is None else (found.x, gls)
