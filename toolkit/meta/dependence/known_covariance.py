"""Covariances of sampling errors that are known but for their correlations: a block for each cluster of effects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.clusters import Clusters
from toolkit.meta.display import Shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_EPS = float(np.finfo(float).eps)


class NotPositiveDefinite(StrEnum):
    """What is done where correlations contradict each other, so that their matrix is not positive definite.

    ``error`` raises with the clusters; ``nearest`` takes the nearest correlation matrix (Higham 2002, IMA J Numer Anal
    22:329, as R's ``Matrix::nearPD``); ``keep`` leaves them as they are.
    """

    ERROR = "error"
    NEAREST = "nearest"
    KEEP = "keep"


@dataclass(frozen=True, eq=False, repr=False)
class WorkingCovariance(Shown):
    """The covariance matrix (k, k) of sampling errors, zero between clusters.

    ``blocks`` holds the matrices (m, n, n) of the clusters of each size, in the order of ``clusters.members``. Models
    take it in place of ``v``; ``numpy.asarray`` makes the whole matrix of it. ``changed`` names the clusters whose
    correlations were replaced by the nearest that are possible.
    """

    clusters: Clusters
    blocks: tuple[Array, ...]
    changed: tuple[str, ...] = ()

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Array:
        k = len(self.clusters.codes)
        whole = np.zeros((k, k), dtype=dtype)
        for (_, rows), block in zip(self.clusters.members, self.blocks, strict=True):
            whole[rows[:, :, None], rows[:, None, :]] = block
        return whole

    @property
    def variances(self) -> Array:
        """Sampling variances, shape (k,)."""
        found = np.empty(len(self.clusters.codes))
        for (_, rows), block in zip(self.clusters.members, self.blocks, strict=True):
            found[rows] = np.einsum("mnn->mn", block)
        return found

    def _title(self) -> str:
        return f"Working covariance of {len(self.clusters.codes):,} effects in {len(self.clusters):,} clusters"

    def _lines(self) -> list[tuple[str, str]]:
        sizes = self.clusters.sizes
        lines = [("Effects a cluster", f"{sizes.min()} to {sizes.max()}")]
        if self.changed:
            lines.append(("Note", f"Nearest possible correlations in {', '.join(self.changed[:5])}."))
        return lines


def covariance_of(
    clusters: Clusters, correlations: tuple[Array, ...], v: Array, treatment: NotPositiveDefinite
) -> WorkingCovariance:
    """The covariances with these correlations (m, n, n) in the clusters of each size and variances ``v`` (k,)."""
    blocks, wrong = [], []
    for (numbers, rows), matrices in zip(clusters.members, correlations, strict=True):
        impossible = np.linalg.eigvalsh(matrices)[:, 0] <= _EPS
        if impossible.any() and treatment == NotPositiveDefinite.NEAREST:
            matrices = matrices.copy()
            for at in np.flatnonzero(impossible):
                matrices[at] = nearest_correlation(matrices[at])
        wrong.extend(clusters.names[number] for number in numbers[impossible])
        spread = np.sqrt(v[rows])
        blocks.append(spread[:, :, None] * matrices * spread[:, None, :])
    if wrong and treatment == NotPositiveDefinite.ERROR:
        shown = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        raise ModelInputError(
            f"The correlations in cluster {shown} cannot be true together: their matrix is not positive definite. "
            "Two effects with a correlation of 1 are one effect (give obs or types that tell them apart); lower "
            "correlations that contradict each other, or use not_positive_definite='nearest'."
        )
    changed = tuple(wrong) if treatment == NotPositiveDefinite.NEAREST else ()
    return WorkingCovariance(clusters, tuple(blocks), changed)


def nearest_correlation(matrix: Array) -> Array:
    """The nearest positive definite correlation matrix by alternating projections with Dykstra's correction.

    With the settings of R's ``Matrix::nearPD(corr = TRUE)``: 100 steps at most, relative change 1e-7, eigenvalues below
    1e-6 of the largest left out, and those of the result raised to 1e-8 of it.
    """
    found, correction = matrix, np.zeros_like(matrix)
    for _ in range(100):
        before = found
        target = before - correction
        values, vectors = np.linalg.eigh(target)
        kept = values > 1e-6 * values[-1]
        found = (vectors[:, kept] * values[kept]) @ vectors[:, kept].T
        correction = found - target
        np.fill_diagonal(found, 1.0)
        if np.abs(before - found).sum(1).max() <= 1e-7 * np.abs(before).sum(1).max():
            break
    values, vectors = np.linalg.eigh(found)
    least = 1e-8 * abs(values[-1])
    if values[0] < least:
        found = (vectors * np.maximum(values, least)) @ vectors.T
        scale = 1.0 / np.sqrt(np.diagonal(found))
        found = scale[:, None] * found * scale
        np.fill_diagonal(found, 1.0)
    return found
