"""One effect a cluster from several dependent ones, for models that want independent effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.clusters import Clusters, check_clusters
from toolkit.meta.dependence.known_covariance import NotPositiveDefinite, WorkingCovariance, covariance_of
from toolkit.meta.dependence.sampling_covariance import check_sampling_covariance
from toolkit.meta.display import Shown
from toolkit.meta.settings import check_correlation
from toolkit.meta.studies import check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class AggregatedEffects(Shown):
    """An effect ``y`` with its sampling variance ``v`` for each of J clusters, both (J,), by first rows."""

    clusters: Clusters
    y: Array
    v: Array
    weighted: bool

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the clusters."""
        return self.clusters.names

    def to_frame(self) -> pd.DataFrame:
        """A row a cluster: y, v, k (the number of effects that went in)."""
        import pandas as pd

        columns = {"y": self.y, "v": self.v, "k": self.clusters.sizes}
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))

    def _title(self) -> str:
        how = "inverse-variance weights" if self.weighted else "plain means"
        return f"{len(self.clusters.codes):,} effects aggregated to {len(self.clusters):,} ({how})"

    def _lines(self) -> list[tuple[str, str]]:
        return [("Effects a cluster", f"{self.clusters.sizes.min()} to {self.clusters.sizes.max()}")]


def aggregate(
    y: ArrayLike,
    v: ArrayLike | WorkingCovariance,
    cluster: Sequence[object] | pd.Series | ArrayLike,
    *,
    rho: float | None = None,
    weighted: bool = True,
) -> AggregatedEffects:
    """Pool the effects of each cluster into one, under a common effect within it (metafor's ``aggregate``).

    ``v`` are sampling variances (k,) of effects whose errors correlate by ``rho`` within a cluster (0 for independent
    ones), or their covariance: a matrix (k, k) or a :func:`working_covariance`. The effect of a cluster is 1'V^-1 y /
    1'V^-1 1 with variance 1 / 1'V^-1 1, or with ``weighted=False`` the mean with variance 1'V 1 / n^2 (Borenstein et
    al. 2009, Introduction to Meta-Analysis, chapter 24).

    Raises ModelInputError for numbers that cannot be used, for a covariance between clusters that is not 0, and for one
    within a cluster that is not positive definite.
    """
    covariance = cluster_covariance(v, cluster, rho)
    clusters = covariance.clusters
    effects = check_studies(y, covariance.variances).y
    pooled, variance = np.empty(len(clusters)), np.empty(len(clusters))
    for (numbers, rows), block in zip(clusters.members, covariance.blocks, strict=True):
        weights = np.full((*rows.shape, 1), 1.0 / rows.shape[1])
        if weighted:
            weights = np.linalg.solve(block, np.ones_like(weights))
            weights /= weights.sum(1, keepdims=True)
        pooled[numbers] = (weights[..., 0] * effects[rows]).sum(1)
        variance[numbers] = (np.swapaxes(weights, 1, 2) @ block @ weights)[:, 0, 0]
    return AggregatedEffects(clusters, pooled, variance, weighted)


def cluster_covariance(
    v: ArrayLike | WorkingCovariance, cluster: Sequence[object] | pd.Series | ArrayLike, rho: float | None
) -> WorkingCovariance:
    """The covariance of effects in these clusters, from variances and ``rho``, or from a covariance that is given."""
    if isinstance(v, WorkingCovariance):
        clusters = check_clusters(cluster, len(v.clusters.codes))
    elif np.ndim(v) == 2:
        clusters = check_clusters(cluster, len(np.asarray(v)))
    else:
        variances = check_studies(np.zeros(np.size(v)), v).v
        clusters = check_clusters(cluster, len(variances))
        if rho is None:
            raise ModelInputError(
                "rho, the correlation of the errors within a cluster, is not given: give a number (0 for independent "
                "errors), or a covariance in place of v."
            )
        rho = check_correlation(rho)
        sizes = [rows.shape for _, rows in clusters.members]
        matrices = tuple(np.broadcast_to(rho + (1.0 - rho) * np.eye(n), (m, n, n)) for m, n in sizes)
        return covariance_of(clusters, matrices, variances, NotPositiveDefinite.ERROR)
    if rho is not None:
        raise ModelInputError("rho goes with variances: the covariance that is given has its own correlations.")
    return _given_covariance(v, clusters)


def _given_covariance(given: ArrayLike | WorkingCovariance, clusters: Clusters) -> WorkingCovariance:
    k = len(clusters.codes)
    sampling = check_sampling_covariance(np.zeros(k), np.asarray(given), None)
    for rows, _ in sampling.blocks:
        crossed = clusters.crossing(rows)
        if crossed is not None:
            one, other = crossed
            raise ModelInputError(
                f"The covariance joins rows {one} and {other}, but their clusters differ ({clusters.name_of(one)} and "
                f"{clusters.name_of(other)}): aggregate larger clusters, or set the covariances between clusters to 0."
            )
    cut = clusters.matrices(sampling.blocks)
    variances = sampling.studies.v
    scale = np.sqrt(variances)
    correlations = tuple(
        block / (scale[rows][:, :, None] * scale[rows][:, None, :])
        for (_, rows), block in zip(clusters.members, cut, strict=True)
    )
    return covariance_of(clusters, correlations, variances, NotPositiveDefinite.ERROR)
