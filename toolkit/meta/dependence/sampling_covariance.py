"""The sampling errors of dependent effects: variances, a whole covariance matrix, or one that a correlation makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.clusters import Clusters
from toolkit.meta.dependence.known_covariance import WorkingCovariance
from toolkit.meta.settings import check_correlation
from toolkit.meta.studies import Studies, check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SamplingCovariance:
    """Effects with the covariance of their sampling errors: rows (b, s) and matrices (b, s, s) of blocks of each size.

    ``clusters`` tell which effects those blocks hold together; empty for independent errors.
    """

    studies: Studies
    blocks: tuple[tuple[Integers, Array], ...]
    clusters: tuple[Clusters, ...]

    @property
    def k(self) -> int:
        """Number of effects."""
        return len(self.studies.y)

    def take(self, rows: Integers) -> SamplingCovariance:
        """The effects in these rows alone."""
        studies = self.studies.take(rows)
        if not self.clusters:
            return independent(studies)
        clusters = self.clusters[0].take(rows)
        place = np.full(self.k, -1)
        place[rows] = np.arange(len(rows))
        found = []
        for own, matrices in self.blocks:
            for block, matrix in zip(own, matrices, strict=True):
                inside = np.flatnonzero(place[block] >= 0)
                if len(inside):
                    found.append((place[block[inside]][None], matrix[np.ix_(inside, inside)][None]))
        whole = clusters.matrices(found)
        return SamplingCovariance(studies, _blocks(clusters, whole), (clusters,))


def independent(studies: Studies) -> SamplingCovariance:
    """Errors that do not depend on each other."""
    return SamplingCovariance(studies, ((np.arange(len(studies.y))[:, None], studies.v[:, None, None]),), ())


def check_sampling_covariance(
    y: ArrayLike, v: ArrayLike | WorkingCovariance, labels: Sequence[object] | None
) -> SamplingCovariance:
    """Effects with their variances (k,), or with their covariance: a matrix (k, k) or a working covariance.

    Raises ModelInputError as :func:`check_studies` does, and for a matrix that is not symmetric or positive definite.
    """
    if isinstance(v, WorkingCovariance):
        studies = check_studies(y, v.variances, labels)
        return _positive(SamplingCovariance(studies, _blocks(v.clusters, v.blocks), (v.clusters,)))
    given = np.asarray(v)
    if given.ndim != 2:
        return independent(check_studies(y, v, labels))
    try:
        matrix = np.array(given, dtype=float)
    except (TypeError, ValueError):
        raise ModelInputError("The matrix v must hold numbers: the covariances of the sampling errors.") from None
    if matrix.shape[0] != matrix.shape[1]:
        raise ModelInputError(f"v must be of shape (k,) or (k, k); its shape is {matrix.shape}.")
    studies = check_studies(y, np.diagonal(matrix), labels)
    if not np.isfinite(matrix).all():
        row = int(np.argwhere(~np.isfinite(matrix))[0, 0])
        raise ModelInputError(f"The covariance matrix v has a missing or infinite value in row {row}: complete it.")
    if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=0):
        row, column = np.argwhere(~np.isclose(matrix, matrix.T, rtol=1e-8, atol=0))[0].tolist()
        raise ModelInputError(f"The covariance matrix v is not symmetric: compare row {row} with column {column}.")
    from toolkit.meta.dependence.random_levels import connected_blocks

    clusters = connected_blocks(len(matrix), (), matrix)
    blocks = tuple((rows, matrix[rows[:, :, None], rows[:, None, :]]) for _, rows in clusters.members)
    return _positive(SamplingCovariance(studies, blocks, (clusters,)))


def correlated_within(sampling: SamplingCovariance, level: Clusters, rho: float) -> SamplingCovariance:
    """Errors that correlate by ``rho`` within the units of a level, and are independent between them.

    Raises ModelInputError for a covariance that is given already, and for a rho that no such errors can have.
    """
    if sampling.clusters:
        raise ModelInputError("v is a covariance matrix already: give it, or variances with rho, not both.")
    if abs(check_correlation(rho)) == 1:
        raise ModelInputError(f"rho must lie between -1 and 1, which two different errors do not reach; got {rho!r}.")
    blocks = []
    for _, rows in level.members:
        spread = np.sqrt(sampling.studies.v[rows])
        matrices = rho * spread[:, :, None] * spread[:, None, :]
        matrices[:, range(rows.shape[1]), range(rows.shape[1])] = sampling.studies.v[rows]
        blocks.append((rows, matrices))
    return _positive(SamplingCovariance(sampling.studies, tuple(blocks), (level,)))


def _blocks(clusters: Clusters, matrices: Sequence[Array]) -> tuple[tuple[Integers, Array], ...]:
    return tuple((rows, block) for (_, rows), block in zip(clusters.members, matrices, strict=True))


def _positive(sampling: SamplingCovariance) -> SamplingCovariance:
    """The covariance itself. Raises ModelInputError where it is not positive definite, with its rows."""
    for rows, matrices in sampling.blocks:
        spread = np.sqrt(np.einsum("bss->bs", matrices))
        least = np.linalg.eigvalsh(matrices / (spread[:, :, None] * spread[:, None, :]))[:, 0]
        wrong = np.flatnonzero(least <= 1e-14)
        if len(wrong):
            shown = ", ".join(map(str, rows[wrong[0]][:5].tolist()))
            raise ModelInputError(
                f"The covariance of the sampling errors in rows {shown} is not positive definite: these correlations "
                "cannot be true together. Lower them (rho), or see working_covariance."
            )
    return sampling
