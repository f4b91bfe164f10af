"""Any fit without each of its clusters in turn, with variance components estimated again or kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ConvergenceError, ModelInputError
from toolkit.meta.dependence.dependent_fit import marginal_at, refitted
from toolkit.meta.rank import explain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.meta.dependence.clusters import Clusters
    from toolkit.meta.dependence.dependent_fit import DependentFit
    from toolkit.meta.dependence.sandwich import ClusterGroup
    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]


class WithoutCluster(NamedTuple):
    """The coefficients (p,) and their covariance without one cluster, and what the model then says of all effects.

    ``precision`` (p, p) is X'WX of all effects, ``own`` (n, n) the marginal covariance of the cluster, both with the
    variance components without it.
    """

    beta: Array
    covariance: Array
    precision: Array
    own: Array


class Parts(NamedTuple):
    """X'WX (J, p, p) and X'Wy (J, p) of each cluster."""

    precision: Array
    score: Array


def parts_of(x: Array, y: Array, clusters: Clusters, matrices: list[Array]) -> Parts:
    """The parts of the normal equations with these marginal covariances (m, n, n) of the clusters of each size."""
    p = x.shape[1]
    found = Parts(np.empty((len(clusters), p, p)), np.empty((len(clusters), p)))
    for (numbers, rows), variance in zip(clusters.members, matrices, strict=True):
        root = np.linalg.cholesky(variance)
        xs, ys = np.linalg.solve(root, x[rows]), np.linalg.solve(root, y[rows][..., None])
        found.precision[numbers] = np.swapaxes(xs, 1, 2) @ xs
        found.score[numbers] = (np.swapaxes(xs, 1, 2) @ ys)[..., 0]
    return found


def fits_without_each(
    result: MetaResult | DependentFit, clusters: Clusters
) -> tuple[list[MetaResult | DependentFit | None], tuple[str, ...]]:
    """The model fitted again without each cluster, None with a reason where there is no fit.

    A fit with a reason is one that lacks a level of the random effects, of whose variance it cannot tell.
    """
    found: list[MetaResult | DependentFit | None] = []
    reasons = []
    for number, name in enumerate(clusters.names):
        kept = np.flatnonzero(clusters.codes != number)
        one, reason = None, _nothing_left(result, kept, name)
        if not reason:
            try:
                one = refitted(result, kept)
            except (ConvergenceError, ModelInputError) as error:
                reason = str(error)
        absent = getattr(one, "absent_levels", ())
        if absent:
            reason = f"without {name} no effect is at {', '.join(absent)}, so that its variance is not known"
        found.append(one)
        reasons.append(reason)
    return found, tuple(reasons)


def without_each(
    result: MetaResult | DependentFit, clusters: Clusters, groups: list[ClusterGroup], *, refit: bool
) -> tuple[list[WithoutCluster | None], tuple[str, ...]]:
    """The fit without each cluster and what it says of all effects, None with a reason where there is none."""
    if refit:
        fits, reasons = fits_without_each(result, clusters)
        pairs = zip(fits, reasons, strict=True)
        found = [
            None if fit is None or reason else _at_components_of(result, clusters, fit, number)
            for number, (fit, reason) in enumerate(pairs)
        ]
        return found, reasons
    own = {
        number: group.variance[at]
        for (numbers, _), group in zip(clusters.members, groups, strict=True)
        for at, number in enumerate(numbers.tolist())
    }
    parts = parts_of(result.model_matrix, result.y, clusters, [group.variance for group in groups])
    reasons = tuple(
        _nothing_left(result, np.flatnonzero(clusters.codes != number), name)
        for number, name in enumerate(clusters.names)
    )
    found = [None if reason else _kept_components(parts, number, own[number]) for number, reason in enumerate(reasons)]
    return found, reasons


def _nothing_left(result: MetaResult | DependentFit, kept: Array, name: str) -> str:
    lost = _lost_terms(result.model_matrix[kept], result.terms)
    return f"without {name} nothing tells of {', '.join(lost)}" if lost else ""


def _kept_components(parts: Parts, number: int, own: Array) -> WithoutCluster:
    precision = parts.precision.sum(0)
    covariance = np.linalg.inv(precision - parts.precision[number])
    beta = covariance @ (parts.score.sum(0) - parts.score[number])
    return WithoutCluster(beta, covariance, precision, own)


def _at_components_of(
    result: MetaResult | DependentFit, clusters: Clusters, fit: MetaResult | DependentFit, number: int
) -> WithoutCluster:
    matrices = clusters.matrices(marginal_at(result, fit))
    precision = parts_of(result.model_matrix, result.y, clusters, matrices).precision.sum(0)
    own = next(
        matrix[np.flatnonzero(numbers == number)[0]]
        for (numbers, _), matrix in zip(clusters.members, matrices, strict=True)
        if number in numbers
    )
    return WithoutCluster(fit.beta, fit.covariance, precision, own)


def _lost_terms(x: Array, terms: tuple[str, ...]) -> list[str]:
    """The coefficients that these rows do not tell of."""
    if not len(x):
        return list(terms)
    return [
        term
        for column, term in enumerate(terms)
        if explain(x[:, [column]], x[:, [other for other in range(column)]]).is_combination[0]
    ]
