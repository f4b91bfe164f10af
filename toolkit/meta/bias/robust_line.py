"""A regression of effects on a measure of precision, with a covariance that no model of their variances has to fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.sandwich import ClusterGroup, SandwichKind, sandwich
from toolkit.meta.display import studies
from toolkit.meta.estimates import MEAN, Estimates
from toolkit.meta.projection import DesignProjection

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.dependence.clusters import Clusters

    Array = NDArray[np.float64]

BIAS = "bias"
"""The name of the slope: what an effect gains for each unit of its standard error, or of its variance."""

ROUNDING = 1e-12
"""Below this share of what they are left of, residuals are rounding error."""

# Below this share of what the residuals' size gives, a sandwich has no variance for a coefficient.
_UNTOLD = 1e-10


@dataclass(frozen=True, eq=False, repr=False)
class RobustLine(Estimates):
    """Coefficients ``mean`` and ``bias`` of a regression, the mean alone where there is no slope, tested by z.

    ``y`` (k,) and the model matrix ``x`` (k, p) have weights 1 / ``variances`` (k,); ``covariance`` is the sandwich of
    this ``kind``. The inherited numbers (``estimate``, ``se``, ``ci_low``...) are those of the mean.
    """

    y: Array
    x: Array
    variances: Array
    clusters: Clusters
    kind: SandwichKind
    beta: Array
    covariance: Array
    level: float

    @property
    def terms(self) -> tuple[str, ...]:
        """The coefficients' names."""
        return (MEAN, BIAS)[: len(self.beta)]

    @property
    def df(self) -> None:
        """The test is z."""
        return None

    @property
    def residuals(self) -> Array:
        """Observed less fitted effects, (k,)."""
        return self.y - self.x @ self.beta

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, a row a term."""
        return self.coefficients

    def _only(self, values: Array) -> float:
        return float(values[0])

    def _title(self) -> str:
        return f"Weighted least squares, {studies(len(self.y))} ({self.kind})"

    def _lines(self) -> list[tuple[str, str]]:
        return self._coefficient_lines()


def fit_line(
    y: Array, x: Array, variances: Array, clusters: Clusters, kind: SandwichKind, level: float = 0.95
) -> RobustLine:
    """Regress ``y`` on ``x`` by weighted least squares, with a sandwich covariance.

    Raises ModelInputError where the residuals leave no error to judge a coefficient by: they are 0, or add up to 0 in
    each cluster.
    """
    beta = DesignProjection(1.0 / variances, x).coefficients(y)
    residuals, root = y - x @ beta, np.sqrt(variances)
    if np.abs(residuals).max() <= ROUNDING * np.abs(y).max():
        raise ModelInputError("The effects lie on one line but for rounding: there is no error to judge it by.")
    # In units of the root of the variance, as the authors of MAIVE: CR2 depends on the units within a cluster.
    groups = [
        ClusterGroup(rows, np.broadcast_to(np.eye(rows.shape[1]), (*rows.shape, rows.shape[1])))
        for _, rows in clusters.members
    ]
    found = sandwich(x / root[:, None], residuals / root, groups, kind)
    spread = np.sum(residuals**2 / variances) / max(len(y) - len(beta), 1)
    if (np.diagonal(found.covariance) <= _UNTOLD * spread * np.diagonal(found.working)).any():
        raise ModelInputError(
            "The clusters leave a coefficient a robust standard error of 0, by construction and not by agreement: "
            "there are too few different precisions for this regression."
        )
    return RobustLine(y, x, variances, clusters, kind, beta, found.covariance, level)
