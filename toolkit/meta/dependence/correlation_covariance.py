"""The covariance of the correlations that one sample gives, as effects of a multivariate model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.clusters import check_clusters
from toolkit.meta.dependence.known_covariance import WorkingCovariance
from toolkit.meta.display import Shown
from toolkit.meta.settings import check_choice, check_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


class SampleSize(StrEnum):
    """The sample size of a study whose correlations have different ones: the least, the mean, or the harmonic mean."""

    MIN = "min"
    MEAN = "mean"
    HARMONIC = "harmonic"


@dataclass(frozen=True, eq=False, repr=False)
class CorrelatedCorrelations(Shown):
    """Correlations ``y`` (k,), as they are or as Fisher's z, with the covariance of their sampling errors.

    ``pairs`` names the two variables of each, in alphabetical order.
    """

    y: Array
    covariance: WorkingCovariance
    pairs: tuple[tuple[str, str], ...]
    to_z: bool

    def to_frame(self) -> pd.DataFrame:
        """A row a correlation: study, variable_1, variable_2, y, v."""
        import pandas as pd

        clusters = self.covariance.clusters
        columns = {
            "study": [clusters.names[code] for code in clusters.codes],
            "variable_1": [pair[0] for pair in self.pairs],
            "variable_2": [pair[1] for pair in self.pairs],
            "y": self.y,
            "v": self.covariance.variances,
        }
        return pd.DataFrame(columns)

    def _title(self) -> str:
        return f"{len(self.y):,} {'Fisher z values' if self.to_z else 'correlations'} with their covariance"

    def _lines(self) -> list[tuple[str, str]]:
        return [("Studies", f"{len(self.covariance.clusters):,}")]


def correlation_covariance(
    r: ArrayLike,
    variable_1: Sequence[object],
    variable_2: Sequence[object],
    n: ArrayLike,
    *,
    study: Sequence[object] | pd.Series | ArrayLike | None = None,
    to_z: bool = False,
    sample: str = "min",
) -> CorrelatedCorrelations:
    """The large-sample covariance of correlations ``r`` (k,) of the same people, as metafor's ``rcalc``.

    Row i correlates ``variable_1`` with ``variable_2`` in a sample of ``n`` people of a ``study`` (one study for all by
    default), which must give the correlation of every pair of its variables. The covariances are those of Olkin and
    Finn (1990, Psychol Bull 108:330), over n - 1, or with ``to_z`` of Fisher's z values, over n - 3. ``sample`` says
    which n a study has whose rows differ in it: min, mean or harmonic.

    Raises ModelInputError for a pair that is missing, given twice, or of a variable with itself, for a correlation
    outside -1 to 1, and for fewer than 5 people.
    """
    chosen = check_choice(SampleSize, sample, "sample")
    values, sizes = check_numbers(r, "r"), check_numbers(n, "n")
    k, counted = len(np.atleast_1d(values)), (len(variable_1), len(variable_2))
    if values.ndim != 1 or counted != (k, k) or sizes.shape not in ((), (k,)):
        raise ModelInputError(
            f"r, variable_1 and variable_2 must have the same length, and n as well or be one number; they have {k}, "
            f"{counted[0]} and {counted[1]}, and the shape of n is {sizes.shape}."
        )
    sizes = np.broadcast_to(sizes, values.shape)
    if not (np.abs(values) <= 1).all():
        raise ModelInputError("r must hold correlations between -1 and 1; complete those that are missing.")
    if not (sizes >= 5).all():
        raise ModelInputError("n must be 5 or more people in every row.")
    clusters = check_clusters(np.zeros(len(values), int) if study is None else study, len(values))
    pairs = [tuple(sorted(map(str, pair))) for pair in zip(variable_1, variable_2, strict=True)]
    blocks = []
    for numbers, rows in clusters.members:
        found = []
        for number, own in zip(numbers, rows, strict=True):
            matrix, places = _matrix(values[own], [pairs[row] for row in own], clusters.names[number])
            covariance = _olkin_finn(matrix, places, to_z) / (_size(sizes[own], chosen) - (3.0 if to_z else 1.0))
            found.append(covariance)
        blocks.append(np.array(found))
    y = np.arctanh(values) if to_z else values.copy()
    return CorrelatedCorrelations(y, WorkingCovariance(clusters, tuple(blocks)), tuple(pairs), to_z)


def correlation_covariance_of_matrices(
    matrices: Sequence[ArrayLike | pd.DataFrame], n: ArrayLike, *, to_z: bool = False
) -> CorrelatedCorrelations:
    """The same from a correlation matrix and a sample size ``n`` for each study.

    The variables are the columns of a DataFrame, or x1, x2, ... Each matrix gives the correlations above its diagonal,
    column by column. Raises as :func:`correlation_covariance` does, and for a matrix that is not square.
    """
    rows = []
    sizes = np.atleast_1d(check_numbers(n, "n"))
    if len(matrices) != len(sizes) or not len(sizes):
        raise ModelInputError(f"There are {len(matrices)} matrices and {len(sizes)} sample sizes: give one of each.")
    for number, (matrix, size) in enumerate(zip(matrices, sizes.tolist(), strict=True), 1):
        values = check_numbers(matrix, f"The correlation matrix of study {number}")
        if values.ndim != 2 or values.shape[0] != values.shape[1]:
            raise ModelInputError(f"The correlation matrix of study {number} is not square: {values.shape}.")
        names = list(getattr(matrix, "columns", [f"x{at}" for at in range(1, len(values) + 1)]))
        rows += [(values[i, j], names[i], names[j], size, number) for j in range(len(values)) for i in range(j)]
    r, first, second, sizes, study = zip(*rows, strict=True)
    return correlation_covariance(r, first, second, sizes, study=study, to_z=to_z)


def _matrix(r: Array, pairs: list[tuple[str, str]], study: str) -> tuple[Array, Array]:
    """The correlation matrix of one study, and the two variables of each row (m, 2)."""
    names = sorted({name for pair in pairs for name in pair})
    given = set(pairs)
    for wrong, fault in (
        ([pair for pair in pairs if pair[0] == pair[1]], "correlates a variable with itself"),
        ([pair for pair in given if pairs.count(pair) > 1], "gives a pair twice"),
        ([pair for pair in combinations(names, 2) if pair not in given], "lacks a pair"),
    ):
        if wrong:
            raise ModelInputError(f"Study {study} {fault}: {', '.join(sorted(wrong)[0])}.")
    places = np.array([[names.index(name) for name in pair] for pair in pairs])
    matrix = np.eye(len(names))
    matrix[places[:, 0], places[:, 1]] = matrix[places[:, 1], places[:, 0]] = r
    return matrix, places


def _olkin_finn(matrix: Array, places: Array, to_z: bool) -> Array:
    """Covariances, times the number of people, of the correlations of ``places`` (m, 2), or of their Fisher z."""
    (i, j), (s, t) = places.T[:, :, None], places.T[:, None, :]
    r = matrix
    found = 0.5 * r[i, j] * r[s, t] * (r[i, s] ** 2 + r[i, t] ** 2 + r[j, s] ** 2 + r[j, t] ** 2)
    found += r[i, s] * r[j, t] + r[i, t] * r[j, s]
    found -= r[i, j] * r[i, s] * r[i, t] + r[i, j] * r[j, s] * r[j, t]
    found -= r[i, s] * r[j, s] * r[s, t] + r[i, t] * r[j, t] * r[s, t]
    return found / ((1.0 - r[i, j] ** 2) * (1.0 - r[s, t] ** 2)) if to_z else found


def _size(sizes: Array, chosen: SampleSize) -> float:
    if chosen == SampleSize.MIN:
        return float(sizes.min())
    return float(sizes.mean() if chosen == SampleSize.MEAN else 1.0 / np.mean(1.0 / sizes))
