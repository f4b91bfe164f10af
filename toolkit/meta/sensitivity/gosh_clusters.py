"""Which studies make the clusters in a GOSH plot: the subsets' effects and I2, grouped, and who is in which group."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, number
from toolkit.meta.settings import check_choice
from toolkit.meta.stack_fit import Unfitted

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.sensitivity.gosh import Gosh

    Array = NDArray[np.float64]

_LARGEST_SAMPLE = 10_000  # subsets that DBSCAN and the mixture look at: more cost much and say little
_LARGE = 3.0  # a Cook's distance of so many times the mean is large


class ClusterMethod(StrEnum):
    """How the subsets are grouped: by distance, by density, or by a mixture of two normal distributions."""

    K_MEANS = "k-means"
    DBSCAN = "DBSCAN"
    MIXTURE = "gaussian-mixture"


@dataclass(frozen=True, eq=False, repr=False)
class GoshClusters(Shown):
    """Clusters of n subsets of k studies.

    ``subsets`` (n,) are the positions of the subsets that were grouped and ``cluster`` (n,) their clusters, -1 for
    noise. ``imbalance`` (clusters, k) is the share of a study's subsets that lie in the cluster, less the mean of these
    shares; ``cooks_distance`` (clusters, k) that of a study on the mean of its cluster's imbalances.
    """

    method: ClusterMethod
    labels: tuple[str, ...]
    subsets: NDArray[np.intp]
    cluster: NDArray[np.intp]
    imbalance: Array
    cooks_distance: Array

    @property
    def is_outlying(self) -> NDArray[np.bool_]:
        """Whether a study's Cook's distance in any cluster is above three times the mean of all, shape (k,)."""
        if not self.cooks_distance.size:
            return np.zeros(len(self.labels), bool)
        return (self.cooks_distance > _LARGE * self.cooks_distance.mean()).any(0)

    def to_frame(self) -> pd.DataFrame:
        """A row a cluster and study: cluster, label, imbalance, cooks_distance."""
        import pandas as pd

        clusters, k = self.imbalance.shape
        columns = {
            "cluster": np.repeat(np.arange(clusters), k),
            "label": self.labels * clusters,
            "imbalance": self.imbalance.ravel(),
            "cooks_distance": self.cooks_distance.ravel(),
        }
        return pd.DataFrame(columns)

    def _title(self) -> str:
        return f"GOSH clusters of {len(self.cluster)} subsets ({self.method})"

    def _lines(self) -> list[tuple[str, str]]:
        sizes = [str(np.sum(self.cluster == row)) for row in range(len(self.imbalance))]
        lines = [
            ("Clusters", f"{len(sizes)} (subsets: {', '.join(sizes)})" if sizes else "none: all subsets are noise")
        ]
        outlying = np.flatnonzero(self.is_outlying)
        for row in outlying:
            lines.append((self.labels[row], f"Cook's distance up to {number(self.cooks_distance[:, row].max(), 3)}"))
        return lines if len(outlying) else [*lines, ("Outlying", "no study")]


def gosh_clusters(
    gosh: Gosh,
    *,
    method: str = ClusterMethod.K_MEANS,
    clusters: int | None = None,
    radius: float = 0.15,
    points: int = 5,
    seed: int = 0,
) -> GoshClusters:
    """Group the subsets of a GOSH plot (see :func:`gosh`) and find the studies that make the groups.

    The steps of ``gosh.diagnostics()`` in the R package dmetar: effects (of a regression, the first coefficients) and
    I2 of the subsets are standardised and grouped
    by ``"k-means"`` (3 ``clusters``), ``"DBSCAN"`` (``radius`` in standard deviations, ``points`` within it, noise left
    out) or ``"gaussian-mixture"`` (2 ``clusters``); for each cluster, Cook's distances of the studies' imbalances tell
    who makes it. The mixture's components share a covariance: subsets without heterogeneity all have I2 = 0, and a
    component of their own there would have no variance and an unbounded likelihood. DBSCAN and the mixture look at
    10,000 subsets at most, drawn at random by ``seed``.

    Needs scikit-learn (the extra ``diagnostics``); raises ImportError without it, and ModelInputError for an unknown
    method and for subsets that all give the same effect or I2.
    """
    chosen = check_choice(ClusterMethod, method, "method")
    rows = np.flatnonzero(gosh.fit.reason == Unfitted.FITTED)
    if chosen != ClusterMethod.K_MEANS and len(rows) > _LARGEST_SAMPLE:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _LARGEST_SAMPLE, replace=False))
    plane = np.column_stack([gosh.fit.i2[rows], gosh.fit.beta[rows, 0]])
    spread = plane.std(0, ddof=1)
    if not (spread > 0).all():
        raise ModelInputError("All subsets give the same effect or the same I2: there are no clusters to look for.")
    cluster = _group((plane - plane.mean(0)) / spread, chosen, clusters, radius, points, seed)
    imbalance = cluster_imbalance(cluster, gosh.included[rows])
    return GoshClusters(chosen, gosh.result.labels, rows, cluster, imbalance, _cooks_distance(imbalance))


def cluster_imbalance(cluster: NDArray[np.intp], included: NDArray[np.bool_]) -> Array:
    """The share of each study's subsets that lie in each cluster, less the mean share: (clusters, k); noise is -1."""
    indicator = cluster == np.arange(cluster.max(initial=-1) + 1)[:, None]
    share = indicator.astype(float) @ included / included.sum(0)
    return share - share.mean(1, keepdims=True)


def _cooks_distance(imbalance: Array) -> Array:
    """Cook's distance of each study on the mean of its row: that of a regression on an intercept alone, which is 0."""
    k = imbalance.shape[1]
    variance = np.sum(imbalance**2, 1, keepdims=True) / (k - 1)
    distance = imbalance**2 * k / (k - 1) ** 2
    return np.divide(distance, variance, out=np.zeros_like(distance), where=variance > 0)


def _group(
    plane: Array, method: ClusterMethod, clusters: int | None, radius: float, points: int, seed: int
) -> NDArray[np.intp]:
    try:
        from sklearn.cluster import DBSCAN, KMeans
        from sklearn.mixture import GaussianMixture
    except ImportError:
        raise ImportError("gosh_clusters needs scikit-learn: install the extra `diagnostics` of the toolkit.") from None
    match method:
        case ClusterMethod.K_MEANS:
            found = KMeans(clusters or 3, n_init=50, random_state=seed)
        case ClusterMethod.DBSCAN:
            found = DBSCAN(eps=radius, min_samples=points)
        case ClusterMethod.MIXTURE:
            found = GaussianMixture(
                clusters or 2, covariance_type="tied", tol=1e-6, max_iter=1000, n_init=10, random_state=seed
            )
    return found.fit_predict(plane).astype(np.intp)
