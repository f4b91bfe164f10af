"""Multivariate meta-analysis: the true effects of several outcomes, doses or times vary and correlate."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.dependence.clusters import Clusters, check_clusters
from toolkit.meta.dependence.component_fit import (
    check_method,
    covariance_model,
    explained_units,
    heterogeneity_to_start_from,
    result_fields,
)
from toolkit.meta.dependence.component_search import Maximum, maximise
from toolkit.meta.dependence.component_tests import DependentTest
from toolkit.meta.dependence.inner_effects import InnerEffects, check_inner, inner_effects, meetings
from toolkit.meta.dependence.inner_structures import InnerStructure, correlations, starting_points
from toolkit.meta.dependence.multivariate_result import MultivariateResult
from toolkit.meta.dependence.random_levels import nested_levels
from toolkit.meta.dependence.sampling_covariance import SamplingCovariance, check_sampling_covariance, correlated_within
from toolkit.meta.design import Design, design, intercept_design
from toolkit.meta.settings import check_choice, check_level, check_one_of

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
_SINGULAR = 1e-10


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
    contain a coefficient (metafor's ``dfs="contain"``), residual (t with k - p), or z. A variance or correlation of
    which the data do not tell is taken to be 0, and the notes say so.

    Raises ModelInputError for numbers and levels that cannot be used, with their rows, for a covariance that is not
    positive definite, and for rho with a matrix; ConvergenceError where the search does not settle.
    """
    check_method(method)
    kind, level = check_choice(InnerStructure, structure, "structure"), check_level(level)
    chosen = check_choice(DependentTest, test, "test")
    check_one_of(_TESTS, chosen, "test of a multivariate model")
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
    _, contained = nested_levels({"outer": outer.codes, "inner": inner.codes}, sampling.k)
    untold = _untold(method, made, inner, contained[-1])
    held = _held(model.structure, untold)
    total = heterogeneity_to_start_from(sampling.studies, made)
    at = _without_idle_correlations(model, _highest(model, _starts(model.structure, total, held), held))
    notes = _cautions(at, model.structure, untold)

    def refit(rows: Integers) -> MultivariateResult:
        levels = Clusters(inner.names, inner.codes[rows])  # all of them, so that parameters keep their places
        return _fit(sampling.take(rows), kind, levels, outer.take(rows), made.of_rows(rows), method, test, level)

    count = _count(model.structure, untold)
    fields = result_fields(model, at, sampling, made, contained, test, level, held, count, notes)
    return MultivariateResult(**fields, refit=refit)


def _untold(method: str, made: Design, inner: Clusters, pairs: Clusters) -> NDArray[np.bool_]:
    """The levels (m,) of whose variance the likelihood does not tell, with all ``pairs`` of unit and level.

    Those without an effect, those whose effects the coefficients explain under REML, and all where no residual is left.
    """
    untold = np.ones(len(inner), bool)
    if made.x.shape[0] > made.x.shape[1]:
        told = ~explained_units(made.x, pairs) if method == "REML" else np.ones(len(pairs), bool)
        untold[inner.codes[told[pairs.codes]]] = False
    return untold


def _held(structure: InnerEffects, untold: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The parameters that stay at 0: the variances of these levels."""
    held = np.zeros(len(structure.low), bool)
    if untold.all():
        return ~held
    if structure.kind not in (InnerStructure.CS, InnerStructure.ID):
        held[: len(untold)] = untold
    return held


def _count(structure: InnerEffects, untold: NDArray[np.bool_]) -> int:
    """How many variances and correlations are estimated."""
    told = ~untold
    shared = structure.kind in (InnerStructure.CS, InnerStructure.ID)
    variances = int(told.any() if shared else told.sum())
    if structure.kind in (InnerStructure.DIAG, InnerStructure.ID):
        return variances
    pairs = int((meetings(structure.inner, structure.outer) & np.outer(told, told)).sum())
    return variances + (pairs if structure.kind == InnerStructure.UN else min(pairs, 1))


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
    if structure.kind != InnerStructure.UN or structure.is_linear or held.all():
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


def _without_idle_correlations(model: CovarianceModel, at: Maximum) -> Maximum:
    """The same maximum with correlations of 0 for levels that never meet, if the others allow it (UN)."""
    structure = model.structure
    m = len(structure.inner)
    met = meetings(structure.inner, structure.outer)
    apart = ~(met | met.T | np.eye(m, dtype=bool))
    if structure.kind != InnerStructure.UN or structure.is_linear or not apart.any():
        return at
    covariance = structure.shape.covariance(at.theta)
    rho = np.where(apart, 0.0, correlations(covariance))
    deviations = np.sqrt(np.diagonal(covariance))
    if np.linalg.eigvalsh(rho)[0] < -_BOUND:
        return at
    theta = structure.shape.theta_at(rho * np.outer(deviations, deviations))
    gls = model.gls(theta)
    return at._replace(theta=theta, gls=gls, curvature=model.curvature(theta, gls))


def _cautions(at: Maximum, structure: InnerEffects, untold: NDArray[np.bool_]) -> list[str]:
    """What a reader of the result should know."""
    names, m, sizes = np.array(structure.inner.names), len(structure.inner), structure.inner.sizes
    told = [f"No effect is at {name}, so its variance is taken to be 0." for name in names[sizes == 0]]
    if untold.all():
        return [*told, "As many coefficients as effects: all variances are taken to be 0."]
    shared = structure.kind in (InnerStructure.CS, InnerStructure.ID)
    if not shared:
        told += [
            f"The coefficients tell all that the effects at {name} do, so its variance is taken to be 0, and the "
            "standard errors do not count it."
            for name in names[untold & (sizes > 0)]
        ]
        told += [f"{name} has one effect, which alone tells of its variance." for name in names[~untold & (sizes == 1)]]
    covariance = structure.shape.covariance(at.theta)
    zero = ~untold & (np.diagonal(covariance) == 0)
    if zero.any():
        of = "" if shared else f" of {' and of '.join(names[zero])}"
        told.append(f"The estimated variance{of} is 0, the least that there can be.")
    idle = []
    if structure.kind not in (InnerStructure.DIAG, InnerStructure.ID) and m > 1:
        idle = _cautions_about_correlations(structure, correlations(covariance))
    expected = at.curvature.expected[np.ix_(at.free, at.free)]
    scale = np.sqrt(np.abs(np.diagonal(expected)))
    if not idle and len(scale) > 1 and np.linalg.eigvalsh(expected / np.outer(scale, scale))[0] < _SINGULAR:
        told.append("The data cannot tell these variances and correlations apart: others fit as well.")
    return told + idle


def _cautions_about_correlations(structure: InnerEffects, rho: Array) -> list[str]:
    names, m = structure.inner.names, len(structure.inner)
    met, pairs = meetings(structure.inner, structure.outer), list(combinations(range(m), 2))
    if not met.any():
        return ["No unit has two levels: the data do not tell the correlation, which is taken to be 0."]
    if structure.kind != InnerStructure.UN:
        common = rho[np.triu_indices(m, 1)]
        found = common[np.argmax(np.abs(common))]
        is_bound = found >= 1.0 - _BOUND or found <= -1.0 / (m - 1) + _BOUND
        return [f"The correlation is at its bound, {found:.4g}: the data tell little of it."] if is_bound else []
    told = [
        f"No unit has both {names[one]} and {names[other]}: the data do not tell their correlation."
        for one, other in pairs
        if not met[one, other]
    ]
    bound = [(one, other) for one, other in pairs if abs(rho[one, other]) >= 1.0 - _BOUND]
    told += [
        f"The correlation of {names[one]} and {names[other]} is at its bound, {rho[one, other]:g}: the data tell "
        "little of it."
        for one, other in bound
    ]
    if not bound and np.linalg.eigvalsh(rho)[0] < _SINGULAR:
        told.append("The correlations are at the bound of what can be true together: their matrix is singular.")
    return told
