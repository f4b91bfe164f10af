"""Robust variance estimation with robumeta's working models: moment estimates, closed formulas, no likelihood.

Hedges, Tipton and Johnson (2010, Res Synth Methods 1:39) with the small-sample corrections of Tipton (2015, Psychol
Methods 20:375).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.clusters import Clusters, check_clusters
from toolkit.meta.dependence.robust import estimate_robustly
from toolkit.meta.dependence.robust_result import RobustResult, RobustTest
from toolkit.meta.dependence.sandwich import ClusterGroup, SandwichKind
from toolkit.meta.design import Design, design, intercept_design
from toolkit.meta.display import number
from toolkit.meta.settings import check_choice, check_correlation, check_level, check_numbers
from toolkit.meta.studies import Studies, check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


class WorkingModel(StrEnum):
    """What is supposed of the dependence, for weights only.

    ``CORR``: the effects of a study share a true effect, and their errors correlate by ``rho``; ``HIER``: their errors
    are independent, and true effects vary between studies (tau2) and within them (omega2).
    """

    CORR = "CORR"
    HIER = "HIER"


class _Heterogeneity(NamedTuple):
    tau2: float
    omega2: float | None
    i2: float | None


@dataclass(frozen=True, eq=False, repr=False)
class RobustVarianceEstimation(RobustResult):
    """Coefficients with robust standard errors under a working model for the weights (robumeta's ``robu``).

    ``tau2`` is the variance between studies; ``omega2`` that within studies (HIER, None for CORR); ``i2`` is in percent
    (CORR, None for HIER). ``weights`` (k,) are those of the effects.
    """

    studies: Studies
    working: WorkingModel
    rho: float
    small_sample: bool
    tau2: float
    omega2: float | None
    i2: float | None
    weights: Array
    made: Design

    def sensitivity(self, rhos: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)) -> pd.DataFrame:
        """The estimates for other values of rho: a row a rho and term with estimate, se, df, p_value, tau2.

        Raises ModelInputError for the hierarchical model, which has no rho.
        """
        import pandas as pd

        if self.working == WorkingModel.HIER:
            raise ModelInputError("The hierarchical working model has no rho: nothing to vary.")
        fits = [
            _fit(
                self.studies,
                self.clusters,
                self.made,
                self.working,
                check_correlation(rho, low=0.0),
                self.small_sample,
                self.level,
            )
            for rho in np.ravel(check_numbers(rhos, "rhos")).tolist()
        ]
        tables = [fit.coefficients[["estimate", "se", "df", "p_value"]].assign(tau2=fit.tau2) for fit in fits]
        return pd.concat(tables, keys=[fit.rho for fit in fits], names=["rho"])

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, with the variance components and the working model beside them."""
        shared = {
            "working": str(self.working),
            "rho": self.rho,
            "tau2": self.tau2,
            "omega2": self.omega2,
            "i2": self.i2,
        }
        return super().to_frame().assign(**shared)

    def _title(self) -> str:
        size = f"{self.k:,} effects in {self.n_clusters:,} studies"
        corrected = "small-sample corrections" if self.small_sample else "no small-sample correction"
        return f"Robust variance estimation ({self.working}, {corrected}), {size}"

    def _lines(self) -> list[tuple[str, str]]:
        variances = f"tau² {number(self.tau2)}"
        variances += f", I² {self.i2:.1f}%" if self.omega2 is None else f", omega² {number(self.omega2)}"
        return [*super()._lines(), ("Heterogeneity", variances)]


def robust_variance_estimation(
    y: ArrayLike,
    v: ArrayLike,
    study: Sequence[object] | pd.Series | ArrayLike,
    *,
    working: str = "CORR",
    rho: float = 0.8,
    small_sample: bool = True,
    moderators: pd.DataFrame | pd.Series | ArrayLike | str | None = None,
    data: pd.DataFrame | None = None,
    level: float = 0.95,
    labels: Sequence[object] | None = None,
) -> RobustVarianceEstimation:
    """Pool or regress dependent effects by weights of a simple working model, with standard errors that do not need it.

    ``y`` and ``v`` (k,) are effects and sampling variances on the analysis scale, ``study`` (k,) says which belong
    together. ``working`` is CORR (by default; effects of one study share a sample) or HIER (studies are groups of
    independent effects), see :class:`WorkingModel`. ``rho`` is the correlation of the errors within a study, for tau2
    of CORR alone. With ``small_sample`` (by default) the standard errors are CR2 with Satterthwaite degrees of freedom;
    without it CR1p with t on as many degrees of freedom as there are more studies than coefficients. ``moderators`` as
    for :func:`regression`. The tau2 and omega2 are moment estimates, cut at 0.

    Raises ModelInputError for numbers that cannot be used, with their rows; for a missing study, or one study only; for
    a rho outside 0 to 1; and, without ``small_sample``, where there are not more studies than coefficients.
    """
    given, level = check_studies(y, v, labels), check_level(level)
    chosen, k = check_choice(WorkingModel, working, "working"), len(given.y)
    made = intercept_design(k) if moderators is None else design(moderators, k, data=data)
    return _fit(given, check_clusters(study, k), made, chosen, check_correlation(rho, low=0.0), small_sample, level)


def _fit(
    studies: Studies,
    clusters: Clusters,
    made: Design,
    working: WorkingModel,
    rho: float,
    small_sample: bool,
    level: float,
) -> RobustVarianceEstimation:
    if len(clusters) < 2:
        raise ModelInputError("All effects are of one study: robust variance estimation needs two studies at least.")
    mean_v = np.bincount(clusters.codes, studies.v) / clusters.sizes
    if working == WorkingModel.CORR:
        found = _correlated(studies, clusters, made.x, mean_v, rho)
        weights = (1.0 / (clusters.sizes * (mean_v + found.tau2)))[clusters.codes]
    else:
        found = _hierarchical(studies, clusters, made.x)
        weights = 1.0 / (studies.v + found.tau2 + (found.omega2 or 0.0))
    root = np.sqrt(weights)
    beta = np.linalg.lstsq(root[:, None] * made.x, root * studies.y)[0]
    groups = [ClusterGroup(rows, np.eye(rows.shape[1]) / weights[rows][:, None, :]) for _, rows in clusters.members]
    kind = SandwichKind.CR2 if small_sample else SandwichKind.CR1P
    test = RobustTest.SATTERTHWAITE if small_sample else RobustTest.NAIVE_TP
    inference = estimate_robustly(made.x, studies.y, beta, clusters, groups, kind, test, made.terms)
    return RobustVarianceEstimation(
        model=None,
        terms=made.terms,
        beta=beta,
        level=level,
        design=made if len(made.terms) > 1 else None,
        **inference,
        studies=studies,
        working=working,
        rho=rho,
        small_sample=small_sample,
        **found._asdict(),
        weights=weights,
        made=made,
    )


def _correlated(studies: Studies, clusters: Clusters, x: Array, mean_v: Array, rho: float) -> _Heterogeneity:
    """tau2 from the weighted sum of squares, and its I2."""
    sizes, codes = clusters.sizes, clusters.codes
    of_study = 1.0 / (sizes * mean_v)
    w = of_study[codes]
    bread = np.linalg.inv(x.T @ (w[:, None] * x))
    residuals = studies.y - x @ (bread @ (x.T @ (w * studies.y)))
    sums = _sums(clusters, x)
    per_effect = (w / sizes[codes])[:, None]
    own = float(np.sum(bread * (x.T @ (per_effect * x))))
    shared = float(np.sum(bread * (sums.T @ ((of_study / sizes)[:, None] * sums)))) - own
    q, expected = float(np.sum(w * residuals**2)), len(clusters) - own - rho * shared
    spread = float(w.sum() - np.sum(bread * (sums.T @ (of_study[:, None] ** 2 * sums))))
    _refuse_dominated(spread, float(w.sum()))
    return _Heterogeneity(max(0.0, (q - expected) / spread), None, max(0.0, 100.0 * (q - expected) / q) if q else 0.0)


def _hierarchical(studies: Studies, clusters: Clusters, x: Array) -> _Heterogeneity:
    """tau2 and omega2 from the weighted sum of squares within and the sum of squares of the studies' totals."""
    v, sizes = studies.v, clusters.sizes
    w = 1.0 / v
    bread = np.linalg.inv(x.T @ (w[:, None] * x))
    residuals = studies.y - x @ (bread @ (x.T @ (w * studies.y)))
    plain, weighted = _sums(clusters, x), _sums(clusters, w[:, None] * x)
    both, totals, squares = weighted.T @ weighted, plain.T @ plain, x.T @ (w[:, None] ** 2 * x)
    sized = weighted.T @ (sizes[:, None] * plain)
    doubled = bread @ totals @ bread
    q_between = float(np.sum(_sums(clusters, residuals[:, None]) ** 2) - v.sum() + np.sum(bread * totals))
    q_within = float(np.sum(w * residuals**2)) - (len(v) - x.shape[1])
    a1 = float(np.sum(sizes**2) - 2.0 * np.sum(bread * sized) + np.sum(doubled * both))
    b1 = float(len(v) - 2.0 * np.sum(bread * (weighted.T @ plain)) + np.sum(doubled * squares))
    a2, b2 = float(w.sum() - np.sum(bread * both)), float(w.sum() - np.sum(bread * squares))
    _refuse_dominated(a2, float(w.sum()))
    determinant = b1 * a2 - b2 * a1
    alone = (sizes == 1).all()  # one effect a study: nothing varies within
    omega2 = 0.0 if alone else max(0.0, (q_between * a2 - q_within * a1) / determinant)
    return _Heterogeneity(max(0.0, (q_within - omega2 * b2) / a2), omega2, None)


def _refuse_dominated(spread: float, weight: float) -> None:
    if spread <= 1e-13 * weight:
        raise ModelInputError(
            "One study has all the weight, so that tau2 cannot be estimated: check for variances that differ by many "
            "orders of magnitude, or use fewer moderators."
        )


def _sums(clusters: Clusters, columns: Array) -> Array:
    """Sums of the columns (k, p) over each cluster, (J, p)."""
    total = np.zeros((len(clusters), columns.shape[1]))
    np.add.at(total, clusters.codes, columns)
    return total
