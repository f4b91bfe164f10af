"""What inference by clusters needs of a fit: coefficients, marginal covariance, and the fit without some rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.sandwich import ClusterGroup
from toolkit.meta.fitting import fit_design, fit_mean
from toolkit.meta.regression_result import MetaRegression
from toolkit.meta.results import MetaResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.meta.dependence.clusters import Clusters

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Blocks = Sequence[tuple[Integers, Array]]


class DependentFit(Protocol):
    """A fit of k effects with a block-diagonal marginal covariance, weighted by its inverse."""

    terms: tuple[str, ...]
    beta: Array
    covariance: Array
    df: Array | float | None
    level: float

    @property
    def k(self) -> int:
        """Number of effects."""

    @property
    def y(self) -> Array:
        """Effects (k,)."""

    @property
    def v(self) -> Array:
        """Sampling variances (k,)."""

    @property
    def model_matrix(self) -> Array:
        """The model matrix (k, p)."""

    @property
    def labels(self) -> tuple[str, ...]:
        """A label an effect."""

    @property
    def marginal(self) -> Blocks:
        """The marginal covariance: rows (b, s) of blocks of one size with their matrices (b, s, s), for each size."""

    @property
    def components(self) -> dict[str, float]:
        """The variance components of the random effects, by name."""

    @property
    def variance_of_effects(self) -> Array:
        """The variance of the true effects about their means, for each effect (k,)."""

    def marginal_at(self, other: DependentFit) -> Blocks:
        """The same with the variance components of another fit of the same model."""

    def refitted(self, rows: Integers) -> DependentFit:
        """The same model fitted to these rows alone."""


def check_dependent_fit(result: object, what: str) -> None:
    """Raise ModelInputError, in the name of ``what``, for all but a fit with a model matrix and marginal variances."""
    if not isinstance(result, MetaResult) and not hasattr(result, "marginal"):
        raise ModelInputError(
            f"{what} takes a fit of random_effects, regression, multilevel or multivariate; got a value of type "
            f"{type(result).__name__}."
        )


def marginal_of(result: MetaResult | DependentFit) -> Blocks:
    """The marginal covariance of any fit."""
    return _diagonal(result, result.tau2) if isinstance(result, MetaResult) else result.marginal


def components_of(result: MetaResult | DependentFit) -> dict[str, float]:
    """The variances of the random effects of any fit, by name."""
    return {"tau2": result.tau2} if isinstance(result, MetaResult) else dict(result.components)


def variance_of_effects(result: MetaResult | DependentFit) -> Array:
    """The variance of the true effects about their means, for each effect of any fit, (k,)."""
    return np.full(result.k, result.tau2) if isinstance(result, MetaResult) else result.variance_of_effects


def marginal_at(result: MetaResult | DependentFit, other: MetaResult | DependentFit) -> Blocks:
    """The marginal covariance of any fit with the variance components of another fit of the same model."""
    return _diagonal(result, other.tau2) if isinstance(result, MetaResult) else result.marginal_at(other)


def refitted(result: MetaResult | DependentFit, rows: Integers) -> MetaResult | DependentFit:
    """The same model fitted to these rows alone."""
    if not isinstance(result, MetaResult):
        return result.refitted(rows)
    studies = result.studies.take(rows)
    if not isinstance(result, MetaRegression):
        return fit_mean(studies, result.settings)
    return fit_design(studies, result.design.of_rows(rows), result.settings)


def working_groups(result: MetaResult | DependentFit, clusters: Clusters) -> list[ClusterGroup]:
    """A fit's marginal covariance and weights, cut into the clusters."""
    variances = clusters.matrices(marginal_of(result))
    weights: list[Array] | list[None] = [None] * len(variances)
    own = own_weights(result)
    if own is not None:
        weights = clusters.matrices([(np.arange(result.k)[:, None], own[:, None, None])])
    parts = zip(clusters.members, variances, weights, strict=True)
    return [ClusterGroup(rows, variance, weight) for (_, rows), variance, weight in parts]


def own_weights(result: MetaResult | DependentFit) -> Array | None:
    """Weights of the user's own, None where they are the inverse marginal covariance."""
    return result.studies.weights if isinstance(result, MetaResult) else None


def refuse_own_weights(result: MetaResult | DependentFit, what: str) -> None:
    """Raise for what is no such fit, and for a fit whose weights are the user's own."""
    check_dependent_fit(result, what)
    if own_weights(result) is not None:
        raise ModelInputError(f"{what} is for inverse-variance weights: fit the model without weights of your own.")


def _diagonal(result: MetaResult, tau2: float) -> Blocks:
    return [(np.arange(result.k)[:, None], (result.v + tau2)[:, None, None])]
