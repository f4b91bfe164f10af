"""Random effects of levels, nested or crossed: their names, and how they make effects dependent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.clusters import Clusters, check_clusters
from toolkit.meta.frozen import Frozen

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Groups = pd.DataFrame | pd.Series | Mapping[str, ArrayLike] | Sequence[ArrayLike] | ArrayLike


@dataclass(frozen=True, eq=False)
class RandomLevels(Frozen):
    """The levels of random effects of k effects, a variance each: a structure of :mod:`covariance_model`.

    ``names`` and ``levels`` belong together, from the outermost on; ``blocks`` are the rows (b, s) of each group.
    """

    names: tuple[str, ...]
    levels: tuple[Clusters, ...]
    blocks: tuple[Integers, ...]
    shared: tuple[Array, ...]

    @property
    def is_linear(self) -> bool:
        """The marginal covariance is a sum of the components."""
        return True

    @property
    def low(self) -> Array:
        """Variances are 0 or more."""
        return np.zeros(len(self.names))

    @property
    def high(self) -> Array:
        """They have no upper bound."""
        return np.full(len(self.names), np.inf)

    def covariances(self, theta: Array) -> list[Array]:
        """The sum of the components over the pairs of effects that share them."""
        return [np.einsum("q,qbst->bst", theta, shared) for shared in self.shared]

    def slopes(self, theta: Array) -> list[Array]:
        """1 for each pair of effects that share a component."""
        return list(self.shared)

    def bends(self, theta: Array, pulls: list[Array]) -> Array:
        """None: the covariance is linear."""
        return np.zeros((len(theta), len(theta)))


def random_levels(names: tuple[str, ...], levels: tuple[Clusters, ...], blocks: Sequence[Integers]) -> RandomLevels:
    """The levels, with the pairs of effects that share them marked in each block."""
    shared = []
    for rows in blocks:
        codes = np.array([level.codes for level in levels])[:, rows]
        shared.append((codes[..., :, None] == codes[..., None, :]).astype(float))
    return RandomLevels(names, levels, tuple(blocks), tuple(shared))


def named_columns(groups: Groups, k: int) -> dict[str, object]:
    """The columns of ``groups`` by name: of a frame, a mapping, a list of columns, or one column (k,)."""
    if hasattr(groups, "columns"):
        return {str(name): groups[name] for name in groups.columns}
    if isinstance(groups, Mapping):
        return {str(name): column for name, column in groups.items()}
    if hasattr(groups, "to_frame"):
        return {str(groups.name or "level 1"): groups}
    array = np.asarray(groups, dtype=object)
    if array.ndim == 1:
        return {"level 1": array}
    if array.ndim != 2 or k not in array.shape:
        raise ModelInputError(
            f"groups must name the level of each of the {k} effects, a column a level from the outermost on; its shape "
            f"is {array.shape}."
        )
    columns = array.T if array.shape[0] == k else array
    return {f"level {number}": column for number, column in enumerate(columns, 1)}


def nested_levels(columns: Mapping[str, object], k: int) -> tuple[tuple[str, ...], tuple[Clusters, ...]]:
    """Levels within levels: units of a level are told apart by those above them as well ("study/effect")."""
    found: list[Clusters] = []
    names: list[str] = []
    for name, column in columns.items():
        own = check_clusters(column, k, name)
        if found:
            pairs = found[-1].codes * len(own) + own.codes
            _, first, codes = np.unique(pairs, return_index=True, return_inverse=True)
            above = found[-1]
            labels = tuple(f"{above.names[above.codes[row]]}/{own.names[own.codes[row]]}" for row in first)
            own = Clusters(labels, codes.astype(np.int64))
            name = f"{names[-1]}/{name}"
        found.append(own)
        names.append(name)
    return tuple(names), tuple(found)


def crossed_levels(columns: Mapping[str, object], k: int) -> tuple[tuple[str, ...], tuple[Clusters, ...]]:
    """Levels that each stand for themselves."""
    return tuple(columns), tuple(check_clusters(column, k, name) for name, column in columns.items())


def connected_blocks(k: int, levels: Sequence[Clusters], covariance: Array | None = None) -> Clusters:
    """The smallest clusters of effects that no level and no sampling ``covariance`` (k, k) reaches over."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = [np.zeros((2, 0), np.int64)]
    for level in levels:
        first = np.full(len(level), k)
        np.minimum.at(first, level.codes, np.arange(k))
        ends.append(np.stack([np.arange(k), first[level.codes]]))
    if covariance is not None:
        ends.append(np.array(np.nonzero(covariance)))
    pairs = np.concatenate(ends, axis=1)
    graph = coo_array((np.ones(pairs.shape[1], np.int8), (pairs[0], pairs[1])), shape=(k, k))
    count, codes = connected_components(graph, directed=False)
    return Clusters(tuple(map(str, range(1, count + 1))), codes.astype(np.int64))
