"""What each cluster does to a fit, and how far its effects lie from it: any model, mean or regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.cluster_deletion import WithoutCluster, parts_of, without_each
from toolkit.meta.dependence.clusters import Clusters, check_clusters
from toolkit.meta.dependence.dependent_fit import refuse_own_weights, working_groups
from toolkit.meta.display import Shown, number
from toolkit.meta.sensitivity.coordinates import StudyPoints

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.dependence.dependent_fit import DependentFit
    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_SINGULAR = 1e-13  # below this eigenvalue of its correlations a matrix of precisions is singular
_TAKEN_UP = "the coefficients follow some of its effects, so that their residuals do not vary"
_EFFECTS = "hat weight residual standardised studentised".split()


@dataclass(frozen=True, eq=False, repr=False)
class ClusterInfluence(Shown):
    """Influence of J clusters and residuals of k effects, on the analysis scale of the fit.

    By effect (k,): ``hat`` values; ``weight`` in percent, that of the effect in the mean, or for a regression the
    diagonal of the inverse marginal covariance; ``residual``; ``standardised`` (the residual over its standard error);
    ``studentised`` (the same from the fit without the cluster). By cluster (J,): ``chi_square`` and
    ``chi_square_deleted``, the joint size of either kind of residuals,
    with as many degrees of freedom as effects; ``cooks_distance``, the squared distance that the coefficients move
    without it; ``dfbetas`` (J, p), the move of each in standard errors; ``pearson``, its part of the weighted sum of
    squares of the residuals, and ``fitted_change``, the mean squared change of its fitted values without it, in
    variances of these. What cannot be computed is NaN, and ``reasons`` says why.
    """

    clusters: Clusters
    terms: tuple[str, ...]
    labels: tuple[str, ...]
    refit: bool
    hat: Array
    weight: Array
    residual: Array
    standardised: Array
    studentised: Array
    chi_square: Array
    chi_square_deleted: Array
    cooks_distance: Array
    dfbetas: Array
    pearson: Array
    fitted_change: Array
    reasons: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row a cluster: k, chi_square, chi_square_deleted, cooks_distance, dfbetas of each term, reason."""
        import pandas as pd

        columns = {
            "k": self.clusters.sizes,
            "chi_square": self.chi_square,
            "chi_square_deleted": self.chi_square_deleted,
            "cooks_distance": self.cooks_distance,
        }
        columns |= {f"dfbetas_{term}": self.dfbetas[:, at] for at, term in enumerate(self.terms)}
        return pd.DataFrame(columns | {"reason": self.reasons}, index=pd.Index(self.clusters.names, name="cluster"))

    def effects(self) -> pd.DataFrame:
        """A row an effect: cluster, hat, weight, residual, standardised, studentised."""
        import pandas as pd

        names = [self.clusters.names[code] for code in self.clusters.codes]
        columns = {"cluster": names} | {name: getattr(self, name) for name in _EFFECTS}
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))

    def baujat(self) -> StudyPoints:
        """A point a cluster: what it adds to the heterogeneity against how far it moves its own fitted values.

        Baujat et al. (2002, Stat Med 21:2641) for clusters in place of studies; with one effect a cluster the points
        are those of :func:`baujat`.
        """
        return StudyPoints(
            "Baujat plot of clusters",
            self.clusters.names,
            self.pearson,
            self.fitted_change,
            "contribution to heterogeneity: squared residuals weighted by the inverse marginal covariance",
            "influence on the fitted values: their mean squared change without the cluster, in variances",
            self.reasons,
        )

    def _title(self) -> str:
        how = "components estimated again" if self.refit else "components kept"
        return f"Influence of {len(self.clusters):,} clusters ({how})"

    def _lines(self) -> list[tuple[str, str]]:
        names, lines = self.clusters.names, []
        for what, values in (("Cook's distance", self.cooks_distance), ("Deleted chi²", self.chi_square_deleted)):
            if np.isfinite(values).any():
                top = int(np.nanargmax(values))
                lines.append((f"Largest {what}", f"{names[top]} ({number(values[top])})"))
        told = [reason for reason in self.reasons if reason]
        return lines + [("Not available", reason) for reason in dict.fromkeys(told)]


def cluster_influence(
    result: MetaResult | DependentFit,
    cluster: Sequence[object] | pd.Series | ArrayLike,
    *,
    refit: bool = True,
) -> ClusterInfluence:
    """Cook's distances, DFBETAS and residuals with each ``cluster`` (k,) left out in turn, as metafor for ``rma.mv``.

    With ``refit`` the variance components are estimated again without the cluster; without it they are kept, which is
    quick (one pass over the clusters) and close where there are many. Definitions are those of metafor's
    ``cooks.distance``, ``dfbetas``, ``rstudent``, ``rstandard`` and ``hatvalues`` with ``cluster=``.

    Raises ModelInputError for a missing cluster, for one that a random effect of the model crosses, and for a fit with
    weights of the user's own or moderators that are combinations of each other but for rounding.
    """
    refuse_own_weights(result, "Influence by cluster")
    clusters = check_clusters(cluster, result.k)
    groups = working_groups(result, clusters)
    deleted, reasons = without_each(result, clusters, groups, refit=refit)
    if not (np.diagonal(result.covariance) > 0).all():
        none = "the standard errors of the fit are 0, so that there are no Cook's distances"
        reasons = tuple(reason or none for reason in reasons)
    x, y = result.model_matrix, result.y
    residual = y - x @ result.beta
    k, count, is_mean = len(y), len(clusters), x.shape[1] == 1 and bool((x == 1).all())
    hat, weight, standardised, studentised = (np.full(k, np.nan) for _ in range(4))
    chi_square, chi_square_deleted, cooks, pearson, change = (np.full(count, np.nan) for _ in range(5))
    dfbetas = np.full((count, x.shape[1]), np.nan)
    bread = _inverse(parts_of(x, y, clusters, [group.variance for group in groups]).precision.sum(0))
    for (numbers, rows), group in zip(clusters.members, groups, strict=True):
        spread = x[rows] @ bread @ np.swapaxes(x[rows], 1, 2)
        inverse = np.linalg.inv(group.variance)
        hat[rows] = np.einsum("mij,mji->mi", spread, inverse)
        weight[rows] = inverse.sum(2) if is_mean else np.einsum("mii->mi", inverse)
        pearson[numbers] = np.einsum("mi,mij,mj->m", residual[rows], inverse, residual[rows])
        for at, one in enumerate(numbers.tolist()):
            own = rows[at]
            standardised[own], chi_square[one] = _sizes(
                residual[own], group.variance[at] - spread[at], group.variance[at]
            )
            gone = deleted[one]
            if gone is not None:
                between = gone.own + x[own] @ gone.covariance @ x[own].T
                studentised[own], chi_square_deleted[one] = _sizes(y[own] - x[own] @ gone.beta, between, between)
                cooks[one], dfbetas[one] = _moves(result, gone)
                spread_of_fitted = np.vecdot(x[own] @ gone.covariance, x[own])
                if spread_of_fitted.min() > 0:
                    change[one] = np.mean((x[own] @ (result.beta - gone.beta)) ** 2 / spread_of_fitted)
    known = ~np.isnan(chi_square)
    reasons = tuple(reason or ("" if told else _TAKEN_UP) for reason, told in zip(reasons, known, strict=True))
    return ClusterInfluence(
        clusters=clusters,
        terms=result.terms,
        labels=result.labels,
        refit=refit,
        hat=hat,
        weight=100.0 * weight / weight.sum(),
        residual=residual,
        standardised=standardised,
        studentised=studentised,
        chi_square=chi_square,
        chi_square_deleted=chi_square_deleted,
        cooks_distance=cooks,
        dfbetas=dfbetas,
        pearson=pearson,
        fitted_change=change,
        reasons=reasons,
    )


def _inverse(precision: Array) -> Array:
    scale = np.sqrt(np.diagonal(precision))
    if np.linalg.eigvalsh(precision / np.outer(scale, scale))[0] < _SINGULAR:
        raise ModelInputError(
            "The moderators are so nearly combinations of each other that the influence of clusters is rounding error: "
            "leave one out."
        )
    return np.linalg.inv(precision)


def _sizes(residuals: Array, variance: Array, whole: Array) -> tuple[Array, float]:
    """Residuals over their standard errors, and their joint chi-square; NaN where they do not vary.

    ``variance`` is what a fit leaves of the ``whole`` variance of the effects.
    """
    values, vectors = np.linalg.eigh(variance)
    own = np.diagonal(variance)
    single = residuals / np.sqrt(np.where(own > 1e-12 * np.diagonal(whole), own, np.nan))
    if values[0] <= 1e-12 * values[-1]:
        return single, np.nan
    return single, float(np.sum((vectors.T @ residuals) ** 2 / values))


def _moves(result: MetaResult | DependentFit, gone: WithoutCluster) -> tuple[float, Array]:
    move = result.beta - gone.beta
    known = bool((np.diagonal(result.covariance) > 0).all())  # not where all effects agree and scale errors to 0
    distance = float(move @ np.linalg.solve(result.covariance, move)) if known else np.nan
    return distance, move / np.sqrt(np.diagonal(np.linalg.inv(gone.precision)))
