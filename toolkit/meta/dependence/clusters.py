"""Clusters of effects: which rows belong together, with clusters of one size held as one array."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.display import studies
from toolkit.meta.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Clusters(Frozen):
    """The cluster of each of k effects: ``codes`` (k,) count ``names`` in the order of their first rows."""

    names: tuple[str, ...]
    codes: Integers

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def sizes(self) -> Integers:
        """Number of effects of each cluster, (J,)."""
        return np.bincount(self.codes, minlength=len(self.names))

    @cached_property
    def members(self) -> tuple[tuple[Integers, Integers], ...]:
        """For each size n that occurs: the numbers of the m clusters of that size (m,), and their rows (m, n)."""
        order = np.argsort(self.codes, kind="stable")
        starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        found = []
        for size in np.unique(self.sizes).tolist():
            of_size = np.flatnonzero(self.sizes == size)
            found.append((of_size, order[starts[of_size][:, None] + np.arange(size)]))
        return tuple(found)

    def take(self, rows: Integers) -> Clusters:
        """The clusters of these rows alone, those that have none left out."""
        codes, kept = np.unique(self.codes[rows], return_inverse=True)
        return Clusters(tuple(self.names[code] for code in codes), kept.astype(np.int64))

    def matrices(self, blocks: Iterable[tuple[Integers, Array]]) -> list[Array]:
        """A block-diagonal matrix cut into the clusters: (m, n, n) for each of ``members``.

        ``blocks`` are rows (b, s) with matrices (b, s, s), each within one cluster. Raises ModelInputError for a block
        that reaches over two clusters, with their names.
        """
        size_of = np.searchsorted(np.unique(self.sizes), self.sizes)
        slot, place = np.empty(len(self), np.int64), np.empty(len(self.codes), np.int64)
        for numbers, rows in self.members:
            slot[numbers] = np.arange(len(numbers))
            place[rows] = np.arange(rows.shape[1])
        found = [np.zeros((len(rows), rows.shape[1], rows.shape[1])) for _, rows in self.members]
        for rows, matrices in blocks:
            self._refuse_crossing(rows)
            cluster = self.codes[rows]
            for at, whole in enumerate(found):
                chosen = size_of[cluster[:, 0]] == at
                inside = place[rows[chosen]]
                owner = slot[cluster[chosen, 0]][:, None, None]
                whole[owner, inside[:, :, None], inside[:, None, :]] = matrices[chosen]
        return found

    def crossing(self, rows: Integers) -> tuple[int, int] | None:
        """The first two rows of one of these blocks (b, s) that are in different clusters; None where all agree."""
        cluster = self.codes[rows]
        apart = np.argwhere(cluster != cluster[:, :1])
        return (int(rows[apart[0, 0], 0]), int(rows[tuple(apart[0])])) if len(apart) else None

    def name_of(self, row: int) -> str:
        """The cluster of this row."""
        return self.names[self.codes[row]]

    def _refuse_crossing(self, rows: Integers) -> None:
        crossed = self.crossing(rows)
        if crossed is not None:
            one, other = crossed
            raise ModelInputError(
                f"The model has effects of different clusters as dependent: those in rows {one} and {other} (clusters "
                f"{self.name_of(one)} and {self.name_of(other)}). Give the clusters of the outermost level, which no "
                "random effect or covariance crosses."
            )


def check_clusters(cluster: Sequence[object] | pd.Series | ArrayLike, k: int, name: str = "") -> Clusters:
    """The cluster of each of k effects, from a column that messages call by ``name``.

    Raises ModelInputError for a missing or blank one, with its rows, for a wrong number, for more than one column, and
    for two labels that read the same (1 and "1").
    """
    import pandas as pd

    of = f"{name}: " if name else ""
    wrong = "There must be one column with the name of a cluster for each effect"
    if getattr(cluster, "ndim", 1) != 1 or isinstance(cluster, str) or not np.iterable(cluster):
        raise ModelInputError(f"{of}{wrong}; got {cluster!r}.")
    try:
        column = pd.Series(cluster).reset_index(drop=True)
        codes, found = pd.factorize(column)
    except (TypeError, ValueError):
        raise ModelInputError(f"{of}{wrong}; got {cluster!r}.") from None
    if len(column) != k:
        raise ModelInputError(f"{of}There are {studies(k)} and {len(column)} clusters: name the cluster of each row.")
    blank = [code for code, label in enumerate(found) if isinstance(label, str) and not label.strip()]
    rows = np.flatnonzero((codes < 0) | np.isin(codes, blank)).tolist()
    if rows:
        shown = ", ".join(map(str, rows[:5])) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
        raise ModelInputError(f"{of}The cluster is missing in row {shown}: name it, or leave these rows out.")
    names = tuple(str(name) for name in found)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        kinds = {type(one).__name__ for one, name in zip(found, names, strict=True) if name == twice}
        raise ModelInputError(
            f"{of}The cluster {twice} is given in two ways ({' and '.join(sorted(kinds))}), which would make two "
            "clusters of it: write it in one."
        )
    return Clusters(names, codes.astype(np.int64))
