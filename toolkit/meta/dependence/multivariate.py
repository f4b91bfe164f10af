"""Multivariate meta-analysis: the true effects of several outcomes, doses or times vary and correlate."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.clusters import Clusters, check_clusters
from toolkit.meta.dependence.component_fit import (
    check_method,
    covariance_model,
    heterogeneity_to_start_from,
    result_fields,
)
from toolkit.meta.dependence.component_search import Maximum, maximise
from toolkit.meta.dependence.component_tests import DependentTest
from toolkit.meta.dependence.inner_effects import InnerEffects, check_inner, inner_effects
from toolkit.meta.dependence.inner_structures import InnerStructure, correlations, starting_points
from toolkit.meta.dependence.multivariate_result import MultivariateResult
from toolkit.meta.dependence.random_levels import nested_levels
from toolkit.meta.dependence.sampling_covariance import SamplingCovariance, check_sampling_covariance, correlated_within
from toolkit.meta.design import Design, design, intercept_design
from toolkit.meta.settings import check_choice, check_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.dependence.covariance_model import CovarianceModel
    from toolkit.meta.dependence.known_covariance import WorkingCovariance

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]

_TESTS = (DependentTest.T, DependentTest.RESIDUAL, DependentTest.Z)
_FLAT = 1e-3  # the gain in log-likelihood by a variance as large as the sampling variances that counts as none
_BOUND = 1e-12


def multivariate(
    y: ArrayLike,
    v: ArrayLike | WorkingCovariance,
    inner: Sequence[object] | pd.Series | ArrayLike,
    outer: Sequence[object] | pd.Series | ArrayLike,
    *,
    structure: str = "UN",
    rho: float | None = None,
    moderators: pd.DataFrame | pd.Series | ArrayLike | str | None = None,
    data: pd.DataFrame | None = None,
    method: str = "REML",
    test: str = "t",
    level: float = 0.95,
    labels: Sequence[object] | None = None,
) -> MultivariateResult:
    """Pool effects ``y`` (k,) whose true values vary and correlate between the levels of an inner factor.

    y_i = x_i'beta + u_i + e_i, on the analysis scale (log for ratios): the random effects u of one unit of ``outer``
    (k,) (the study) at the m levels of ``inner`` (k,) (the outcome) have a covariance of the given ``structure``
    (:class:`InnerStructure`), as ``random = ~ inner | outer, struct = ...`` in metafor (Berkey et al. 1998, Stat Med
    17:2537; van Houwelingen et al. 2002, Stat Med 21:589). Effects of one outer unit at the same level share their u.
    The mean is one for all levels; for a mean of each give ``moderators="0 + C(outcome)"`` with ``data``.

    ``v`` holds sampling variances (k,), or their covariance matrix (k, k), or a :func:`working_covariance`; ``rho``
    makes the sampling covariances rho sqrt(v_i v_j) of effects in one outer unit. ``moderators`` and ``data`` are given
    as for :func:`regression`. ``method`` is REML or ML; ``test`` is t, with the degrees of freedom of the units that
    contain a coefficient (metafor's ``dfs="contain"``), residual (t with k - p), or z. The variance of a level with one
    effect is held at 0.

    Raises ModelInputError for numbers and levels that cannot be used, with their rows, for a covariance that is not
    positive definite, and for rho with a matrix; ConvergenceError where the search does not settle.
    """
    check_method(method)
    kind, level = check_choice(InnerStructure, structure, "structure"), check_level(level)
    chosen = check_choice(DependentTest, test, "test")
    if chosen not in _TESTS:
        raise ModelInputError(f"test must be one of {', '.join(_TESTS)} in a multivariate model; got {test!r}.")
    sampling = check_sampling_covariance(y, v, labels)
    k = sampling.k
    levels, units = check_inner(inner, k), check_clusters(outer, k, "outer")
    if rho is not None:
        sampling = correlated_within(sampling, units, rho)
    made = intercept_design(k) if moderators is None else design(moderators, k, data=data)
    return _fit(sampling, kind, levels, units, made, method, chosen, level)


def _fit(
    sampling: SamplingCovariance,
    kind: InnerStructure,
    inner: Clusters,
    outer: Clusters,
    made: Design,
    method: str,
    test: DependentTest,
    level: float,
) -> MultivariateResult:
    model = covariance_model(sampling, made, (outer,), partial(inner_effects, kind, inner, outer), method)
    held = _held(model.structure, made)
    total = heterogeneity_to_start_from(sampling.studies, made)
    at = _highest(model, _starts(model.structure, total, held), held)
    _, contained = nested_levels({"outer": outer.codes, "inner": inner.codes}, sampling.k)
    notes = _cautions(at, model.structure, held)

    def refit(rows: Integers) -> MultivariateResult:
        levels = Clusters(inner.names, inner.codes[rows])  # all of them, so that parameters keep their places
        return _fit(sampling.take(rows), kind, levels, outer.take(rows), made.of_rows(rows), method, test, level)

    fields = result_fields(model, at, sampling, made, contained, test, level, notes)
    return MultivariateResult(**fields, refit=refit)


def _held(structure: InnerEffects, made: Design) -> NDArray[np.bool_]:
    """The parameters that stay at 0: the variance of a level with one effect, and all where no residual is left."""
    k, p = made.x.shape
    held = np.zeros(len(structure.low), bool)
    if k == p:
        return ~held
    m = len(structure.inner)
    if len(held) >= m > 1 and structure.kind not in (InnerStructure.CS, InnerStructure.ID):
        held[:m] = structure.inner.sizes <= 1
    return held


def _starts(structure: InnerEffects, total: float, held: NDArray[np.bool_]) -> list[Array]:
    """The heterogeneity in all levels alike, or mostly in one of them, with several correlations."""
    m = len(structure.inner)
    variances = [np.full(m, total)]
    if m == 2 and structure.kind not in (InnerStructure.CS, InnerStructure.ID):
        variances += [total * np.array([1.0, 0.02]), total * np.array([0.02, 1.0])]
    points = [point for start in variances for point in starting_points(structure.shape, start)]
    return [np.where(held, 0.0, point) for point in points]


def _highest(model: CovarianceModel, starts: list[Array], held: NDArray[np.bool_]) -> Maximum:
    """The highest maximum; for UN one from which no covariance in any direction leads up.

    The likelihood's slope along each direction d of the covariance, G + e dd', tells so even where G is singular, and
    where it says otherwise the search goes on from there.
    """
    at = maximise(model, starts, held)
    structure = model.structure
    if structure.kind != InnerStructure.UN or held.all():
        return at
    scale = float(np.mean(np.concatenate([np.einsum("bss->bs", group.v).ravel() for group in model.groups])))
    for _ in range(len(structure.inner)):
        covariance = structure.shape.covariance(at.theta)
        way = _way_up(model, covariance, scale, held[: len(covariance)])
        if way is None:
            return at
        start = structure.shape.theta_at(covariance + scale * (0.1 * np.outer(way, way) + 1e-6 * np.eye(len(way))))
        other = maximise(model, [np.where(held, 0.0, start)], held)
        if other.gls.loglik <= at.gls.loglik + 1e-8:
            return at
        at = other._replace(iterations=at.iterations + other.iterations, maxima=at.maxima)
    return at


def _way_up(model: CovarianceModel, covariance: Array, scale: float, held: NDArray[np.bool_]) -> Array | None:
    """The steepest direction (m,) that adds to a covariance and to the likelihood, None where there is none."""
    by_element = replace(model, structure=model.structure.by_element())
    above = np.triu_indices(len(covariance))
    theta = covariance[above]
    slope = np.zeros_like(covariance)
    slope[above] = 0.5 * by_element.curvature(theta, by_element.gls(theta)).score
    slope += slope.T
    slope[held] = slope[:, held] = 0.0
    values, vectors = np.linalg.eigh(slope)
    return vectors[:, -1] if scale * values[-1] > _FLAT else None


def _cautions(at: Maximum, structure: InnerEffects, held: NDArray[np.bool_]) -> list[str]:
    """What a reader of the result should know."""
    if held.all():
        return ["As many coefficients as effects: all variances are taken to be 0."]
    names, m = np.array(structure.inner.names), len(structure.inner)
    told = [f"{name} has one effect, so its variance is taken to be 0." for name in names[held[:m].nonzero()[0]]]
    first, second = np.triu_indices(m, 1)
    if structure.kind in (InnerStructure.DIAG, InnerStructure.ID) or m == 1:
        return told
    present = np.zeros((len(structure.outer), m))
    present[structure.outer.codes, structure.inner.codes] = 1.0
    apart = (present.T @ present)[first, second] == 0
    if structure.kind == InnerStructure.UN:
        told += [
            f"No unit has both {names[one]} and {names[other]}: the data do not tell their correlation."
            for one, other in zip(first[apart], second[apart], strict=True)
        ]
    elif apart.all():
        told.append("No unit has two levels: the data do not tell the correlation.")
    rho = correlations(structure.shape.covariance(at.theta))
    lowest = -1.0 if structure.kind == InnerStructure.UN else -1.0 / (m - 1)
    if ((rho[first, second] >= 1.0 - _BOUND) | (rho[first, second] <= lowest + _BOUND)).any():
        told.append("A correlation is at its bound: the data tell little of it.")
    return told
