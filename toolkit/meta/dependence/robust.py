"""Cluster-robust inference for any fitted model: honest standard errors when the dependence is only guessed at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.clusters import Clusters, check_clusters
from toolkit.meta.dependence.dependent_fit import check_dependent_fit, working_groups
from toolkit.meta.dependence.robust_result import TRUSTED_DF, RobustResult, RobustTest
from toolkit.meta.dependence.sandwich import FULL_LEVERAGE, ClusterGroup, Sandwich, SandwichKind, leverages, sandwich
from toolkit.meta.settings import check_choice, check_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.dependence.dependent_fit import DependentFit
    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]


# Below this share of the variance under the working model, a sandwich has none for a coefficient.
_UNTOLD = 1e-10
# Below this share of the effects, residuals are rounding error.
_ROUNDING = 1e-12


def robust(
    result: MetaResult | DependentFit,
    cluster: Sequence[object] | pd.Series | ArrayLike,
    *,
    kind: str = "CR2",
    test: str = "satterthwaite",
    level: float | None = None,
) -> RobustResult:
    """Standard errors and tests that stay valid when effects within a cluster are dependent in an unknown way.

    ``result`` is any fitted model (:func:`random_effects`, :func:`regression`, :func:`multilevel`,
    :func:`multivariate`); its estimates stay, and its marginal variances are the working model. ``cluster`` (k,) names
    the cluster of each effect: within clusters anything may be correlated, between them nothing. ``kind`` is CR2 (by
    default) or another of :class:`SandwichKind`, ``test`` is satterthwaite (by default), naive-t, naive-tp or z, see
    :class:`RobustTest`. metafor's ``robust()`` is CR1p with naive-tp, and with ``clubSandwich=TRUE`` CR2 with
    satterthwaite. ``level`` is that of the fit by default.

    The adjustment matrix of a cluster that alone tells of a coefficient has a generalised inverse (Pustejovsky and
    Tipton 2018, J Bus Econ Stat 36:672, theorem 1). Time and memory are linear in the number of clusters.

    Raises ModelInputError for a missing cluster, for fewer than two, for one that a random effect of the model crosses,
    and where a correction does not exist (CR1p with as many coefficients as clusters, CR3 with a cluster that alone
    tells of a coefficient).
    """
    check_dependent_fit(result, "Cluster-robust inference")
    chosen = check_choice(SandwichKind, kind, "kind")
    how = check_choice(RobustTest, test, "test")
    clusters = check_clusters(cluster, result.k)
    groups = working_groups(result, clusters)
    inference = estimate_robustly(
        result.model_matrix, result.y, result.beta, clusters, groups, chosen, how, result.terms
    )
    return RobustResult(
        model=result,
        terms=result.terms,
        beta=result.beta,
        level=result.level if level is None else check_level(level),
        design=getattr(result, "design", None),
        **inference,
    )


def estimate_robustly(
    x: Array,
    y: Array,
    beta: Array,
    clusters: Clusters,
    groups: list[ClusterGroup],
    kind: SandwichKind,
    test: RobustTest,
    terms: tuple[str, ...],
) -> dict[str, Any]:
    """What every cluster-robust result holds, by name, for a fit with these coefficients and working variances."""
    _refuse(x, clusters, groups, kind, test)
    residuals = y - x @ beta
    agree = bool(np.abs(residuals).max() <= _ROUNDING * np.abs(y).max())
    found = sandwich(x, np.zeros(len(y)) if agree else residuals, groups, kind)
    return dict(
        clusters=clusters,
        kind=kind,
        test=test,
        covariance=found.covariance,
        moments=found.moments,
        df=_degrees_of_freedom(test, found, len(clusters)),
        agree=agree,
        untold=~_told(found),
        notes=_agreement(*x.shape) if agree else _notes(terms, found),
    )


def _told(found: Sandwich) -> NDArray[np.bool_]:
    """Whether two clusters tell of each coefficient (p,)."""
    return np.diagonal(found.moments.expected()) > _UNTOLD * np.diagonal(found.working)


def _degrees_of_freedom(test: RobustTest, found: Sandwich, clusters: int) -> Array | None:
    p = len(found.covariance)
    if test == RobustTest.SATTERTHWAITE:
        return found.moments.satterthwaite()
    return None if test == RobustTest.Z else np.full(p, clusters - (p if test == RobustTest.NAIVE_TP else 1.0))


def _refuse(x: Array, clusters: Clusters, groups: list[ClusterGroup], kind: SandwichKind, test: RobustTest) -> None:
    p = x.shape[1]
    if len(clusters) < 2:
        raise ModelInputError("All effects are in one cluster: a sandwich covariance needs two clusters at least.")
    if (kind == SandwichKind.CR1P or test == RobustTest.NAIVE_TP) and len(clusters) <= p:
        asked = kind if kind == SandwichKind.CR1P else test
        raise ModelInputError(
            f"{len(clusters)} clusters leave {asked} no degrees of freedom with {p} coefficients: use CR2 with the "
            "satterthwaite test, or fewer moderators."
        )
    if kind == SandwichKind.CR1S and len(x) <= p:
        raise ModelInputError(f"CR1S divides by the {len(x)} effects less the {p} coefficients: use CR2.")
    if kind == SandwichKind.CR3:
        alone = [
            clusters.names[number]
            for (numbers, _), found in zip(clusters.members, leverages(x, groups), strict=True)
            for number in numbers[found > FULL_LEVERAGE]
        ]
        if alone:
            raise ModelInputError(
                f"CR3 does not exist: cluster {', '.join(alone[:5])} alone tells of a coefficient. Use CR2."
            )


def _agreement(k: int, p: int) -> tuple[str, ...]:
    why = ", which has as many coefficients as there are effects" if p == k else ""
    return (f"All effects agree with the model{why}: the robust standard errors are 0 and there are no tests.",)


def _notes(terms: tuple[str, ...], found: Sandwich) -> tuple[str, ...]:
    df = found.moments.satterthwaite()
    told = _told(found)
    notes = []
    if not told.all():
        names = ", ".join(term for term, known in zip(terms, told, strict=True) if not known)
        notes.append(
            f"No two clusters tell of {names}: the robust standard error is 0 by construction, not by agreement."
        )
    few = [
        f"{term} ({value:.3g})"
        for term, value, known in zip(terms, df, told, strict=True)
        if known and value < TRUSTED_DF
    ]
    if few:
        notes.append(
            f"Fewer than 4 Satterthwaite degrees of freedom: {', '.join(few)}. Do not trust these p-values and "
            "intervals (Tipton 2015, Psychol Methods 20:375)."
        )
    return tuple(notes)
