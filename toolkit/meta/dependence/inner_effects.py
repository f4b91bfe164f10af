"""Random effects of an inner factor's levels in each unit of an outer one: a structure of :mod:`covariance_model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.dependence.clusters import Clusters, check_clusters
from toolkit.meta.dependence.inner_structures import (
    UNCORRELATED,
    InnerCovariance,
    InnerStructure,
    LinearCovariance,
    inner_covariance,
    parameters,
    second_derivatives,
)
from toolkit.meta.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class InnerEffects(Frozen):
    """Effects of one outer unit have the covariance of their inner levels; those of different units have none.

    ``shape`` is the covariance (m, m) of the m ``inner`` levels as a function of its q parameters; ``codes`` hold the
    inner level (b, s), and ``same`` whether two effects share their outer unit (b, s, s), for each group of blocks.
    """

    kind: InnerStructure
    shape: InnerCovariance
    inner: Clusters
    outer: Clusters
    codes: tuple[Integers, ...]
    same: tuple[Array, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The variances and correlations, each once."""
        m = len(self.inner)
        return tuple(parameters(self.kind, np.eye(m), self.inner.names))

    @property
    def low(self) -> Array:
        """The lower bounds."""
        return self.shape.low

    @property
    def high(self) -> Array:
        """The upper bounds."""
        return self.shape.high

    @property
    def is_linear(self) -> bool:
        """Whether the covariance is a weighted sum."""
        return self.shape.is_linear

    def covariances(self, theta: Array) -> list[Array]:
        """The covariances of the random effects, (b, s, s) for each group of blocks."""
        matrix = self.shape.covariance(theta)
        pairs = zip(self.codes, self.same, strict=True)
        return [same * matrix[codes[:, :, None], codes[:, None, :]] for codes, same in pairs]

    def slopes(self, theta: Array) -> list[Array]:
        """Their derivatives, (q, b, s, s) for each group."""
        matrices = self.shape.slopes(theta)
        pairs = zip(self.codes, self.same, strict=True)
        return [same * matrices[:, codes[:, :, None], codes[:, None, :]] for codes, same in pairs]

    def bends(self, theta: Array, pulls: list[Array]) -> Array:
        """Second derivatives (q, q) of the sum of ``pulls`` (b, s, s) times the covariances."""
        pulled = np.zeros((len(self.inner), len(self.inner)))
        for codes, same, pull in zip(self.codes, self.same, pulls, strict=True):
            np.add.at(pulled, (codes[:, :, None], codes[:, None, :]), same * pull)
        return np.einsum("st,qrst->qr", pulled, second_derivatives(self.shape, theta))

    def reordered(self, order: Sequence[int], shape: InnerCovariance) -> InnerEffects:
        """The same with the inner levels in another order and another parametrisation ``shape`` of their covariance."""
        inner = Clusters(tuple(self.inner.names[at] for at in order), np.argsort(order)[self.inner.codes])
        codes = tuple(np.argsort(order)[codes] for codes in self.codes)
        return InnerEffects(self.kind, shape, inner, self.outer, codes, self.same)

    def by_element(self) -> InnerEffects:
        """The same with each variance and covariance as a parameter of its own, in which it is linear."""
        m = len(self.inner)
        first, second = np.triu_indices(m)
        parts = np.zeros((len(first), m, m))
        parts[range(len(first)), first, second] = parts[range(len(first)), second, first] = 1.0
        return InnerEffects(self.kind, LinearCovariance(parts), self.inner, self.outer, self.codes, self.same)


def inner_effects(kind: InnerStructure, inner: Clusters, outer: Clusters, blocks: Sequence[Integers]) -> InnerEffects:
    """The random effects of ``inner`` levels within ``outer`` units, for blocks with these rows.

    Where no unit has two levels the data tell of no correlation, and the covariance is that without any.
    """
    codes = tuple(inner.codes[rows] for rows in blocks)
    units = [outer.codes[rows] for rows in blocks]
    same = tuple((unit[:, :, None] == unit[:, None, :]).astype(float) for unit in units)
    shape = inner_covariance(kind if meetings(inner, outer).any() else UNCORRELATED[kind], len(inner))
    return InnerEffects(kind, shape, inner, outer, codes, same)


def meetings(inner: Clusters, outer: Clusters) -> NDArray[np.bool_]:
    """Whether two inner levels are in any one unit together, (m, m), above the diagonal."""
    present = np.zeros((len(outer), len(inner)))
    present[outer.codes, inner.codes] = 1.0
    return np.triu(present.T @ present > 0, 1)


def check_inner(inner: Sequence[object] | pd.Series | ArrayLike, k: int) -> Clusters:
    """The inner level of each of k effects, in the order of a categorical's categories, sorted otherwise.

    Raises ModelInputError as :func:`check_clusters`.
    """
    import pandas as pd

    check_clusters(inner, k, "inner")
    column = pd.Series(inner).reset_index(drop=True).astype("category").cat.remove_unused_categories()
    return Clusters(tuple(map(str, column.cat.categories)), column.cat.codes.to_numpy(np.int64))
